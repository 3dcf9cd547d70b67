/** The two objects that stand for a snapshot which exists in the storage already. */
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';

export interface SnapshotPair {
  readonly content: VolumeSnapshotContent;
  readonly snapshot: VolumeSnapshot;
}

export interface PairParts {
  readonly driver: string;
  readonly handle: string;
  readonly namespace: string;
  readonly name: string;
  readonly contentName: string;
  readonly deletionPolicy: string;
  /** Empty: none. */
  readonly className: string;
  /** `Filesystem` or `Block`; undefined: not known. */
  readonly sourceVolumeMode?: string | undefined;
  /** Of the content: the names of the secrets that its deletion needs. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export function snapshotPair(parts: PairParts): SnapshotPair {
  const { driver, handle, namespace, name, contentName, deletionPolicy, className, sourceVolumeMode, annotations = {} } = parts;
  const apiVersion = 'snapshot.storage.k8s.io/v1';
  const ofClass = className === '' ? {} : { volumeSnapshotClassName: className };
  return {
    content: {
      apiVersion,
      kind: 'VolumeSnapshotContent',
      metadata: { name: contentName, ...(Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } }) },
      spec: {
        deletionPolicy,
        driver,
        source: { snapshotHandle: handle },
        ...(sourceVolumeMode === undefined ? {} : { sourceVolumeMode }),
        ...ofClass,
        volumeSnapshotRef: { apiVersion, kind: 'VolumeSnapshot', namespace, name },
      },
    },
    snapshot: {
      apiVersion,
      kind: 'VolumeSnapshot',
      metadata: { namespace, name },
      spec: { ...ofClass, source: { volumeSnapshotContentName: contentName } },
    },
  };
}
