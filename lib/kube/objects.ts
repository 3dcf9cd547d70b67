/**
 * The Kubernetes objects that the sidecars read and write, as they come over the wire: every field
 * optional, since an old object may break today's schema. Unknown fields stay on the raw object (types
 * are views, nothing is dropped). Sources: API reference core/v1, storage.k8s.io/v1, coordination/v1;
 * the snapshot kinds from their CRDs. int64 fields that can pass 2^53 are bigint (lib/kube/json.ts).
 */
export interface OwnerReference {
  apiVersion?: string;
  kind?: string;
  name?: string;
  uid?: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: unknown[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

export interface ObjectReference {
  apiVersion?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  fieldPath?: string;
}

export interface SecretReference {
  name?: string;
  namespace?: string;
}

export interface LabelSelectorRequirement {
  key?: string;
  operator?: string;
  values?: string[];
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

/** A quantity as written: `1Gi`, `500M`, 1048576. */
export type Quantity = string | number;

export interface TypedReference {
  apiGroup?: string;
  kind?: string;
  name?: string;
  namespace?: string;
}

export interface PersistentVolumeClaim extends KubeObject {
  spec?: {
    accessModes?: string[];
    selector?: LabelSelector;
    resources?: { requests?: Record<string, Quantity>; limits?: Record<string, Quantity> };
    volumeName?: string;
    storageClassName?: string;
    volumeMode?: string;
    dataSource?: TypedReference;
    dataSourceRef?: TypedReference;
    volumeAttributesClassName?: string;
  };
  status?: { phase?: string; capacity?: Record<string, Quantity>; accessModes?: string[] };
}

export interface NodeSelectorRequirement {
  key?: string;
  operator?: string;
  values?: string[];
}

export interface NodeSelectorTerm {
  matchExpressions?: NodeSelectorRequirement[];
  matchFields?: NodeSelectorRequirement[];
}

export interface CsiVolumeSource {
  driver?: string;
  volumeHandle?: string;
  readOnly?: boolean;
  fsType?: string;
  volumeAttributes?: Record<string, string>;
  controllerPublishSecretRef?: SecretReference;
  nodeStageSecretRef?: SecretReference;
  nodePublishSecretRef?: SecretReference;
  controllerExpandSecretRef?: SecretReference;
  nodeExpandSecretRef?: SecretReference;
}

export interface PersistentVolume extends KubeObject {
  spec?: {
    capacity?: Record<string, Quantity>;
    accessModes?: string[];
    claimRef?: ObjectReference;
    csi?: CsiVolumeSource;
    awsElasticBlockStore?: { volumeID?: string; fsType?: string; partition?: number; readOnly?: boolean };
    gcePersistentDisk?: { pdName?: string; fsType?: string; partition?: number; readOnly?: boolean };
    azureDisk?: { diskName?: string; diskURI?: string; cachingMode?: string; fsType?: string; readOnly?: boolean; kind?: string };
    azureFile?: { secretName?: string; shareName?: string; readOnly?: boolean; secretNamespace?: string };
    cinder?: { volumeID?: string; fsType?: string; readOnly?: boolean };
    vsphereVolume?: { volumePath?: string; fsType?: string; storagePolicyName?: string };
    portworxVolume?: { volumeID?: string; fsType?: string; readOnly?: boolean };
    persistentVolumeReclaimPolicy?: string;
    storageClassName?: string;
    mountOptions?: string[];
    volumeMode?: string;
    nodeAffinity?: { required?: { nodeSelectorTerms?: NodeSelectorTerm[] } };
    volumeAttributesClassName?: string;
  };
  status?: { phase?: string; message?: string; reason?: string };
}

export interface TopologySelectorTerm {
  matchLabelExpressions?: { key?: string; values?: string[] }[];
}

export interface StorageClass extends KubeObject {
  provisioner?: string;
  parameters?: Record<string, string>;
  reclaimPolicy?: string;
  mountOptions?: string[];
  allowVolumeExpansion?: boolean;
  volumeBindingMode?: string;
  allowedTopologies?: TopologySelectorTerm[];
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean };
}

/** The server writes both lists as null where they are empty. */
export interface CsiNode extends KubeObject {
  spec?: { drivers?: { name?: string; nodeID?: string; topologyKeys?: string[] | null; allocatable?: { count?: number } }[] | null };
}

export interface CsiDriver extends KubeObject {
  spec?: { attachRequired?: boolean; storageCapacity?: boolean };
}

export interface VolumeAttachment extends KubeObject {
  spec?: { attacher?: string; nodeName?: string; source?: { persistentVolumeName?: string } };
  status?: { attached?: boolean };
}

export interface VolumeAttributesClass extends KubeObject {
  driverName?: string;
  parameters?: Record<string, string>;
}

export interface CsiStorageCapacity extends KubeObject {
  nodeTopology?: LabelSelector;
  storageClassName?: string;
  capacity?: Quantity;
  maximumVolumeSize?: Quantity;
}

export interface Secret extends KubeObject {
  type?: string;
  /** Base64. */
  data?: Record<string, string>;
}

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    /** MicroTime: RFC 3339 with six decimals. */
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

export interface CoreEvent extends KubeObject {
  involvedObject?: ObjectReference;
  reason?: string;
  message?: string;
  type?: string;
  source?: { component?: string; host?: string };
  firstTimestamp?: string;
  lastTimestamp?: string;
  count?: number;
  reportingComponent?: string;
  reportingInstance?: string;
}

export interface ReferenceGrant extends KubeObject {
  spec?: {
    from?: { group?: string; kind?: string; namespace?: string }[];
    to?: { group?: string; kind?: string; name?: string }[];
  };
}

export interface CustomResourceDefinition extends KubeObject {
  spec?: Record<string, unknown>;
  status?: { conditions?: { type?: string; status?: string; reason?: string; message?: string }[]; storedVersions?: string[] };
}

export interface SnapshotError {
  time?: string;
  message?: string;
}

export interface VolumeSnapshot extends KubeObject {
  spec?: {
    source?: { persistentVolumeClaimName?: string; volumeSnapshotContentName?: string };
    volumeSnapshotClassName?: string;
  };
  status?: {
    boundVolumeSnapshotContentName?: string;
    creationTime?: string;
    readyToUse?: boolean;
    restoreSize?: Quantity;
    error?: SnapshotError;
    volumeGroupSnapshotName?: string;
  };
}

export interface VolumeSnapshotContent extends KubeObject {
  spec?: {
    volumeSnapshotRef?: ObjectReference;
    deletionPolicy?: string;
    driver?: string;
    volumeSnapshotClassName?: string;
    source?: { volumeHandle?: string; snapshotHandle?: string };
    sourceVolumeMode?: string;
  };
  status?: {
    snapshotHandle?: string;
    /** Nanoseconds since the epoch. */
    creationTime?: bigint;
    /** Bytes. */
    restoreSize?: bigint;
    readyToUse?: boolean;
    error?: SnapshotError;
    volumeGroupSnapshotHandle?: string;
  };
}

export interface VolumeSnapshotClass extends KubeObject {
  driver?: string;
  deletionPolicy?: string;
  parameters?: Record<string, string>;
}

export interface VolumeGroupSnapshot extends KubeObject {
  spec?: {
    source?: { selector?: LabelSelector; volumeGroupSnapshotContentName?: string };
    volumeGroupSnapshotClassName?: string;
  };
  status?: {
    boundVolumeGroupSnapshotContentName?: string;
    creationTime?: string;
    readyToUse?: boolean;
    error?: SnapshotError;
  };
}

export interface VolumeGroupSnapshotClass extends KubeObject {
  driver?: string;
  deletionPolicy?: string;
  parameters?: Record<string, string>;
}

export interface VolumeGroupSnapshotContent extends KubeObject {
  spec?: {
    volumeGroupSnapshotRef?: ObjectReference;
    deletionPolicy?: string;
    driver?: string;
    volumeGroupSnapshotClassName?: string;
    source?: {
      volumeHandles?: string[];
      groupSnapshotHandles?: { volumeGroupSnapshotHandle?: string; volumeSnapshotHandles?: string[] };
    };
  };
  status?: {
    volumeGroupSnapshotHandle?: string;
    creationTime?: string;
    readyToUse?: boolean;
    error?: SnapshotError;
    volumeSnapshotInfoList?: {
      volumeHandle?: string;
      snapshotHandle?: string;
      creationTime?: bigint;
      readyToUse?: boolean;
      restoreSize?: bigint;
    }[];
  };
}

/** Where a kind lives in the API. The phantom `_object` ties the resource to its type. */
export interface Resource<T extends KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly _object?: T;
}
