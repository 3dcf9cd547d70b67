/**
 * The controller's snapshot RPCs. Readiness is read when the answer is made, on the clock of now: the
 * snapshot itself does not change when it becomes ready.
 */
import { page } from '../model/paging.ts';
import { createSnapshot, deleteSnapshot, matchingSnapshots, requireSnapshot } from '../model/snapshots.ts';
import { int32, map, text } from '../wire.ts';
import { snapshotMessage } from './messages.ts';
import type { Service } from './rpc.ts';

export const controllerSnapshots: Service = {
  CreateSnapshot: {
    offered: ({ controller }) => controller.includes('CREATE_DELETE_SNAPSHOT'),
    pending: ['snapshot', 'name'],
    secrets: true,
    run: async (call, request) => {
      const snapshot = await call.change((world) =>
        createSnapshot(world, {
          name: text(request, 'name'),
          sourceVolumeId: text(request, 'source_volume_id'),
          parameters: map(request, 'parameters'),
          processingMs: call.processingMs,
        }),
      );
      return call.read(({ nowMs }) => ({ snapshot: snapshotMessage(snapshot, nowMs) }));
    },
  },
  DeleteSnapshot: {
    offered: ({ controller }) => controller.includes('CREATE_DELETE_SNAPSHOT'),
    pending: ['snapshot', 'snapshot_id'],
    secrets: true,
    run: async (call, request) => {
      await call.change((world) => deleteSnapshot(world, text(request, 'snapshot_id')));
      return {};
    },
  },
  // An unknown id or volume gives an empty list: for a lister that is an answer, not an error.
  ListSnapshots: {
    offered: ({ controller }) => controller.includes('LIST_SNAPSHOTS'),
    secrets: true,
    run: (call, request) =>
      call.read((world) => {
        const matching = matchingSnapshots(world, {
          snapshotId: text(request, 'snapshot_id'),
          sourceVolumeId: text(request, 'source_volume_id'),
        });
        const { ids, nextToken } = page(matching, int32(request, 'max_entries'), text(request, 'starting_token'));
        const snapshots = ids.flatMap((id) => world.state.snapshot(id) ?? []);
        return { entries: snapshots.map((snapshot) => ({ snapshot: snapshotMessage(snapshot, world.nowMs) })), next_token: nextToken };
      }),
  },
  // No secrets asked for: csi-sanity sends none, and what is answered is what a list shows.
  GetSnapshot: {
    offered: ({ controller }) => controller.includes('GET_SNAPSHOT'),
    run: (call, request) =>
      call.read((world) => ({ snapshot: snapshotMessage(requireSnapshot(world, text(request, 'snapshot_id')), world.nowMs) })),
  },
};
