/** Where the driver has the volume of a PV, by rules of our own: a CSI source, or that of an in-tree plugin that the driver took over. */
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { DRIVER } from './manifests.ts';

/** The driver of a world: its own name, and that of the in-tree plugin that it took over. */
export interface DriverNames {
  readonly name: string;
  readonly plugin?: string;
}

export const PLAIN_DRIVER: DriverNames = { name: DRIVER };
export const EBS_DRIVER = { name: 'ebs.csi.aws.com', plugin: 'kubernetes.io/aws-ebs' } as const satisfies DriverNames;

export interface VolumeSource {
  readonly driver: string;
  readonly handle: string;
  readonly fsType: string;
}

/** Classes and claims may say either name. */
export function isNamed(names: DriverNames, text: string | undefined): boolean {
  return text !== undefined && (text === names.name || text === names.plugin);
}

/** Undefined: the PV has neither kind of source. */
export function sourceOf({ spec }: PersistentVolume): VolumeSource | undefined {
  if (spec?.csi !== undefined) return { driver: spec.csi.driver ?? '', handle: spec.csi.volumeHandle ?? '', fsType: spec.csi.fsType ?? '' };
  const disk = spec?.awsElasticBlockStore;
  // `aws://ZONE/vol-ID` as the plugin wrote it, or the driver's own id.
  return disk && { driver: EBS_DRIVER.name, handle: disk.volumeID?.split('/').at(-1) ?? '', fsType: disk.fsType ?? '' };
}

export function volumeHandleOf(volume: PersistentVolume | undefined): string | undefined {
  return volume && sourceOf(volume)?.handle;
}
