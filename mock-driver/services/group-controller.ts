/**
 * Snapshots of several volumes at one instant. Deleting and reading take the ids of all members, so that
 * a caller which mixed up its groups is stopped before anything is lost.
 */
import type { Capabilities } from '../capabilities.ts';
import { createGroup, deleteGroup, requireGroup } from '../model/snapshots.ts';
import { map, text, texts } from '../wire.ts';
import { groupMessage } from './messages.ts';
import type { Service } from './rpc.ts';

const offered = ({ group }: Capabilities): boolean => group.includes('CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT');

export const groupController: Service = {
  GroupControllerGetCapabilities: {
    offered: ({ plugin }) => plugin.includes('GROUP_CONTROLLER_SERVICE'),
    run: async ({ capabilities }) => ({ capabilities: capabilities.group.map((type) => ({ rpc: { type } })) }),
  },
  CreateVolumeGroupSnapshot: {
    offered,
    pending: ['group', 'name'],
    secrets: true,
    run: async (call, request) => {
      const group = await call.change((world) =>
        createGroup(world, {
          name: text(request, 'name'),
          sourceVolumeIds: texts(request, 'source_volume_ids'),
          parameters: map(request, 'parameters'),
          processingMs: call.processingMs,
        }),
      );
      return call.read(({ nowMs }) => ({ group_snapshot: groupMessage(group, nowMs) }));
    },
  },
  DeleteVolumeGroupSnapshot: {
    offered,
    pending: ['group', 'group_snapshot_id'],
    secrets: true,
    run: async (call, request) => {
      await call.change((world) => deleteGroup(world, text(request, 'group_snapshot_id'), texts(request, 'snapshot_ids')));
      return {};
    },
  },
  GetVolumeGroupSnapshot: {
    offered,
    secrets: true,
    run: (call, request) =>
      call.read((world) => {
        const group = requireGroup(world, text(request, 'group_snapshot_id'), texts(request, 'snapshot_ids'));
        return { group_snapshot: groupMessage(group, world.nowMs) };
      }),
  },
};
