/** Requests that the trial sends itself: as the sidecars would, from the classes. */
import type { CreateSnapshotRequest, CreateVolumeRequest, VolumeCapability } from '../../../proto/gen/csi.ts';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../../proto/gen/csi.ts';
import { parametersOf, secretOf } from '../world/classes.ts';
import type { TryWorld } from '../world/world.ts';
import { classesOf, driverOf } from '../world/world.ts';

export const GIB = 1n << 30n;

export const WRITER: VolumeCapability = {
  accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
  accessMode: { mode: Mode.SINGLE_NODE_WRITER },
};

export function nameFor({ run }: Pick<TryWorld, 'run'>, what: string): string {
  return `try-${run}-${what}`;
}

export function volumeRequest(world: TryWorld, what: string, more: Partial<CreateVolumeRequest> = {}): CreateVolumeRequest {
  const { storageClass, secrets } = classesOf(world);
  const { identity, node } = driverOf(world);
  const place = node !== undefined && identity.plugin.has('VOLUME_ACCESSIBILITY_CONSTRAINTS') ? [{ segments: { ...node.topology } }] : [];
  return {
    name: nameFor(world, what),
    capacityRange: { requiredBytes: GIB, limitBytes: 0n },
    volumeCapabilities: [WRITER],
    parameters: parametersOf(storageClass),
    secrets: secretOf(storageClass.parameters, 'provisioner', secrets),
    volumeContentSource: undefined,
    accessibilityRequirements: place.length > 0 ? { requisite: place, preferred: place } : undefined,
    mutableParameters: {},
    ...more,
  };
}

export function volumeSecrets(world: TryWorld): Record<string, string> {
  const { storageClass, secrets } = classesOf(world);
  return secretOf(storageClass.parameters, 'provisioner', secrets);
}

export function snapshotRequest(world: TryWorld, what: string, sourceVolumeId: string): CreateSnapshotRequest {
  const { snapshotClass } = classesOf(world);
  return { name: nameFor(world, what), sourceVolumeId, parameters: parametersOf(snapshotClass), secrets: snapshotSecrets(world) };
}

export function snapshotSecrets(world: TryWorld): Record<string, string> {
  const { snapshotClass, secrets } = classesOf(world);
  return secretOf(snapshotClass.parameters, 'snapshotter', secrets);
}
