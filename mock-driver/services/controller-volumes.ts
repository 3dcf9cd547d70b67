/**
 * The controller's volume RPCs: create to delete, attach to nodes, list, resize, modify.
 *
 * A row says when the RPC exists, which object it keeps busy, whether it carries secrets, and how a
 * message becomes a decision of the model. No rule of the specification is written here.
 */
import { attach, detach } from '../model/attachments.ts';
import { requireModes, requireOneAccessType } from '../model/access.ts';
import { page } from '../model/paging.ts';
import type { VolumeRecord } from '../model/records.ts';
import { sameMap } from '../model/names.ts';
import { capacity, createVolume, deleteVolume, expandVolume, modifyVolume, requireVolume } from '../model/volumes.ts';
import { child, flag, int32, map, type Message, text } from '../wire.ts';
import {
  capabilitiesOf,
  capabilityOf,
  rangeOf,
  requireContext,
  requirementOf,
  segmentOf,
  sourceOf,
  volumeContext,
  volumeMessage,
  volumeStatus,
} from './messages.ts';
import type { CallContext, Service } from './rpc.ts';

export const controllerVolumes: Service = {
  CreateVolume: {
    offered: ({ controller }) => controller.includes('CREATE_DELETE_VOLUME'),
    pending: ['volume', 'name'],
    secrets: true,
    run: async (call, request) => {
      const volume = await call.change((world) =>
        createVolume(world, {
          name: text(request, 'name'),
          range: rangeOf(request),
          capabilities: capabilitiesOf(request),
          parameters: map(request, 'parameters'),
          mutable: map(request, 'mutable_parameters'),
          source: sourceOf(request),
          requirement: requirementOf(request),
        }),
      );
      return { volume: volumeMessage(volume, call.capabilities.features) };
    },
  },
  DeleteVolume: {
    offered: ({ controller }) => controller.includes('CREATE_DELETE_VOLUME'),
    pending: ['volume', 'volume_id'],
    secrets: true,
    run: async (call, request) => {
      await call.change((world) => deleteVolume(world, text(request, 'volume_id')));
      return {};
    },
  },
  ControllerPublishVolume: {
    offered: ({ controller }) => controller.includes('PUBLISH_UNPUBLISH_VOLUME'),
    pending: ['volume', 'volume_id'],
    secrets: true,
    run: async (call, request) => {
      const nodeId = text(request, 'node_id');
      const readonly = flag(request, 'readonly');
      const volume = await call.change((world) => {
        const outcome = attach(world, { volumeId: text(request, 'volume_id'), nodeId, capability: capabilityOf(request), readonly });
        requireContext(outcome.answer, request);
        return outcome;
      });
      return { publish_context: { attachment: `${volume.id}@${nodeId}` } };
    },
  },
  ControllerUnpublishVolume: {
    offered: ({ controller }) => controller.includes('PUBLISH_UNPUBLISH_VOLUME'),
    pending: ['volume', 'volume_id'],
    secrets: true,
    run: async (call, request) => {
      await call.change((world) => detach(world, text(request, 'volume_id'), text(request, 'node_id')));
      return {};
    },
  },
  // Not optional: every driver with a controller has it.
  ValidateVolumeCapabilities: {
    offered: ({ plugin }) => plugin.includes('CONTROLLER_SERVICE'),
    run: (call, request) => validate(call, request),
  },
  // Without LIST_VOLUMES_PUBLISHED_NODES the status is absent: callers must not read an empty list as "nowhere".
  ListVolumes: {
    offered: ({ controller }) => controller.includes('LIST_VOLUMES'),
    run: (call, request) =>
      call.read(({ state }) => {
        const { ids, nextToken } = page(state.volumeIds(), int32(request, 'max_entries'), text(request, 'starting_token'));
        const withNodes = call.capabilities.controller.includes('LIST_VOLUMES_PUBLISHED_NODES');
        const entry = (volume: VolumeRecord): Message => ({
          volume: volumeMessage(volume, call.capabilities.features),
          status: withNodes ? volumeStatus(volume) : null,
        });
        return { entries: ids.flatMap((id) => state.volume(id) ?? []).map(entry), next_token: nextToken };
      }),
  },
  ControllerGetVolume: {
    offered: ({ controller }) => controller.includes('GET_VOLUME'),
    run: (call, request) =>
      call.read((world) => {
        const volume = requireVolume(world, text(request, 'volume_id'));
        return { volume: volumeMessage(volume, call.capabilities.features), status: volumeStatus(volume) };
      }),
  },
  // Capabilities are checked and change nothing: every pool serves devices and directories alike.
  GetCapacity: {
    offered: ({ controller }) => controller.includes('GET_CAPACITY'),
    run: (call, request) =>
      call.read((world) => {
        const capabilities = capabilitiesOf(request);
        requireModes(capabilities, world.features.singleNodeMultiWriter);
        const { available, largest } = capacity(world, segmentOf(request));
        return {
          available_capacity: available.toString(),
          maximum_volume_size: { value: largest.toString() },
          minimum_volume_size: { value: world.minVolumeBytes.toString() },
        };
      }),
  },
  ControllerExpandVolume: {
    offered: ({ controller }) => controller.includes('EXPAND_VOLUME'),
    pending: ['volume', 'volume_id'],
    secrets: true,
    run: async (call, request) => {
      const { bytes, onNode } = await call.change((world) =>
        expandVolume(world, { id: text(request, 'volume_id'), range: rangeOf(request), capability: capabilityOf(request) }),
      );
      return { capacity_bytes: bytes.toString(), node_expansion_required: onNode };
    },
  },
  ControllerModifyVolume: {
    offered: ({ controller }) => controller.includes('MODIFY_VOLUME'),
    pending: ['volume', 'volume_id'],
    secrets: true,
    run: async (call, request) => {
      await call.change((world) => modifyVolume(world, text(request, 'volume_id'), map(request, 'mutable_parameters')));
      return {};
    },
  },
  ControllerGetCapabilities: {
    offered: ({ plugin }) => plugin.includes('CONTROLLER_SERVICE'),
    run: async ({ capabilities }) => ({ capabilities: capabilities.controller.map((type) => ({ rpc: { type } })) }),
  },
};

/** Confirms all or, with a message, nothing. Wrong arguments are refused before that. */
function validate(call: CallContext, request: Message): Promise<Message> {
  return call.read((world) => {
    const volume = requireVolume(world, text(request, 'volume_id'));
    const wanted = capabilitiesOf(request);
    const block = requireOneAccessType(wanted);
    requireModes(wanted, world.features.singleNodeMultiWriter);
    requireContext(volume, request);
    if (block !== volume.block) return { message: `volume ${volume.id} is of another access type` };
    const parameters = map(request, 'parameters');
    if (Object.keys(parameters).length > 0 && !sameMap(parameters, volume.parameters))
      return { message: `volume ${volume.id} has other parameters` };
    const mutable = map(request, 'mutable_parameters');
    if (Object.keys(mutable).length > 0 && !sameMap(mutable, volume.mutable))
      return { message: `volume ${volume.id} has other mutable parameters` };
    const context = child(request, 'volume_context') === undefined ? {} : volumeContext(volume);
    return {
      confirmed: { volume_capabilities: request['volume_capabilities'], volume_context: context, parameters, mutable_parameters: mutable },
    };
  });
}
