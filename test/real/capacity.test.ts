/** Capacities on a real API server: what the Go program publishes ours takes over and back, and the real scheduler obeys it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CsiStorageCapacity, KubeObject, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { CSI_STORAGE_CAPACITIES, PERSISTENT_VOLUME_CLAIMS, PODS, STORAGE_CLASSES } from '../../lib/kube/resources.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { registerReadyNode } from '../../harness/ready-node.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import type { Side } from './programs.ts';
import { PROGRAM_USERS, startProgram, userOf } from './programs.ts';

const ZONE = 'topology.mock.csi.example/zone';
const CSI_DRIVERS = { group: 'storage.k8s.io', version: 'v1', plural: 'csidrivers', kind: 'CSIDriver', namespaced: false } as const;
const OWN_POD = { name: 'csi-0', namespace: 'default' };

let plane: ControlPlane;
let driver: MockDriver;

beforeAll(async () => {
  plane = await startControlPlane({ scheduler: true, audit: true, users: PROGRAM_USERS });
  const zones = ['a', 'b'].map((zone) => `--topology=${ZONE}=${zone}`);
  driver = await startMockDriver(plane.stage, { args: [...zones, `--pool=${ZONE}=a:1Gi`, `--pool=${ZONE}=b:8Gi`] });
  const { kube } = plane;
  for (const zone of ['a', 'b']) {
    const name = `node-${zone}`;
    const drivers = [{ name: driver.name, nodeID: name, topologyKeys: [ZONE] }];
    await registerReadyNode(kube, { name, labels: { [ZONE]: zone }, drivers });
  }
  await kube.create(CSI_DRIVERS, { metadata: { name: driver.name }, spec: { storageCapacity: true } } as KubeObject);
  await kube.create(STORAGE_CLASSES, {
    metadata: { name: 'late' },
    provisioner: driver.name,
    volumeBindingMode: 'WaitForFirstConsumer',
    parameters: { 'csi.storage.k8s.io/fstype': 'ext4' },
  });
  await kube.create(STORAGE_CLASSES, { metadata: { name: 'now' }, provisioner: driver.name, volumeBindingMode: 'Immediate' });
  await kube.create(PODS, { metadata: OWN_POD, spec: { containers: [{ name: 'main', image: 'none.example/main' }] } } as KubeObject);
});
afterAll(() => plane.stop());

function start(side: Side): Promise<Program> {
  return startProgram(plane.stage, {
    role: 'csi-provisioner',
    side,
    kubeconfig: plane.kubeconfigOf(userOf('csi-provisioner', side).name),
    address: driver.address,
    args: [
      '--enable-capacity',
      '--capacity-ownerref-level=0',
      '--capacity-poll-interval=1s',
      '--kube-api-capacity-qps=1000',
      '--kube-api-capacity-burst=1000',
    ],
    env: { NAMESPACE: OWN_POD.namespace, POD_NAME: OWN_POD.name },
  });
}

const capacities = (): Promise<CsiStorageCapacity[]> => plane.kube.list(CSI_STORAGE_CAPACITIES, 'default');

/** Everything but what the server and chance put there, sorted. */
async function published(): Promise<readonly object[]> {
  const objects = (await capacities()).map(({ metadata, ...rest }) => ({
    ...rest,
    labels: metadata?.labels,
    owners: metadata?.ownerReferences,
  }));
  return objects.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** `zone: room`, once it is so. */
async function until(expected: string): Promise<void> {
  const guard = { signal: plane.stage.broken };
  await eventually(
    expected,
    async () => {
      const rooms = (await capacities()).map(
        ({ nodeTopology, capacity }) => `${nodeTopology?.matchLabels?.[ZONE] ?? ''}: ${String(capacity)}`,
      );
      return rooms.sort().join(', ') === expected ? true : undefined;
    },
    guard,
  );
}

/** Writes of ours to capacities since the audit log had `from` lines. */
function writes(side: Side, from: number): readonly string[] {
  return plane
    .audit()
    .slice(from)
    .filter(
      ({ user, resource, verb }) =>
        user === userOf('csi-provisioner', side).name && resource === 'csistoragecapacities' && !['get', 'list', 'watch'].includes(verb),
    )
    .map(({ verb, code }) => `${verb} ${code}`);
}

async function makeVolume(name: string, storage: string): Promise<string> {
  const { kube } = plane;
  const guard = { signal: plane.stage.broken };
  await kube.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: { name, namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'late', resources: { requests: { storage } } },
  });
  await kube.create(PODS, {
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [{ name: 'main', image: 'none.example/main', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }],
    },
  } as KubeObject);
  const bound = await kube.until<PersistentVolumeClaim>(
    PERSISTENT_VOLUME_CLAIMS,
    { namespace: 'default', name },
    { what: 'bound', test: ({ status }) => status?.phase === 'Bound', ...guard },
  );
  return bound.metadata?.annotations?.['volume.kubernetes.io/selected-node'] ?? '';
}

async function deleteVolume(name: string): Promise<void> {
  await plane.kubectl(['delete', 'pod', '--namespace', 'default', name, '--grace-period=0', '--force']);
  await plane.kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace: 'default', name });
}

const uids = async (): Promise<string> =>
  (await capacities())
    .map(({ metadata }) => metadata?.uid ?? '')
    .sort()
    .join();

describe('capacities on a real API server', () => {
  test('ours takes over what Go published, follows volumes with one write each, is obeyed, and is taken over by Go again', async () => {
    const go = await start('go');
    await until('a: 1Gi, b: 8Gi');
    const ofGo = await published();
    const taken = await uids();
    await go.stop();

    const from = plane.audit().length;
    const ours = await start('ours');
    // The first zone is too small for it: the scheduler reads that off the objects.
    expect(await makeVolume('large', '4Gi')).toBe('node-b');
    await until('a: 1Gi, b: 4Gi');
    await deleteVolume('large');
    await until('a: 1Gi, b: 8Gi');
    expect(await uids()).toBe(taken);
    expect(writes('ours', from)).toEqual(['update 200', 'update 200']);
    await ours.stop();

    for (const { metadata } of await capacities())
      await plane.kube.delete(CSI_STORAGE_CAPACITIES, { namespace: 'default', name: metadata?.name ?? '' });
    const anew = await start('ours');
    await until('a: 1Gi, b: 8Gi');
    expect(await published()).toEqual(ofGo);
    const own = await uids();
    await anew.stop();

    const goAgain = await start('go');
    expect(await makeVolume('again', '3Gi')).toBe('node-b');
    await until('a: 1Gi, b: 5Gi');
    expect(await uids()).toBe(own);
    await deleteVolume('again');
    await goAgain.stop();
  });
});
