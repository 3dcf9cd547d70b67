/** Objects as the API server stores them, with named overrides: a claim bound to a CSI volume, a class, a snapshot, its content. */
import type {
  ObjectMeta,
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import type { Cause } from '../failure-note.ts';
import { AS_SOURCE_PROTECTION, BOUND_PROTECTION, CONTENT_PROTECTION, FAILURE } from '../names.ts';

export const DRIVER = 'mock.csi.example';
export const SNAPSHOT_UID = '6f6a7d8e-1111-4222-8333-0123456789ab';
export const CONTENT_NAME = `snapcontent-${SNAPSHOT_UID}`;
/** 2026-01-01T00:00:00Z. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);
export const EPOCH_NS = BigInt(EPOCH_MS) * 1_000_000n;

interface Overrides<T extends { metadata?: ObjectMeta; spec?: object; status?: object }> {
  readonly metadata?: ObjectMeta;
  readonly spec?: T['spec'];
  readonly status?: T['status'];
}

export function aSnapshot({ metadata, spec, status }: Overrides<VolumeSnapshot> = {}): VolumeSnapshot {
  return {
    metadata: {
      name: 'nightly',
      namespace: 'default',
      uid: SNAPSHOT_UID,
      resourceVersion: '10',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    spec: spec ?? { source: { persistentVolumeClaimName: 'data' }, volumeSnapshotClassName: 'snap' },
    ...(status === undefined ? {} : { status }),
  };
}

/** With both finalizers, bound and ready. */
export function aReadySnapshot({ metadata, spec, status }: Overrides<VolumeSnapshot> = {}): VolumeSnapshot {
  return aSnapshot({
    metadata: { finalizers: [AS_SOURCE_PROTECTION, BOUND_PROTECTION], ...metadata },
    ...(spec === undefined ? {} : { spec }),
    status: {
      boundVolumeSnapshotContentName: CONTENT_NAME,
      creationTime: '2026-01-01T00:00:00Z',
      readyToUse: true,
      restoreSize: '1Gi',
      ...status,
    },
  });
}

export function aContent({ metadata, spec, status }: Overrides<VolumeSnapshotContent> = {}): VolumeSnapshotContent {
  return {
    metadata: {
      name: CONTENT_NAME,
      uid: 'content-uid',
      resourceVersion: '20',
      creationTimestamp: '2026-01-01T00:00:00Z',
      finalizers: [CONTENT_PROTECTION],
      ...metadata,
    },
    spec: {
      driver: DRIVER,
      deletionPolicy: 'Delete',
      volumeSnapshotClassName: 'snap',
      source: { volumeHandle: 'vol-1' },
      volumeSnapshotRef: { kind: 'VolumeSnapshot', name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID },
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

export const READY_STATUS: NonNullable<VolumeSnapshotContent['status']> = {
  snapshotHandle: 'snap-1',
  creationTime: EPOCH_NS,
  restoreSize: 1_073_741_824n,
  readyToUse: true,
};

/** As an admin writes it: a handle, and a reference without a uid. */
export function aPreProvisionedContent({ metadata, spec, status }: Overrides<VolumeSnapshotContent> = {}): VolumeSnapshotContent {
  return aContent({
    metadata: { name: 'imported', finalizers: [], ...metadata },
    spec: {
      source: { snapshotHandle: 'snap-9' },
      volumeSnapshotRef: { name: 'nightly', namespace: 'default' },
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  });
}

export function aPreProvisionedSnapshot(overrides: Overrides<VolumeSnapshot> = {}): VolumeSnapshot {
  return aSnapshot({ spec: { source: { volumeSnapshotContentName: 'imported' }, volumeSnapshotClassName: 'snap' }, ...overrides });
}

export function aClass(more: Partial<VolumeSnapshotClass> = {}): VolumeSnapshotClass {
  return { metadata: { name: 'snap', uid: 'class-uid' }, driver: DRIVER, deletionPolicy: 'Delete', ...more };
}

export function aClaim({ metadata, spec, status }: Overrides<PersistentVolumeClaim> = {}): PersistentVolumeClaim {
  return {
    metadata: {
      name: 'data',
      namespace: 'default',
      uid: 'claim-uid',
      resourceVersion: '5',
      finalizers: ['kubernetes.io/pvc-protection'],
      ...metadata,
    },
    spec: { volumeName: 'pv-data', accessModes: ['ReadWriteOnce'], ...spec },
    status: { phase: 'Bound', ...status },
  };
}

export function aVolume(spec: PersistentVolume['spec'] = {}): PersistentVolume {
  return {
    metadata: { name: 'pv-data', uid: 'pv-uid' },
    spec: {
      claimRef: { name: 'data', namespace: 'default', uid: 'claim-uid' },
      csi: { driver: DRIVER, volumeHandle: 'vol-1' },
      volumeMode: 'Filesystem',
      ...spec,
    },
  };
}

/** The annotation of a failure, of an hour before. */
export function noted(cause: Cause): Record<string, string> {
  return { [FAILURE]: JSON.stringify({ ...cause, since: '2025-12-31T23:00:00Z' }) };
}
