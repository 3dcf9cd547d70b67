/** CSIStorageCapacity end to end: what is published, what it costs, and what the scheduler makes of it. */
import { describe, expect, test } from 'vitest';
import type { CsiStorageCapacity, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { GetCapacityRequest } from '../../proto/gen/csi.ts';
import type { Stage, StageOptions } from './provisioner-stage.ts';
import { DRIVER, onStage } from './provisioner-stage.ts';

const ZONE = 'topology.mock/zone';
const GIB = 1n << 30n;
const CAPACITIES = '/apis/storage.k8s.io/v1/namespaces/kube-system/csistoragecapacities';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';
const CSI_NODES = '/apis/storage.k8s.io/v1/csinodes';
const CLAIMS = '/api/v1/namespaces/shop/persistentvolumeclaims';
const PODS = '/api/v1/namespaces/kube-system/pods';
const CLAIM_PODS = '/api/v1/namespaces/shop/pods';
const LABELS = { 'csi.storage.k8s.io/drivername': DRIVER, 'csi.storage.k8s.io/managed-by': 'external-provisioner' };
const SET = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'csi', uid: '5f3a7c2e-0d8b-4f5e-9a53-0d9e8c1b2a77', controller: true };

const storageClass = (name: string) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name },
  provisioner: DRIVER,
  parameters: { 'csi.storage.k8s.io/fstype': 'ext4' },
  volumeBindingMode: 'WaitForFirstConsumer',
});

const claim = (name: string, storage: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'shop' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage } } },
});

const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop' },
  spec: { containers: [{ name: 'main', image: 'x' }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }] },
});

async function addNode(stage: Stage, name: string, zone: string): Promise<void> {
  await stage.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { [ZONE]: zone } } });
  const drivers = [{ name: DRIVER, nodeID: name, topologyKeys: [ZONE] }];
  await stage.create(CSI_NODES, { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name }, spec: { drivers } });
}

/** Two zones with one and eight GiB, a node in each, and the Pod of the program, which a StatefulSet controls. */
async function open(options: StageOptions & { readonly withoutPod?: boolean }, story: (stage: Stage) => Promise<void>): Promise<void> {
  const { flags = [], withoutPod = false, ...rest } = options;
  const world: StageOptions = {
    topology: [{ [ZONE]: 'a' }, { [ZONE]: 'b' }],
    pools: [
      { segment: { [ZONE]: 'a' }, bytes: GIB },
      { segment: { [ZONE]: 'b' }, bytes: 8n * GIB },
    ],
    env: { NAMESPACE: 'kube-system', POD_NAME: 'csi-0' },
    flags: ['--enable-capacity', ...flags],
    ...rest,
  };
  await onStage(world, async (stage) => {
    await stage.send('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
    if (!withoutPod) await addPod(stage);
    for (const zone of ['a', 'b']) await addNode(stage, `node-${zone}`, zone);
    await stage.until('the start', () => Promise.resolve(stage.log.some((line) => line.includes('Working'))));
    await story(stage);
  });
}

async function addPod(stage: Stage): Promise<void> {
  const metadata = { name: 'csi-0', namespace: 'kube-system', ownerReferences: [SET] };
  await stage.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'main', image: 'x' }] } });
}

async function published(stage: Stage): Promise<readonly string[]> {
  const objects = await stage.list<CsiStorageCapacity>(CAPACITIES);
  return objects
    .map(({ storageClassName, nodeTopology, capacity, maximumVolumeSize }) =>
      [storageClassName, nodeTopology?.matchLabels?.[ZONE], capacity, maximumVolumeSize].join(' '),
    )
    .sort();
}

const until = (stage: Stage, expected: readonly string[], limitMs: number): Promise<void> =>
  stage.until(`published ${expected.join(', ')}`, async () => (await published(stage)).join() === expected.join(), limitMs);

const capacityCalls = (stage: Stage): readonly string[] => stage.calls.filter((call) => call.includes('csistoragecapacities'));
const bound = (stage: Stage, name: string) => async () =>
  (await stage.get<PersistentVolumeClaim>(`${CLAIMS}/${name}`))?.status?.phase === 'Bound';

describe('what is published', () => {
  test('is one object for each class and zone, owned by what controls the Pod, for one write each and nothing afterwards', () =>
    open({}, async (stage) => {
      await stage.create(CLASSES, storageClass('fast'));
      await stage.create(CLASSES, storageClass('slow'));
      await until(stage, ['fast a 1Gi 1Gi', 'fast b 8Gi 8Gi', 'slow a 1Gi 1Gi', 'slow b 8Gi 8Gi'], 5_000);
      // Beside what the start asks about the server itself.
      expect(stage.calls.filter((call) => !call.startsWith('GET /'))).toEqual([
        'GET pods',
        ...Array<string>(4).fill('POST csistoragecapacities'),
      ]);
      const [first] = await stage.list<CsiStorageCapacity>(CAPACITIES);
      expect(first?.metadata).toMatchObject({ labels: LABELS, ownerReferences: [SET] });
      const asked = stage.rpcs.filter(({ rpc }) => rpc === 'GetCapacity').map(({ request }) => GetCapacityRequest.decode(request));
      expect(asked).toHaveLength(4);
      expect(asked[0]).toEqual({ volumeCapabilities: [], parameters: {}, accessibleTopology: { segments: { [ZONE]: 'a' } } });
      stage.forget();
      await stage.pause(10.5 * 60_000);
      expect(stage.calls).toEqual([]);
      expect(stage.rpcs).toHaveLength(40);
    }));

  test('follows what is made and deleted at once, with one write for each object that changes', () =>
    open({}, async (stage) => {
      await stage.create(CLASSES, storageClass('fast'));
      await until(stage, ['fast a 1Gi 1Gi', 'fast b 8Gi 8Gi'], 5_000);
      await stage.create(CLAIMS, claim('data', '4Gi'));
      await stage.create(CLAIM_PODS, pod('data'));
      await stage.send('PATCH', `${CLAIMS}/data`, { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'node-b' } } });
      await stage.until('claim bound', bound(stage, 'data'));
      await until(stage, ['fast a 1Gi 1Gi', 'fast b 4Gi 4Gi'], 5_000);
      await stage.send('DELETE', `${CLAIM_PODS}/data?gracePeriodSeconds=0`);
      await stage.send('DELETE', `${CLAIMS}/data`);
      await until(stage, ['fast a 1Gi 1Gi', 'fast b 8Gi 8Gi'], 5_000);
      expect(capacityCalls(stage).slice(2)).toEqual(['PUT csistoragecapacities', 'PUT csistoragecapacities']);
    }));

  test('goes at once with its class, and with the last node of its zone', () =>
    open({}, async (stage) => {
      await stage.create(CLASSES, storageClass('fast'));
      await stage.create(CLASSES, storageClass('slow'));
      await stage.until('all', async () => (await published(stage)).length === 4, 5_000);
      await stage.send('DELETE', `${CLASSES}/slow`);
      await until(stage, ['fast a 1Gi 1Gi', 'fast b 8Gi 8Gi'], 5_000);
      await stage.send('DELETE', '/api/v1/nodes/node-b');
      await until(stage, ['fast a 1Gi 1Gi'], 5_000);
      expect(capacityCalls(stage).slice(4)).toEqual(Array(3).fill('DELETE csistoragecapacities'));
    }));

  test('of the Go program is taken over; surplus goes; what others publish is left alone', () =>
    open({ flags: ['--capacity-ownerref-level=-1'] }, async (stage) => {
      const make = (zone: string, capacity: string, labels: object) =>
        stage.create(CAPACITIES, {
          metadata: { generateName: 'csisc-', namespace: 'kube-system', labels },
          storageClassName: 'fast',
          nodeTopology: { matchLabels: { [ZONE]: zone } },
          capacity,
          maximumVolumeSize: capacity,
        });
      stage.refuse = ({ path }) => (path.includes('csistoragecapacities') ? 403 : undefined);
      await stage.restart();
      await stage.create(CLASSES, storageClass('fast'));
      await make('a', '1Gi', LABELS);
      await make('b', '3Gi', LABELS);
      await make('b', '3Gi', LABELS);
      await make('c', '3Gi', LABELS);
      await make('a', '9Gi', { ...LABELS, 'csi.storage.k8s.io/managed-by': 'external-provisioner-node-7' });
      await make('a', '7Gi', { 'csi.storage.k8s.io/drivername': DRIVER });
      await stage.pause(500);
      stage.forget();
      stage.refuse = undefined;
      await until(stage, ['fast a 1Gi 1Gi', 'fast a 7Gi 7Gi', 'fast a 9Gi 9Gi', 'fast b 8Gi 8Gi'], 5 * 60_000);
      expect([...capacityCalls(stage)].sort()).toEqual([
        ...Array<string>(2).fill('DELETE csistoragecapacities'),
        'PUT csistoragecapacities',
      ]);
    }));
});

test('an object that somebody takes our labels from is left alone, and another one is made', () =>
  open({}, async (stage) => {
    await stage.create(CLASSES, storageClass('fast'));
    await until(stage, ['fast a 1Gi 1Gi', 'fast b 8Gi 8Gi'], 5_000);
    const [taken] = await stage.list<CsiStorageCapacity>(CAPACITIES);
    const path = `${CAPACITIES}/${taken?.metadata?.name ?? ''}`;
    const change = { metadata: { labels: { 'csi.storage.k8s.io/managed-by': null } }, capacity: '5Gi', maximumVolumeSize: '5Gi' };
    await stage.send('PATCH', path, change);
    await until(stage, ['fast a 1Gi 1Gi', 'fast a 5Gi 5Gi', 'fast b 8Gi 8Gi'], 5_000);
    await stage.pause(5 * 60_000);
    expect(await stage.get<CsiStorageCapacity>(path)).toMatchObject({ capacity: '5Gi' });
  }));

test('a provisioner on every node publishes what its own node has, under a manager of its own', () =>
  open({ flags: ['--node-deployment'], env: { NAMESPACE: 'kube-system', POD_NAME: 'csi-0', NODE_NAME: 'node-a' } }, async (stage) => {
    await stage.create(CAPACITIES, {
      metadata: { generateName: 'csisc-', namespace: 'kube-system', labels: LABELS },
      storageClassName: 'fast',
      nodeTopology: { matchLabels: { [ZONE]: 'b' } },
      capacity: '3Gi',
      maximumVolumeSize: '3Gi',
    });
    await stage.create(CLASSES, storageClass('fast'));
    await until(stage, ['fast a 1Gi 1Gi', 'fast b 3Gi 3Gi'], 5_000);
    const objects = await stage.list<CsiStorageCapacity>(CAPACITIES);
    expect(objects.map(({ metadata }) => metadata?.labels?.['csi.storage.k8s.io/managed-by']).sort()).toEqual([
      'external-provisioner',
      'external-provisioner-node-a',
    ]);
  }));

describe('the scheduler', () => {
  test('sends a Pod to the zone that has room for its claim', () =>
    open({}, async (stage) => {
      await stage.create('/apis/storage.k8s.io/v1/csidrivers', { metadata: { name: DRIVER }, spec: { storageCapacity: true } });
      await stage.create(CLASSES, storageClass('fast'));
      for (const name of ['one', 'two']) {
        await stage.create(CLAIMS, claim(name, '2Gi'));
        await stage.create(CLAIM_PODS, pod(name));
        await stage.until(`${name} bound`, bound(stage, name));
        const { metadata } = (await stage.get<PersistentVolumeClaim>(`${CLAIMS}/${name}`)) ?? {};
        expect(metadata?.annotations?.['volume.kubernetes.io/selected-node']).toBe('node-b');
      }
      expect(stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume').map(({ code }) => code)).toEqual([0, 0]);
    }));
});

describe('where something is missing', () => {
  test('an owner that is not there is said, volumes are made meanwhile, and all is published once it comes', () =>
    open({ withoutPod: true }, async (stage) => {
      await stage.create(CLASSES, storageClass('fast'));
      await stage.create(CLAIMS, claim('data', '1Gi'));
      await stage.create(CLAIM_PODS, pod('data'));
      await stage.until('claim bound', bound(stage, 'data'));
      expect(await published(stage)).toEqual([]);
      expect(stage.log.filter((line) => line.includes('before its owner is found')).length).toBeGreaterThan(0);
      await addPod(stage);
      await stage.until('published', async () => (await published(stage)).length === 2, 30_000);
    }));

  test('capacities that may not be listed hold up no volume, and come once they may', () =>
    open({}, async (stage) => {
      stage.refuse = ({ path }) => (path.includes('csistoragecapacities') ? 403 : undefined);
      await stage.restart();
      await stage.create(CLASSES, storageClass('fast'));
      await stage.create(CLAIMS, claim('data', '1Gi'));
      await stage.create(CLAIM_PODS, pod('data'));
      await stage.until('claim bound', bound(stage, 'data'));
      stage.refuse = undefined;
      await stage.until('published', async () => (await published(stage)).length === 2, 5 * 60_000);
    }));

  test('before the places are known nothing is asked, and what was published stays', () =>
    open({}, async (stage) => {
      await stage.create(CLASSES, storageClass('fast'));
      const all = ['fast a 1Gi 1Gi', 'fast b 8Gi 8Gi'];
      await until(stage, all, 5_000);
      stage.refuse = ({ path }) => (path.includes('csinodes') ? 403 : undefined);
      await stage.restart();
      stage.forget();
      await stage.pause(10 * 60_000);
      expect([await published(stage), capacityCalls(stage), stage.rpcs.filter(({ rpc }) => rpc === 'GetCapacity')]).toEqual([all, [], []]);
      stage.refuse = undefined;
      await stage.until('asked', async () => stage.rpcs.some(({ rpc }) => rpc === 'GetCapacity'), 5 * 60_000);
      expect([await published(stage), capacityCalls(stage)]).toEqual([all, []]);
    }));

  test('without POD_NAME the program ends, and says what to set', () =>
    onStage({ flags: ['--enable-capacity'], env: { NAMESPACE: 'kube-system' } }, async (stage) => {
      await stage.pause(1_000);
      expect(stage.log.join('')).toContain('--enable-capacity needs POD_NAME in the environment');
      expect(stage.log.join('')).not.toContain('Working');
    }));
});

test('with a limit of its own the client waits between its writes', () =>
  open({ flags: ['--kube-api-capacity-qps=1', '--kube-api-capacity-burst=1'] }, async (stage) => {
    await stage.create(CLASSES, storageClass('fast'));
    await stage.create(CLASSES, storageClass('slow'));
    await stage.pause(1_500);
    const early = capacityCalls(stage).length;
    await stage.pause(4_000);
    expect([early < 3, capacityCalls(stage).length]).toEqual([true, 4]);
  }));
