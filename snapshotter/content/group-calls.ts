/**
 * CreateVolumeGroupSnapshot, GetVolumeGroupSnapshot and DeleteVolumeGroupSnapshot. What is kept of a group must be one
 * snapshot for each of its volumes; an answer that is not says as little as none, so nothing of it is leaked: it is asked
 * for again, and whatever the driver names is deleted with the content.
 */
import type { CsiClient } from '../../lib/csi/client.ts';
import type { Snapshot, VolumeGroupSnapshot } from '../../proto/gen/csi.ts';
import { CAUSE } from '../failure-note.ts';
import { cutTime, type DriverCalls, handleFault, LONGEST_HANDLE, type Seen } from './driver-calls.ts';
import type { FoundMember } from './found.ts';

type GroupRpcs = Pick<CsiClient, 'createVolumeGroupSnapshot' | 'deleteVolumeGroupSnapshot' | 'getVolumeGroupSnapshot'>;

export function groupCalls(csi: GroupRpcs): DriverCalls {
  return {
    create: async ({ sources, name, parameters }, purpose, { secrets, signal }) => {
      const request = { name, sourceVolumeIds: [...sources], parameters: { ...parameters }, secrets };
      const { groupSnapshot } = await csi.createVolumeGroupSnapshot(request, signal);
      const members = groupSnapshot?.snapshots ?? [];
      const fault =
        handleFault('group snapshot', groupSnapshot?.groupSnapshotId) ??
        (purpose === 'create' ? membersFault(sources, members) : undefined) ??
        sizeFault(members);
      return groupSnapshot === undefined || fault !== undefined ? { unusable: fault ?? '' } : found(groupSnapshot);
    },
    ask: async ({ handle, members }, { secrets, signal }) => {
      const { groupSnapshot } = await csi.getVolumeGroupSnapshot({ groupSnapshotId: handle, snapshotIds: [...members], secrets }, signal);
      const known = groupSnapshot?.groupSnapshotId === handle;
      return groupSnapshot === undefined || !known
        ? { unusable: `the driver knows no group snapshot ${handle}`, cause: CAUSE.missing }
        : found(groupSnapshot);
    },
    delete: async ({ handle, members }, { secrets, signal }) => {
      // The driver may need them to find what to delete: without them the snapshots might stay.
      if (members.length === 0)
        return {
          unusable: 'no snapshots of the group are known: delete it in the storage, then take the finalizer off this content',
          cause: CAUSE.inTheWay,
        };
      await csi.deleteVolumeGroupSnapshot({ groupSnapshotId: handle, snapshotIds: [...members], secrets }, signal);
      return undefined;
    },
  };
}

function membersFault(sources: readonly string[], members: readonly Snapshot[]): string | undefined {
  const fault = memberFault(sources, members);
  return fault === undefined
    ? undefined
    : `the driver answered ${fault}, but must name one snapshot of each volume: it is asked again until it does`;
}

function memberFault(sources: readonly string[], members: readonly Snapshot[]): string | undefined {
  const nameless = members.find(({ snapshotId }) => snapshotId === '');
  if (nameless !== undefined) return `with a snapshot of volume ${nameless.sourceVolumeId} that has no id`;
  const foreign = members.find(({ sourceVolumeId }) => !sources.includes(sourceVolumeId));
  if (foreign !== undefined)
    return `with snapshot ${foreign.snapshotId} of volume ${foreign.sourceVolumeId || '(none)'}, which is none of the group's`;
  const missing = sources.find((source) => members.every(({ sourceVolumeId }) => sourceVolumeId !== source));
  if (missing !== undefined) return `without a snapshot of volume ${missing}`;
  if (members.length > sources.length) return `with ${members.length} snapshots of ${sources.length} volumes`;
  const twice = members.find(({ snapshotId }, at) => members.findIndex((other) => other.snapshotId === snapshotId) !== at);
  return twice === undefined ? undefined : `with snapshot ${twice.snapshotId} of two volumes`;
}

/** All of them are written into one object. */
function sizeFault(members: readonly Snapshot[]): string | undefined {
  const named = members.filter(({ snapshotId }) => snapshotId !== '');
  if (named.length === 0) return 'the driver answered with a group without snapshots';
  const length = named.reduce((sum, { snapshotId, sourceVolumeId }) => sum + Buffer.byteLength(snapshotId + sourceVolumeId), 0);
  return length > LONGEST_HANDLE
    ? `the driver answered with snapshot ids of ${length} characters together, too long for an object`
    : undefined;
}

function found({ groupSnapshotId, snapshots, creationTime, readyToUse }: VolumeGroupSnapshot): Seen {
  const members = snapshots.flatMap(({ snapshotId, sourceVolumeId, sizeBytes, ...snapshot }): readonly FoundMember[] => {
    if (snapshotId === '') return [];
    const { creationTime: cut } = cutTime(snapshot.creationTime);
    return [{ volume: sourceVolumeId, handle: snapshotId, creationTime: cut, sizeBytes, ready: snapshot.readyToUse }];
  });
  return { found: { handle: groupSnapshotId, ...cutTime(creationTime), sizeBytes: 0n, ready: readyToUse, members } };
}
