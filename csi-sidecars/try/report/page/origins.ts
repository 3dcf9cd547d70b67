/** What became of what in the driver: volumes, the snapshots of them, and the volumes made from those. */
import type { AnyCall } from '../../journal/call.ts';
import { okOf } from '../../journal/call.ts';

interface Made {
  readonly id: string;
  readonly what: 'volume' | 'snapshot';
  readonly name: string;
  readonly from: string;
  deleted: boolean;
}

/** A line a volume or snapshot, each below what it came from. What comes from itself, as only a driver can say, is left out. */
export function drawOrigins(calls: readonly AnyCall[]): string[] {
  const made = new Map<string, Made>();
  for (const call of calls) {
    if (call.rpc === 'CreateVolume') {
      const source = call.request.volumeContentSource?.type;
      const from = source === undefined ? '' : source.$case === 'snapshot' ? source.value.snapshotId : source.value.volumeId;
      keep(made, { id: okOf(call)?.volume?.volumeId ?? '', what: 'volume', name: call.request.name, from, deleted: false });
    }
    if (call.rpc === 'CreateSnapshot') {
      const { name, sourceVolumeId } = call.request;
      keep(made, { id: okOf(call)?.snapshot?.snapshotId ?? '', what: 'snapshot', name, from: sourceVolumeId, deleted: false });
    }
    if (call.rpc === 'DeleteVolume' || call.rpc === 'DeleteSnapshot') {
      const thing = made.get('volumeId' in call.request ? call.request.volumeId : call.request.snapshotId);
      if (thing !== undefined && call.answer.kind === 'ok') thing.deleted = true;
    }
  }
  const draw = (from: string, depth: number): string[] =>
    [...made.values()]
      .filter((thing) => (from === '' ? !made.has(thing.from) : thing.from === from))
      .flatMap((thing) => [
        `${depth === 0 ? '' : `${'   '.repeat(depth - 1)}└─ `}${thing.what} ${thing.id}  ${thing.name}${thing.deleted ? ', deleted' : ''}`,
        ...draw(thing.id, depth + 1),
      ]);
  return draw('', 0);
}

function keep(made: Map<string, Made>, thing: Made): void {
  if (thing.id !== '' && !made.has(thing.id)) made.set(thing.id, thing);
}
