/**
 * The node's RPCs. The record is written before the mount and removed after it, so a path is never
 * mounted without a record, and a repeated call makes good what a crash cut off.
 */
import { expandOnNode, publish, requireAt, stage, unpublish, unstage } from '../model/attachments.ts';
import type { Capability, VolumeRecord } from '../model/records.ts';
import { flag, type Message, text } from '../wire.ts';
import { capabilityOf, rangeOf, requireContext } from './messages.ts';
import type { CallContext, Service } from './rpc.ts';

export const node: Service = {
  NodeStageVolume: {
    offered: ({ node: has }) => has.includes('STAGE_UNSTAGE_VOLUME'),
    pending: ['volume', 'volume_id'],
    secrets: true,
    run: async (call, request) => {
      const stagingPath = text(request, 'staging_target_path');
      const volume = await call.change((world) => {
        const outcome = stage(world, { volumeId: text(request, 'volume_id'), stagingPath, capability: capabilityOf(request) });
        requireContext(outcome.answer, request);
        return outcome;
      });
      if (call.publisher.stages && !volume.block)
        await show(call, volume, { target: stagingPath, readonly: false, capability: capabilityOf(request) });
      return {};
    },
  },
  // The mount goes first and the record after it, the opposite of staging: see above.
  NodeUnstageVolume: {
    offered: ({ node: has }) => has.includes('STAGE_UNSTAGE_VOLUME'),
    pending: ['volume', 'volume_id'],
    run: async (call, request) => {
      const volumeId = text(request, 'volume_id');
      const stagingPath = text(request, 'staging_target_path');
      const staged = await call.read((world) => unstage(world, volumeId, stagingPath).change !== undefined);
      if (staged && call.publisher.stages) await call.publisher.remove(stagingPath, { keepDirectory: true });
      await call.change((world) => unstage(world, volumeId, stagingPath));
      return {};
    },
  },
  NodePublishVolume: {
    pending: ['volume', 'volume_id'],
    secrets: true,
    run: async (call, request) => {
      const targetPath = text(request, 'target_path');
      const { volume, readonly } = await call.change((world) => {
        const outcome = publish(world, {
          volumeId: text(request, 'volume_id'),
          stagingPath: text(request, 'staging_target_path'),
          targetPath,
          capability: capabilityOf(request),
          readonly: flag(request, 'readonly'),
        });
        requireContext(outcome.answer.volume, request);
        return outcome;
      });
      await show(call, volume, { target: targetPath, readonly, capability: capabilityOf(request) });
      return {};
    },
  },
  NodeUnpublishVolume: {
    pending: ['volume', 'volume_id'],
    run: async (call, request) => {
      const volumeId = text(request, 'volume_id');
      const targetPath = text(request, 'target_path');
      const { published, left } = await call.read((world) => {
        const { change, answer } = unpublish(world, volumeId, targetPath);
        return { published: change !== undefined, left: answer.targets.some(({ nodeId }) => nodeId === world.nodeId) };
      });
      if (published) {
        await call.publisher.remove(targetPath, { keepDirectory: false });
        const source = call.store.path(volumeId);
        if (!left && source !== undefined) await call.publisher.release(source);
      }
      await call.change((world) => unpublish(world, volumeId, targetPath));
      return {};
    },
  },
  // Devices have no inodes to speak of.
  NodeGetVolumeStats: {
    offered: ({ node: has }) => has.includes('GET_VOLUME_STATS'),
    run: async (call, request) => {
      const at = text(request, 'volume_path');
      const volume = await call.read((world) => requireAt(world, text(request, 'volume_id'), at));
      const source = call.store.path(volume.id);
      const own = source === undefined || volume.block ? undefined : await call.publisher.usage({ source, at });
      const usage = own ?? (await call.store.usage(volume.id));
      const bytes = { unit: 'BYTES', total: own?.totalBytes ?? volume.bytes, used: usage.usedBytes };
      const inodes = { unit: 'INODES', total: usage.totalInodes, used: usage.usedInodes };
      return { usage: (volume.block ? [bytes] : [bytes, inodes]).map(usageMessage) };
    },
  },
  NodeExpandVolume: {
    offered: ({ node: has }) => has.includes('EXPAND_VOLUME'),
    pending: ['volume', 'volume_id'],
    run: async (call, request) => {
      const { volume, bytes } = await call.change((world) =>
        expandOnNode(world, {
          volumeId: text(request, 'volume_id'),
          path: text(request, 'volume_path'),
          range: rangeOf(request),
          capability: capabilityOf(request),
        }),
      );
      const source = call.store.path(volume.id);
      if (source !== undefined) await call.publisher.grow({ source, block: volume.block });
      return { capacity_bytes: bytes.toString() };
    },
  },
  NodeGetCapabilities: {
    run: async ({ capabilities }) => ({ capabilities: capabilities.node.map((type) => ({ rpc: { type } })) }),
  },
  NodeGetInfo: {
    run: (call) =>
      call.read((world) => ({
        node_id: world.nodeId,
        max_volumes_per_node: String(world.maxVolumesPerNode),
        accessible_topology: world.ownSegment === undefined ? null : { segments: world.ownSegment },
      })),
  },
};

/** Where a volume is to be seen, and how. */
interface Shown {
  readonly target: string;
  readonly readonly: boolean;
  readonly capability: Capability | undefined;
}

/** Makes a volume visible. A store without paths (a simulation's) has nothing to show. */
async function show(call: CallContext, volume: VolumeRecord, { target, readonly, capability }: Shown): Promise<void> {
  const source = call.store.path(volume.id);
  if (source === undefined) return;
  const { mountFlags = [], mountGroup = '' } = capability ?? {};
  await call.publisher.ensure({ source, target, block: volume.block, readonly, mountFlags, group: mountGroup });
}

/** A directory has no quota: what it holds may exceed its size, and no figure may be negative. */
function usageMessage({ unit, total, used }: { unit: string; total: bigint; used: bigint }): Message {
  const available = total > used ? total - used : 0n;
  return { unit, total: total.toString(), used: used.toString(), available: available.toString() };
}
