/**
 * An in-tree volume plugin of Kubernetes whose volumes a CSI driver took over. Classes and PVs keep the plugin's own
 * form; only what is said to the driver is translated. Source: Kubernetes' csi-translation-lib v0.36 (behaviour).
 */
import type { PersistentVolume, StorageClass } from '../../lib/kube/objects.ts';

/** `fault`: a sentence for the event on the claim or the PV. */
export type Translated<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: string };

export interface InTreePlugin {
  /** As classes name it: `kubernetes.io/aws-ebs`. */
  readonly name: string;
  /** The CSI driver that took over. */
  readonly driver: string;
  /** Where the PV's source is in its spec. */
  readonly field: InTreeField;
  /** What else is read of such a PV, for the cache. */
  readonly alsoReads: readonly string[];
  /** Parameters and topology as the driver knows them. The provisioner stays the plugin's. */
  translateClass(storageClass: StorageClass): Translated<StorageClass>;
  /** The driver's handle of a PV that has the plugin's source. */
  handleOf(volume: PersistentVolume): Translated<string>;
  /** The plugin's own form of a PV that was made with a CSI source. */
  toInTree(volume: PersistentVolume): Translated<PersistentVolume>;
}

export type InTreeField =
  | 'awsElasticBlockStore'
  | 'gcePersistentDisk'
  | 'azureDisk'
  | 'azureFile'
  | 'cinder'
  | 'vsphereVolume'
  | 'portworxVolume';

export function translated<T>(value: T): Translated<T> {
  return { ok: true, value };
}

export function fault(sentence: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault: sentence };
}

/** The PV with another source, and that one alone. */
export function withSource(volume: PersistentVolume, field: InTreeField, source: object): PersistentVolume {
  const { csi: _csi, ...spec } = volume.spec ?? {};
  return { ...volume, spec: { ...spec, [field]: source } };
}

/** What the source of a CSI PV and that of a plugin have in common. */
export function commonOf({ spec }: PersistentVolume): { fsType?: string; readOnly?: boolean } {
  const { fsType, readOnly } = spec?.csi ?? {};
  return { ...(fsType === undefined ? {} : { fsType }), ...(readOnly === undefined ? {} : { readOnly }) };
}

/** The number of a partition, which CSI knows as a text attribute. Absent and empty: none. */
export function partitionOf({ spec }: PersistentVolume): Translated<{ partition?: number }> {
  const text = spec?.csi?.volumeAttributes?.['partition'] ?? '';
  if (text === '') return translated({});
  if (!/^[+-]?\d{1,9}$/.test(text)) return fault(`the driver gave partition "${text}", which is no number`);
  const partition = Number(text);
  return translated(partition === 0 ? {} : { partition });
}
