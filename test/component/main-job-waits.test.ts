/**
 * How long each step of the main job takes in virtual time, from the second in which the programs start: nothing that
 * a user waits for may hang on the life of a request, an account or a lease. No wall clock is read.
 */
import { test } from 'vitest';
import type { KubeObject, PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import type { Stage } from './provisioner-stage.ts';
import { DRIVER, onStage } from './provisioner-stage.ts';

const CORE = '/api/v1/namespaces/shop';
const CLAIMS = `${CORE}/persistentvolumeclaims`;
const VOLUMES = '/api/v1/persistentvolumes';
const SNAPSHOT_API = '/apis/snapshot.storage.k8s.io/v1';
const SNAPSHOTS = `${SNAPSHOT_API}/namespaces/shop/volumesnapshots`;
const CONTENTS = `${SNAPSHOT_API}/volumesnapshotcontents`;

/**
 * Virtual milliseconds. The simulated network alone takes more than a second for one request in a hundred; the life of a
 * request, of a lease and of an account are 15 s and more.
 */
const STEP_MS = 5_000;

const typeOf = (kind: string): object => ({ apiVersion: 'snapshot.storage.k8s.io/v1', kind });

const claim = (name: string, spec: object = {}): object => ({
  metadata: { name, namespace: 'shop' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } }, ...spec },
});

async function classes(stage: Stage): Promise<void> {
  await stage.create('/api/v1/namespaces', { metadata: { name: 'shop' } });
  await stage.create('/apis/storage.k8s.io/v1/storageclasses', {
    metadata: { name: 'fast' },
    provisioner: DRIVER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  });
  await stage.create(`${SNAPSHOT_API}/volumesnapshotclasses`, {
    ...typeOf('VolumeSnapshotClass'),
    metadata: { name: 'snap' },
    driver: DRIVER,
    deletionPolicy: 'Delete',
  });
}

async function bound(stage: Stage, name: string): Promise<void> {
  const isBound = async (): Promise<boolean> =>
    (await stage.get<PersistentVolumeClaim & KubeObject>(`${CLAIMS}/${name}`))?.status?.phase === 'Bound';
  await stage.until(`claim ${name} bound`, isBound, STEP_MS);
}

async function snapshotReady(stage: Stage): Promise<void> {
  await stage.create(SNAPSHOTS, {
    ...typeOf('VolumeSnapshot'),
    metadata: { name: 'nightly', namespace: 'shop' },
    spec: { volumeSnapshotClassName: 'snap', source: { persistentVolumeClaimName: 'data' } },
  });
  const isReady = async (): Promise<boolean> =>
    (await stage.get<VolumeSnapshot & KubeObject>(`${SNAPSHOTS}/nightly`))?.status?.readyToUse === true;
  await stage.until('snapshot nightly ready', isReady, STEP_MS);
}

async function restore(stage: Stage): Promise<void> {
  const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' };
  await stage.create(CLAIMS, claim('restored', { dataSource }));
  await bound(stage, 'restored');
}

/** All at once, as `kubectl delete -f` of the whole folder does. */
async function deleteEverything(stage: Stage): Promise<void> {
  for (const path of [`${SNAPSHOTS}/nightly`, `${CLAIMS}/restored`, `${CLAIMS}/data`]) await stage.send('DELETE', path);
  const left = async (): Promise<number> =>
    (await Promise.all([SNAPSHOTS, CONTENTS, CLAIMS, VOLUMES].map((path) => stage.list(path)))).flat().length;
  await stage.until('everything gone', async () => (await left()) === 0, STEP_MS);
}

test('no step of the main job waits, though it begins in the second in which the programs start', async () => {
  await onStage({ snapshots: true }, async (stage) => {
    await classes(stage);
    await stage.create(CLAIMS, claim('data'));
    await bound(stage, 'data');
    await snapshotReady(stage);
    await restore(stage);
    await deleteEverything(stage);
  });
});

test('nor after the provisioner was killed between the steps: what it left behind holds nobody', async () => {
  await onStage({ snapshots: true }, async (stage) => {
    await classes(stage);
    await stage.create(CLAIMS, claim('data'));
    await bound(stage, 'data');
    await stage.restart();
    await snapshotReady(stage);
    await restore(stage);
    await stage.restart();
    await deleteEverything(stage);
  });
});
