/** Small valid objects for the cases, each with what the case wants to say as an override. */

export interface Overrides {
  readonly metadata?: object;
  readonly spec?: object | undefined;
  readonly [field: string]: unknown;
}

const SNAPSHOT_API = '/apis/snapshot.storage.k8s.io/v1';

export const paths = {
  configMaps: (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`,
  secrets: (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`,
  pods: (namespace: string) => `/api/v1/namespaces/${namespace}/pods`,
  events: (namespace: string) => `/api/v1/namespaces/${namespace}/events`,
  claims: (namespace: string) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
  volumes: '/api/v1/persistentvolumes',
  nodes: '/api/v1/nodes',
  namespaces: '/api/v1/namespaces',
  storageClasses: '/apis/storage.k8s.io/v1/storageclasses',
  csiNodes: '/apis/storage.k8s.io/v1/csinodes',
  attachments: '/apis/storage.k8s.io/v1/volumeattachments',
  capacities: (namespace: string) => `/apis/storage.k8s.io/v1/namespaces/${namespace}/csistoragecapacities`,
  leases: (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
  crds: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  snapshots: (namespace: string) => `${SNAPSHOT_API}/namespaces/${namespace}/volumesnapshots`,
  contents: `${SNAPSHOT_API}/volumesnapshotcontents`,
  snapshotClasses: `${SNAPSHOT_API}/volumesnapshotclasses`,
  groupSnapshots: (namespace: string, version = 'v1') =>
    `/apis/groupsnapshot.storage.k8s.io/${version}/namespaces/${namespace}/volumegroupsnapshots`,
  groupContents: (version = 'v1') => `/apis/groupsnapshot.storage.k8s.io/${version}/volumegroupsnapshotcontents`,
  groupClasses: (version = 'v1') => `/apis/groupsnapshot.storage.k8s.io/${version}/volumegroupsnapshotclasses`,
};

function object(apiVersion: string, kind: string, { name, metadata, ...fields }: { name: string } & Overrides): object {
  return { apiVersion, kind, metadata: { name, ...metadata }, ...fields };
}

export function configMap(name: string, overrides: Overrides = {}): object {
  return object('v1', 'ConfigMap', { name, data: { key: 'value' }, ...overrides });
}

export function claim(name: string, { spec, ...overrides }: Overrides = {}): object {
  return object('v1', 'PersistentVolumeClaim', {
    name,
    ...overrides,
    // A class that does not exist: no binder and no provisioner touches the claim.
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'none', ...spec },
  });
}

export function volume(name: string, { spec, ...overrides }: Overrides = {}): object {
  return object('v1', 'PersistentVolume', {
    name,
    ...overrides,
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: `class-of-${name}`,
      csi: { driver: 'conformance.example', volumeHandle: `handle-of-${name}` },
      ...spec,
    },
  });
}

export function storageClass(name: string, overrides: Overrides = {}): object {
  return object('storage.k8s.io/v1', 'StorageClass', { name, provisioner: 'conformance.example', ...overrides });
}

export function pod(name: string, { spec, ...overrides }: Overrides = {}): object {
  return object('v1', 'Pod', { name, ...overrides, spec: { containers: [{ name: 'main', image: 'none.example/main' }], ...spec } });
}

export function lease(name: string, overrides: Overrides = {}): object {
  return object('coordination.k8s.io/v1', 'Lease', { name, spec: { holderIdentity: 'one', leaseDurationSeconds: 15 }, ...overrides });
}

export function snapshot(name: string, overrides: Overrides = {}): object {
  return object('snapshot.storage.k8s.io/v1', 'VolumeSnapshot', {
    name,
    spec: { source: { persistentVolumeClaimName: 'source' } },
    ...overrides,
  });
}

export function content(name: string, { spec, ...overrides }: Overrides = {}): object {
  return object('snapshot.storage.k8s.io/v1', 'VolumeSnapshotContent', {
    name,
    ...overrides,
    spec: {
      deletionPolicy: 'Delete',
      driver: 'conformance.example',
      source: { volumeHandle: `handle-of-${name}` },
      volumeSnapshotRef: { name: 'snapshot', namespace: 'default' },
      ...spec,
    },
  });
}

export function snapshotClass(name: string, overrides: Overrides = {}): object {
  return object('snapshot.storage.k8s.io/v1', 'VolumeSnapshotClass', {
    name,
    driver: 'conformance.example',
    deletionPolicy: 'Delete',
    ...overrides,
  });
}

export function groupSnapshot(name: string, overrides: Overrides = {}): object {
  return object('groupsnapshot.storage.k8s.io/v1', 'VolumeGroupSnapshot', {
    name,
    spec: { source: { selector: { matchLabels: { app: 'one' } } } },
    ...overrides,
  });
}

export function groupContent(name: string, { spec, ...overrides }: Overrides = {}): object {
  return object('groupsnapshot.storage.k8s.io/v1', 'VolumeGroupSnapshotContent', {
    name,
    ...overrides,
    spec: {
      deletionPolicy: 'Delete',
      driver: 'conformance.example',
      source: { volumeHandles: ['one', 'two'] },
      volumeGroupSnapshotRef: { name: 'group', namespace: 'default' },
      ...spec,
    },
  });
}

export function groupClass(name: string, overrides: Overrides = {}): object {
  return object('groupsnapshot.storage.k8s.io/v1', 'VolumeGroupSnapshotClass', {
    name,
    driver: 'conformance.example',
    deletionPolicy: 'Delete',
    ...overrides,
  });
}
