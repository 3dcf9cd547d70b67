/**
 * Command lines as vendors and distributions publish them: each starts the program, and the main job is done with it.
 * `@S` is the driver's socket, `@NS` the Pod's namespace.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../harness/repository.ts';
import type { PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { readCommandLine } from '../../lib/process/command-line.ts';
import { planRole } from '../../lib/process/role-plan.ts';
import { CSI_PROVISIONER } from '../../provisioner/role.ts';
import { snapshotClass } from '../simulation/manifests.ts';
import { DRIVER, onStage, type Stage } from './provisioner-stage.ts';

interface Published {
  readonly set: string;
  readonly program: 'csi-provisioner' | 'csi-snapshotter' | 'snapshot-controller';
  readonly env: Readonly<Record<string, string>>;
  readonly arguments: readonly string[];
}

const NAMESPACE = 'kube-system';
const NODE = 'n1';
const ZONE = 'topology.mock/zone';
const SHOP = '/api/v1/namespaces/shop';
const CLAIMS = `${SHOP}/persistentvolumeclaims`;
const SNAPSHOTS = '/apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots';

const published = (JSON.parse(readFileSync(join(repositoryRoot(), 'test/component/vendor-arguments.json'), 'utf8')) as Published[]).map(
  (one) => ({ ...one, arguments: one.arguments.map((word) => word.replaceAll('@S', '/csi.sock').replaceAll('@NS', NAMESPACE)) }),
);

/** Flags of a vendor's own fork, which the Go program of that name refuses, too. */
const OF_A_FORK = 'vsphere-super-prov';

const perNode = ({ arguments: words }: Published): boolean => words.some((word) => word.startsWith('--node-deployment'));

async function mainJob(stage: Stage, { nodes }: { readonly nodes: boolean }): Promise<void> {
  await stage.create('/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses', snapshotClass('cut'));
  const claim = async (name: string, dataSource?: object): Promise<void> => {
    await stage.create(CLAIMS, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'shop', ...(nodes ? { annotations: { 'volume.kubernetes.io/selected-node': NODE } } : {}) },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        resources: { requests: { storage: '1Gi' } },
        ...(dataSource === undefined ? {} : { dataSource }),
      },
    });
    const isBound = async (): Promise<boolean> => (await stage.get<PersistentVolumeClaim>(`${CLAIMS}/${name}`))?.status?.phase === 'Bound';
    await stage.until(`claim ${name} bound`, isBound, 600_000);
  };
  await claim('data');
  await stage.create(SNAPSHOTS, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name: 'shot', namespace: 'shop' },
    spec: { volumeSnapshotClassName: 'cut', source: { persistentVolumeClaimName: 'data' } },
  });
  const isReady = async (): Promise<boolean> => (await stage.get<VolumeSnapshot>(`${SNAPSHOTS}/shot`))?.status?.readyToUse === true;
  await stage.until('the snapshot is ready', isReady, 600_000);
  await claim('copy', { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'shot' });
  for (const path of [`${CLAIMS}/copy`, `${SNAPSHOTS}/shot`, `${CLAIMS}/data`]) await stage.send('DELETE', path);
  const isEmpty = (): Promise<boolean> => {
    const { volumes, snapshots } = stage.driver.ledger();
    return Promise.resolve(volumes.length + snapshots.length === 0);
  };
  await stage.until('nothing is left in the driver', isEmpty, 600_000);
}

async function prepared(stage: Stage, { nodes }: { readonly nodes: boolean }): Promise<void> {
  await stage.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE, labels: { [ZONE]: 'a' } } });
  await stage.create('/apis/storage.k8s.io/v1/csinodes', {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name: NODE },
    spec: { drivers: [{ name: DRIVER, nodeID: NODE, topologyKeys: [ZONE] }] },
  });
  await stage.send('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
  await stage.create('/apis/storage.k8s.io/v1/storageclasses', {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: DRIVER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: nodes ? 'WaitForFirstConsumer' : 'Immediate',
  });
}

test.each(published.filter(({ set }) => set !== OF_A_FORK).map((one) => [one.set, one] as const))('%s does the main job', (_, one) => {
  // A sidecar of every node serves what the controller labels.
  const distributed = one.program === 'csi-snapshotter' && perNode(one) ? ['--enable-distributed-snapshotting'] : [];
  const commandLines = { 'snapshot-controller': distributed, [one.program]: one.arguments };
  const nodes = one.program === 'csi-provisioner' && perNode(one);
  return onStage({ snapshots: true, topology: [{ [ZONE]: 'a' }], commandLines, env: one.env }, async (stage) => {
    await prepared(stage, { nodes });
    const started = (): Promise<boolean> => Promise.resolve(stage.log.filter((line) => line.includes('Working')).length === 3);
    await stage.until('three programs work', started);
    await mainJob(stage, { nodes });
    expect(stage.log.filter((line) => /^E\d/.test(line))).toEqual([]);
  });
});

test("flags of a vendor's fork are refused, as by the Go program, each by its name", () => {
  const argv = published.find(({ set }) => set === OF_A_FORK)?.arguments ?? [];
  const read = (): unknown => readCommandLine({ syntax: 'pflag', plans: [planRole(CSI_PROVISIONER)], argv, env: () => undefined });
  expect(read).toThrow('enable-hostlocal-placement');
});
