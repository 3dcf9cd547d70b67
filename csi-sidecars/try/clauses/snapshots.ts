/** Snapshots: making, deleting, and what they say. */
import { GrpcCode } from '../../../lib/csi/grpc-code.ts';
import type { AnyCall } from '../journal/call.ts';
import { callsOf, codeOf, okOf } from '../journal/call.ts';
import { isNowhere } from '../nowhere.ts';
import type { Clause } from './clause.ts';
import { judgeCode, judgeEach } from './clause.ts';
import { idOfSnapshot, repeatedSnapshots } from './lives.ts';

export const SNAPSHOT_CLAUSES: readonly Clause[] = [
  {
    id: 'snapshot-is-described',
    section: 'CreateSnapshot, Snapshot',
    sentence: 'A snapshot that was cut is answered with its id, the volume it is of, and the time of the cut.',
    judge: (calls) =>
      judgeEach(
        callsOf(calls, 'CreateSnapshot').filter((call) => okOf(call) !== undefined),
        (call) => {
          const snapshot = okOf(call)?.snapshot;
          if (snapshot === undefined || snapshot.snapshotId === '') return 'CreateSnapshot succeeded and named no snapshot';
          if (snapshot.sourceVolumeId !== call.request.sourceVolumeId)
            return `asked for of ${call.request.sourceVolumeId}, answered of ${snapshot.sourceVolumeId || 'nothing'}`;
          return snapshot.creationTime === undefined ? `${snapshot.snapshotId} has no creation_time` : undefined;
        },
      ),
  },
  {
    id: 'create-snapshot-again-is-the-same',
    section: 'CreateSnapshot',
    sentence: 'CreateSnapshot is idempotent: the same name and volume give the same snapshot.',
    judge: (calls) => {
      const same = repeatedSnapshots(calls).filter(({ call, first }) => call.request.sourceVolumeId === first.request.sourceVolumeId);
      const breaches = same.flatMap(({ call, first }) => {
        const at = [first.number, call.number];
        if (codeOf(call) === GrpcCode.ALREADY_EXISTS)
          return [{ text: `CreateSnapshot of ${call.request.name} again was answered with AlreadyExists`, calls: at }];
        const id = idOfSnapshot(call);
        return id === undefined || id === idOfSnapshot(first)
          ? []
          : [{ text: `CreateSnapshot of ${call.request.name} answered ${idOfSnapshot(first)} first and ${id} then`, calls: at }];
      });
      return { seen: same.length, breaches };
    },
  },
  {
    id: 'create-snapshot-other-source-is-refused',
    section: 'CreateSnapshot Errors',
    sentence: 'A name whose snapshot is of another volume is answered with AlreadyExists.',
    judge: (calls) =>
      judgeCode(
        repeatedSnapshots(calls).flatMap(({ call, first }) => (call.request.sourceVolumeId === first.request.sourceVolumeId ? [] : [call])),
        GrpcCode.ALREADY_EXISTS,
        'of a name in use with another source',
      ),
  },
  {
    id: 'snapshot-of-nothing-is-not-found',
    section: 'CreateSnapshot Errors',
    sentence: 'A snapshot of a volume that does not exist is answered with NotFound.',
    judge: (calls) =>
      judgeCode(
        callsOf(calls, 'CreateSnapshot').filter(({ request }) => isNowhere(request.sourceVolumeId)),
        GrpcCode.NOT_FOUND,
        'of a volume that is not there',
      ),
  },
  {
    id: 'snapshot-becomes-ready',
    section: 'Snapshot, ready_to_use',
    sentence: 'A snapshot becomes ready to use.',
    judge: (calls) => {
      const ready = new Map<string, boolean>();
      const at = new Map<string, number>();
      for (const { id, isReady, number } of sightings(calls)) {
        ready.set(id, isReady || ready.get(id) === true);
        at.set(id, number);
      }
      const never = [...ready].filter(([, isReady]) => !isReady);
      return {
        seen: ready.size,
        breaches: never.map(([id]) => ({ text: `${id} was never seen to be ready`, calls: [at.get(id) ?? 0] })),
      };
    },
  },
  {
    id: 'ready-stays-ready',
    section: 'Snapshot, ready_to_use',
    sentence: 'A snapshot that was ready to use stays so.',
    judge: (calls) => {
      const readyAt = new Map<string, number>();
      const seen = sightings(calls);
      const breaches = seen.flatMap(({ id, isReady, number }) => {
        const before = readyAt.get(id);
        if (isReady) readyAt.set(id, number);
        return before !== undefined && !isReady ? [{ text: `${id} was ready and then was not`, calls: [before, number] }] : [];
      });
      return { seen: seen.length, breaches };
    },
  },
  {
    id: 'delete-snapshot-again-is-fine',
    section: 'DeleteSnapshot',
    sentence: 'DeleteSnapshot is idempotent: a snapshot that is not there is deleted.',
    judge: (calls) => {
      const gone = new Set<string>();
      const again = callsOf(calls, 'DeleteSnapshot').filter((call) => {
        const known = gone.has(call.request.snapshotId) || isNowhere(call.request.snapshotId);
        if (okOf(call) !== undefined) gone.add(call.request.snapshotId);
        return known;
      });
      return judgeCode(again, GrpcCode.OK, 'of a snapshot that is not there');
    },
  },
  {
    id: 'group-is-whole',
    section: 'CreateVolumeGroupSnapshot',
    sentence: 'A group snapshot holds one snapshot of each volume that was named, and no other.',
    judge: (calls) =>
      judgeEach(
        callsOf(calls, 'CreateVolumeGroupSnapshot').filter((call) => okOf(call) !== undefined),
        (call) => {
          const group = okOf(call)?.groupSnapshot;
          const told = (group?.snapshots ?? []).map(({ sourceVolumeId }) => sourceVolumeId).sort();
          const asked = [...call.request.sourceVolumeIds].sort();
          if (group === undefined || group.groupSnapshotId === '') return 'CreateVolumeGroupSnapshot succeeded and named no group';
          return told.join('\n') === asked.join('\n')
            ? undefined
            : `asked for of ${asked.join(', ')}, answered of ${told.join(', ') || 'none'}`;
        },
      ),
  },
];

interface Sighting {
  readonly id: string;
  readonly isReady: boolean;
  readonly number: number;
}

/** Every answer that shows a snapshot that this trial made. */
function sightings(calls: readonly AnyCall[]): Sighting[] {
  const own = new Set<string>();
  return calls.flatMap((call) => {
    if (call.rpc === 'CreateSnapshot') {
      const snapshot = okOf(call)?.snapshot;
      if (snapshot === undefined) return [];
      own.add(snapshot.snapshotId);
      return [{ id: snapshot.snapshotId, isReady: snapshot.readyToUse, number: call.number }];
    }
    if (call.rpc !== 'ListSnapshots') return [];
    return (okOf(call)?.entries ?? []).flatMap(({ snapshot }) =>
      snapshot !== undefined && own.has(snapshot.snapshotId)
        ? [{ id: snapshot.snapshotId, isReady: snapshot.readyToUse, number: call.number }]
        : [],
    );
  });
}
