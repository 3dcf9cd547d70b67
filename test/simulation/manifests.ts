/** Manifests as users write them, with named overrides. */
export const DRIVER = 'mock.csi.example';
export const CLAIMS = (namespace = 'default'): string => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
export const SNAPSHOTS = (namespace = 'default'): string => `/apis/snapshot.storage.k8s.io/v1/namespaces/${namespace}/volumesnapshots`;
export const SECRETS = (namespace = 'default'): string => `/api/v1/namespaces/${namespace}/secrets`;
export const GRANTS = (namespace: string): string => `/apis/gateway.networking.k8s.io/v1beta1/namespaces/${namespace}/referencegrants`;
export const PODS = '/api/v1/namespaces/default/pods';
export const NODES_PATH = '/api/v1/nodes';
export const CSI_NODES_PATH = '/apis/storage.k8s.io/v1/csinodes';
export const ZONE = 'topology.mock/zone';
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const CONTENTS = '/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents';
export const STORAGE_CLASSES_PATH = '/apis/storage.k8s.io/v1/storageclasses';
export const SNAPSHOT_CLASSES_PATH = '/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses';

export function storageClass(
  name: string,
  overrides: {
    readonly reclaimPolicy?: string;
    readonly parameters?: Record<string, string>;
    readonly volumeBindingMode?: string;
    readonly allowedTopologies?: readonly object[];
    readonly mountOptions?: readonly string[];
    readonly provisioner?: string;
  } = {},
): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: overrides.provisioner ?? DRIVER,
    reclaimPolicy: overrides.reclaimPolicy ?? 'Delete',
    volumeBindingMode: overrides.volumeBindingMode ?? 'Immediate',
    ...(overrides.allowedTopologies === undefined ? {} : { allowedTopologies: overrides.allowedTopologies }),
    ...(overrides.mountOptions === undefined ? {} : { mountOptions: overrides.mountOptions }),
    ...(overrides.parameters === undefined ? {} : { parameters: overrides.parameters }),
  };
}

export function snapshotClass(
  name: string,
  overrides: {
    readonly deletionPolicy?: string;
    readonly parameters?: Record<string, string>;
    /** Absent: it says nothing of being the default. */
    readonly isDefault?: boolean;
  } = {},
): object {
  const annotations = { 'snapshot.storage.kubernetes.io/is-default-class': `${overrides.isDefault}` };
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: { name, ...(overrides.isDefault === undefined ? {} : { annotations }) },
    driver: DRIVER,
    deletionPolicy: overrides.deletionPolicy ?? 'Delete',
    ...(overrides.parameters === undefined ? {} : { parameters: overrides.parameters }),
  };
}

export const GROUPS = (namespace = 'default'): string =>
  `/apis/groupsnapshot.storage.k8s.io/v1/namespaces/${namespace}/volumegroupsnapshots`;
export const GROUP_CLASSES_PATH = '/apis/groupsnapshot.storage.k8s.io/v1/volumegroupsnapshotclasses';

export function groupClass(name: string, deletionPolicy = 'Delete'): object {
  return {
    apiVersion: 'groupsnapshot.storage.k8s.io/v1',
    kind: 'VolumeGroupSnapshotClass',
    metadata: { name },
    driver: DRIVER,
    deletionPolicy,
  };
}

/** Of all claims with the label. */
export function group(name: string, app: string, className = 'groups'): object {
  return {
    apiVersion: 'groupsnapshot.storage.k8s.io/v1',
    kind: 'VolumeGroupSnapshot',
    metadata: { name, namespace: 'default' },
    spec: {
      volumeGroupSnapshotClassName: className,
      source: { selector: { matchExpressions: [{ key: 'app', operator: 'In', values: [app] }] } },
    },
  };
}

export interface ClaimOverrides {
  readonly namespace?: string;
  readonly className?: string;
  readonly fromSnapshot?: string;
  readonly fromClaim?: string;
  /** With `fromSnapshot`: the namespace of the snapshot. */
  readonly fromNamespace?: string;
  readonly annotations?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly volumeMode?: string;
  readonly accessModes?: readonly string[];
  readonly size?: string;
  /** The PV that it asks for by name. */
  readonly volumeName?: string;
}

export function claim(name: string, overrides: ClaimOverrides = {}): object {
  const dataSource =
    overrides.fromSnapshot !== undefined
      ? { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: overrides.fromSnapshot }
      : overrides.fromClaim !== undefined
        ? { kind: 'PersistentVolumeClaim', name: overrides.fromClaim }
        : undefined;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace: overrides.namespace ?? 'default',
      ...(overrides.annotations === undefined ? {} : { annotations: overrides.annotations }),
      ...(overrides.labels === undefined ? {} : { labels: overrides.labels }),
    },
    spec: {
      accessModes: overrides.accessModes ?? ['ReadWriteOnce'],
      ...(overrides.volumeMode === undefined ? {} : { volumeMode: overrides.volumeMode }),
      storageClassName: overrides.className ?? 'fast',
      ...(overrides.volumeName === undefined ? {} : { volumeName: overrides.volumeName }),
      resources: { requests: { storage: overrides.size ?? '1Gi' } },
      ...(dataSource === undefined
        ? {}
        : overrides.fromNamespace === undefined
          ? { dataSource }
          : { dataSourceRef: { ...dataSource, namespace: overrides.fromNamespace } }),
    },
  };
}

export function snapshot(
  name: string,
  source: string,
  /** Without a class: the default one. */
  overrides: { readonly namespace?: string; readonly className?: string | undefined } = {},
): object {
  const { namespace = 'default' } = overrides;
  const className = 'className' in overrides ? overrides.className : 'snap';
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name, namespace },
    spec: {
      ...(className === undefined ? {} : { volumeSnapshotClassName: className }),
      source: { persistentVolumeClaimName: source },
    },
  };
}

export function secret(name: string, values: Readonly<Record<string, string>>): object {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, data };
}

export function node(name: string, zone: string, labels: Readonly<Record<string, string>> = { [ZONE]: zone }): object {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
}

/** What kubelet writes once the driver's node plugin has registered. */
export function csiNode(name: string, { driver = DRIVER, key = ZONE } = {}): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name },
    spec: { drivers: [{ name: driver, nodeID: name, topologyKeys: [key] }] },
  };
}

/** A Pod that mounts one claim. */
export function pod(name: string, claimName: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'x' }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] },
  };
}

/** Lets claims of one namespace use the snapshots of another. */
export function grant(name: string, { from, to }: { readonly from: string; readonly to: string }): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: { name, namespace: to },
    spec: {
      from: [{ group: '', kind: 'PersistentVolumeClaim', namespace: from }],
      to: [{ group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' }],
    },
  };
}
