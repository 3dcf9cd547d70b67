/** Every resource the sidecars talk about, once. */
import type { Int64Fields } from './json.ts';
import type {
  CoreEvent,
  CsiDriver,
  CsiNode,
  CsiStorageCapacity,
  CustomResourceDefinition,
  KubeObject,
  Lease,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ReferenceGrant,
  Resource,
  Secret,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotClass,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from './objects.ts';

function namespaced<T extends KubeObject>(group: string, version: string, [plural, kind]: readonly [string, string]): Resource<T> {
  return { group, version, plural, kind, namespaced: true };
}

function cluster<T extends KubeObject>(group: string, version: string, [plural, kind]: readonly [string, string]): Resource<T> {
  return { group, version, plural, kind, namespaced: false };
}

export const SNAPSHOT_GROUP = 'snapshot.storage.k8s.io';
export const GROUP_SNAPSHOT_GROUP = 'groupsnapshot.storage.k8s.io';
const STORAGE_GROUP = 'storage.k8s.io';

export const PERSISTENT_VOLUME_CLAIMS = namespaced<PersistentVolumeClaim>('', 'v1', ['persistentvolumeclaims', 'PersistentVolumeClaim']);
export const PERSISTENT_VOLUMES = cluster<PersistentVolume>('', 'v1', ['persistentvolumes', 'PersistentVolume']);
export const NODES = cluster<Node>('', 'v1', ['nodes', 'Node']);
export const SECRETS = namespaced<Secret>('', 'v1', ['secrets', 'Secret']);
export const EVENTS = namespaced<CoreEvent>('', 'v1', ['events', 'Event']);
export const PODS = namespaced<KubeObject>('', 'v1', ['pods', 'Pod']);
export const STORAGE_CLASSES = cluster<StorageClass>(STORAGE_GROUP, 'v1', ['storageclasses', 'StorageClass']);
export const CSI_NODES = cluster<CsiNode>(STORAGE_GROUP, 'v1', ['csinodes', 'CSINode']);
export const CSI_DRIVERS = cluster<CsiDriver>(STORAGE_GROUP, 'v1', ['csidrivers', 'CSIDriver']);
export const VOLUME_ATTACHMENTS = cluster<VolumeAttachment>(STORAGE_GROUP, 'v1', ['volumeattachments', 'VolumeAttachment']);
export const VOLUME_ATTRIBUTES_CLASSES = cluster<VolumeAttributesClass>(STORAGE_GROUP, 'v1', [
  'volumeattributesclasses',
  'VolumeAttributesClass',
]);
export const CSI_STORAGE_CAPACITIES = namespaced<CsiStorageCapacity>(STORAGE_GROUP, 'v1', ['csistoragecapacities', 'CSIStorageCapacity']);
export const LEASES = namespaced<Lease>('coordination.k8s.io', 'v1', ['leases', 'Lease']);
export const CUSTOM_RESOURCE_DEFINITIONS = cluster<CustomResourceDefinition>('apiextensions.k8s.io', 'v1', [
  'customresourcedefinitions',
  'CustomResourceDefinition',
]);
export const REFERENCE_GRANTS = namespaced<ReferenceGrant>('gateway.networking.k8s.io', 'v1beta1', ['referencegrants', 'ReferenceGrant']);
export const VOLUME_SNAPSHOTS = namespaced<VolumeSnapshot>(SNAPSHOT_GROUP, 'v1', ['volumesnapshots', 'VolumeSnapshot']);
export const VOLUME_SNAPSHOT_CONTENTS = cluster<VolumeSnapshotContent>(SNAPSHOT_GROUP, 'v1', [
  'volumesnapshotcontents',
  'VolumeSnapshotContent',
]);
export const VOLUME_SNAPSHOT_CLASSES = cluster<VolumeSnapshotClass>(SNAPSHOT_GROUP, 'v1', ['volumesnapshotclasses', 'VolumeSnapshotClass']);

/** Best first; both have the same schema. */
export const GROUP_SNAPSHOT_VERSIONS = ['v1', 'v1beta2'] as const;
export const VOLUME_GROUP_SNAPSHOT_CONTENT_KIND = 'VolumeGroupSnapshotContent';

export interface GroupSnapshotResources {
  readonly snapshots: Resource<VolumeGroupSnapshot>;
  readonly contents: Resource<VolumeGroupSnapshotContent>;
  readonly classes: Resource<VolumeGroupSnapshotClass>;
}

/** The kinds of group snapshots in the version that the API server serves. */
export function groupSnapshotResources(version: string): GroupSnapshotResources {
  return {
    snapshots: namespaced(GROUP_SNAPSHOT_GROUP, version, ['volumegroupsnapshots', 'VolumeGroupSnapshot']),
    contents: cluster(GROUP_SNAPSHOT_GROUP, version, ['volumegroupsnapshotcontents', VOLUME_GROUP_SNAPSHOT_CONTENT_KIND]),
    classes: cluster(GROUP_SNAPSHOT_GROUP, version, ['volumegroupsnapshotclasses', 'VolumeGroupSnapshotClass']),
  };
}

/** Fields that the schemas call int64 and that may not fit a double: nanoseconds and bytes. See json.ts. */
export const INT64_FIELDS: Int64Fields = {
  [VOLUME_SNAPSHOT_CONTENTS.kind]: ['status.creationTime', 'status.restoreSize'],
  [VOLUME_GROUP_SNAPSHOT_CONTENT_KIND]: ['status.volumeSnapshotInfoList[].creationTime', 'status.volumeSnapshotInfoList[].restoreSize'],
};
