/** What was made and not deleted since, as far as the driver's own answers tell. */
import type { AnyCall } from '../journal/call.ts';
import { okOf } from '../journal/call.ts';

export interface Leftovers {
  /** Made and not deleted. */
  readonly volumes: Set<string>;
  readonly snapshots: Set<string>;
  /** Made, and their deletion was answered with success. */
  readonly deletedVolumes: ReadonlySet<string>;
  readonly deletedSnapshots: ReadonlySet<string>;
}

export function leftovers(calls: readonly AnyCall[]): Leftovers {
  const volumes = new Set<string>();
  const snapshots = new Set<string>();
  const deletedVolumes = new Set<string>();
  const deletedSnapshots = new Set<string>();
  const made = (there: Set<string>, gone: Set<string>, id: string | undefined): void => {
    if (id === undefined || id === '') return;
    there.add(id);
    gone.delete(id);
  };
  const deleted = (there: Set<string>, gone: Set<string>, id: string): void => {
    if (there.delete(id)) gone.add(id);
  };
  for (const call of [...calls].sort((a, b) => (a.answeredMs ?? 0) - (b.answeredMs ?? 0))) {
    if (call.answer.kind !== 'ok') continue;
    if (call.rpc === 'CreateVolume') made(volumes, deletedVolumes, okOf(call)?.volume?.volumeId);
    if (call.rpc === 'CreateSnapshot') made(snapshots, deletedSnapshots, okOf(call)?.snapshot?.snapshotId);
    if (call.rpc === 'CreateVolumeGroupSnapshot')
      for (const { snapshotId } of okOf(call)?.groupSnapshot?.snapshots ?? []) made(snapshots, deletedSnapshots, snapshotId);
    if (call.rpc === 'DeleteVolume') deleted(volumes, deletedVolumes, call.request.volumeId);
    if (call.rpc === 'DeleteSnapshot') deleted(snapshots, deletedSnapshots, call.request.snapshotId);
    if (call.rpc === 'DeleteVolumeGroupSnapshot')
      for (const snapshotId of call.request.snapshotIds) deleted(snapshots, deletedSnapshots, snapshotId);
  }
  return { volumes, snapshots, deletedVolumes, deletedSnapshots };
}
