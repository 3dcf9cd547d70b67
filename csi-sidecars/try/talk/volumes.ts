/** What the specification says of volumes, asked of the driver directly. */
import type { Step } from '../step.ts';
import { NOWHERE } from '../nowhere.ts';
import { NotTried } from '../step.ts';
import { parametersOf } from '../world/classes.ts';
import { classesOf, driverOf } from '../world/world.ts';
import { GIB, volumeRequest, volumeSecrets, WRITER } from './requests.ts';
import { tolerate } from './tolerate.ts';

export const VOLUME_STEPS: readonly Step[] = [
  {
    id: 'volume',
    title: 'make a volume, again, and of another size',
    needs: ['identity'],
    run: async (world) => {
      const { calls, signal, notes } = world;
      const request = volumeRequest(world, 'volume');
      const { volume } = await calls.createVolume(request, signal);
      if (volume === undefined) throw new Error('CreateVolume succeeded and named no volume');
      notes.volume = volume;
      await tolerate(calls.createVolume(request, signal));
      // Larger than what is there, whatever the driver rounded up to.
      const larger = (volume.capacityBytes > GIB ? volume.capacityBytes : GIB) * 2n;
      await tolerate(calls.createVolume({ ...request, capacityRange: { requiredBytes: larger, limitBytes: 0n } }, signal));
      await tolerate(calls.createVolume({ ...request, name: '' }, signal));
      await tolerate(calls.createVolume({ ...volumeRequest(world, 'no-capability'), volumeCapabilities: [] }, signal));
      return `${volume.volumeId}, ${volume.capacityBytes} bytes`;
    },
  },
  {
    id: 'validate',
    title: 'validate the capabilities of a volume',
    needs: ['volume'],
    run: async ({ calls, signal, notes, ...world }) => {
      const { storageClass } = classesOf({ notes });
      const request = {
        volumeId: notes.volume?.volumeId ?? '',
        volumeContext: notes.volume?.volumeContext ?? {},
        volumeCapabilities: [WRITER],
        parameters: parametersOf(storageClass),
        secrets: volumeSecrets({ ...world, calls, signal, notes }),
        mutableParameters: {},
      };
      const { confirmed, message } = await calls.validateVolumeCapabilities(request, signal);
      await tolerate(calls.validateVolumeCapabilities({ ...request, volumeId: NOWHERE }, signal));
      return confirmed === undefined ? `not confirmed: ${message}` : 'confirmed';
    },
  },
  {
    id: 'capacity',
    title: 'ask for the capacity',
    needs: ['identity'],
    offers: ['GET_CAPACITY'],
    run: async ({ calls, signal, notes }) => {
      const { storageClass } = classesOf({ notes });
      const { node } = driverOf({ notes });
      const place = node === undefined || Object.keys(node.topology).length === 0 ? undefined : { segments: { ...node.topology } };
      const request = { volumeCapabilities: [WRITER], parameters: parametersOf(storageClass), accessibleTopology: place };
      const { availableCapacity } = await calls.getCapacity(request, signal);
      if (availableCapacity < 0n) throw new Error(`${availableCapacity} bytes are available: fewer than none`);
      return `${availableCapacity} bytes`;
    },
  },
  {
    id: 'expand',
    title: 'expand a volume',
    needs: ['volume'],
    offers: ['EXPAND_VOLUME'],
    run: async (world) => {
      const { calls, signal, notes } = world;
      const size = (notes.volume?.capacityBytes ?? 0n) + GIB;
      const request = {
        volumeId: notes.volume?.volumeId ?? '',
        capacityRange: { requiredBytes: size, limitBytes: 0n },
        secrets: volumeSecrets(world),
        volumeCapability: WRITER,
      };
      const { capacityBytes, nodeExpansionRequired } = await calls.controllerExpandVolume(request, signal);
      await calls.controllerExpandVolume(request, signal);
      await tolerate(calls.controllerExpandVolume({ ...request, volumeId: NOWHERE }, signal));
      if (notes.volume !== undefined) notes.volume = { ...notes.volume, capacityBytes };
      return `${capacityBytes} bytes${nodeExpansionRequired ? ', the node has to follow' : ''}`;
    },
  },
  {
    id: 'modify',
    title: 'change the attributes of a volume',
    needs: ['volume'],
    offers: ['MODIFY_VOLUME'],
    run: async (world) => {
      const { calls, signal, notes } = world;
      const { attributesClass } = classesOf(world);
      if (attributesClass === undefined)
        throw new NotTried('put a VolumeAttributesClass into the file of --class: nobody else knows its parameters');
      const mutableParameters = attributesClass.parameters ?? {};
      const request = { volumeId: notes.volume?.volumeId ?? '', secrets: volumeSecrets(world), mutableParameters };
      await calls.controllerModifyVolume(request, signal);
      await calls.controllerModifyVolume(request, signal);
      return Object.entries(mutableParameters)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ');
    },
  },
];
