/** CreateSnapshot, ListSnapshots and DeleteSnapshot. */
import type { CsiClient } from '../../lib/csi/client.ts';
import type { Snapshot } from '../../proto/gen/csi.ts';
import { CAUSE } from '../failure-note.ts';
import { cutTime, type DriverCalls, handleFault, type Seen } from './driver-calls.ts';

export function singleCalls(csi: Pick<CsiClient, 'createSnapshot' | 'deleteSnapshot' | 'listSnapshots'>): DriverCalls {
  return {
    create: async ({ sources: [sourceVolumeId = ''], name, parameters }, _, { secrets, signal }) => {
      const { snapshot } = await csi.createSnapshot({ sourceVolumeId, name, parameters, secrets }, signal);
      const fault = handleFault('snapshot', snapshot?.snapshotId);
      return snapshot === undefined || fault !== undefined ? { unusable: fault ?? '' } : found(snapshot);
    },
    ask: async ({ handle }, { secrets, signal }) => {
      const request = { maxEntries: 0, startingToken: '', sourceVolumeId: '', snapshotId: handle, secrets };
      const { entries } = await csi.listSnapshots(request, signal);
      // A driver that ignores the filter must not lend another snapshot's time and size.
      const entry = entries.find(({ snapshot }) => snapshot?.snapshotId === handle);
      return entry?.snapshot === undefined
        ? { unusable: `can not find snapshot for snapshotID ${handle}`, cause: CAUSE.missing }
        : found(entry.snapshot);
    },
    delete: async ({ handle }, { secrets, signal }) => {
      await csi.deleteSnapshot({ snapshotId: handle, secrets }, signal);
      return undefined;
    },
  };
}

function found({ snapshotId, creationTime, sizeBytes, readyToUse, groupSnapshotId }: Snapshot): Seen {
  return { found: { handle: snapshotId, ...cutTime(creationTime), sizeBytes, ready: readyToUse, groupHandle: groupSnapshotId } };
}
