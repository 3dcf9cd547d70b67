/** Objects and states of tests, each complete and legal, with named overrides. */
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import { SNAPSHOT_FINALIZER, STORAGE_PROVISIONER, VOLUME_FINALIZER } from '../facts/names.ts';

export const DRIVER = 'mock.csi.example';
export const CLAIM_UID = '6bb7b8a2-4c2d-4a3a-9a2e-0f7b8f6d1c11';
export const VOLUME_NAME = `pvc-${CLAIM_UID}`;

type Metadata = NonNullable<PersistentVolumeClaim['metadata']>;

export function aClaim({
  metadata,
  ...spec
}: { readonly metadata?: Metadata } & NonNullable<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      namespace: 'shop',
      name: 'data',
      uid: CLAIM_UID,
      resourceVersion: '100',
      annotations: { [STORAGE_PROVISIONER]: DRIVER },
      ...metadata,
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'fast',
      volumeMode: 'Filesystem',
      ...spec,
    },
    status: { phase: 'Pending' },
  };
}

export function aClass(change: StorageClass = {}): StorageClass {
  return {
    metadata: { name: 'fast', uid: 'class-1' },
    provisioner: DRIVER,
    parameters: { kind: 'ssd' },
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    ...change,
  };
}

export function aVolume({
  metadata,
  status,
  ...spec
}: { readonly metadata?: Metadata; readonly status?: PersistentVolume['status'] } & NonNullable<
  PersistentVolume['spec']
> = {}): PersistentVolume {
  return {
    metadata: {
      name: VOLUME_NAME,
      uid: 'pv-1',
      resourceVersion: '200',
      finalizers: [VOLUME_FINALIZER, 'kubernetes.io/pv-protection'],
      ...metadata,
    },
    spec: {
      csi: { driver: DRIVER, volumeHandle: 'vol-1' },
      claimRef: { kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'data', uid: CLAIM_UID },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'fast',
      ...spec,
    },
    status: { phase: 'Bound', ...status },
  };
}

export const SNAPSHOT_SOURCE = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'monday' };
export const CLAIM_SOURCE = { kind: 'PersistentVolumeClaim', name: 'original' };

export function aSnapshot({
  metadata,
  ...status
}: { readonly metadata?: Metadata } & NonNullable<VolumeSnapshot['status']> = {}): VolumeSnapshot {
  return {
    metadata: { namespace: 'shop', name: 'monday', uid: 'snap-1', resourceVersion: '300', finalizers: [SNAPSHOT_FINALIZER], ...metadata },
    status: { boundVolumeSnapshotContentName: 'content-1', readyToUse: true, restoreSize: '1Gi', ...status },
  };
}

export function aContent({
  metadata,
  status,
  ...spec
}: { readonly metadata?: Metadata; readonly status?: VolumeSnapshotContent['status'] } & NonNullable<
  VolumeSnapshotContent['spec']
> = {}): VolumeSnapshotContent {
  return {
    metadata: { name: 'content-1', uid: 'content-uid', ...metadata },
    spec: {
      driver: DRIVER,
      volumeSnapshotRef: { namespace: 'shop', name: 'monday', uid: 'snap-1' },
      sourceVolumeMode: 'Filesystem',
      ...spec,
    },
    status: { snapshotHandle: 'handle-1', readyToUse: true, ...status },
  };
}
