/** A provisioner and a driver on every node: whose claim is it, and what becomes of those that nobody was chosen for? */
import { expect, test } from 'vitest';
import { openEntries } from '../../harness/journal-entries.ts';
import type { CoreEvent, Lease, PersistentVolume, PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import type { Stage, StageOptions } from './provisioner-stage.ts';
import { snapshotClass } from '../simulation/manifests.ts';
import { DRIVER, onStage } from './provisioner-stage.ts';

const CLAIMS = '/api/v1/namespaces/shop/persistentvolumeclaims';
const VOLUMES = '/api/v1/persistentvolumes';
const PODS = '/api/v1/namespaces/shop/pods';
const SELECTED = 'volume.kubernetes.io/selected-node';
const NODES = ['node-a', 'node-b'];

const storageClass = (volumeBindingMode: string) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local' },
  provisioner: DRIVER,
  reclaimPolicy: 'Delete',
  volumeBindingMode,
});

const claim = (name: string, change: object = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'shop' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'local', resources: { requests: { storage: '1Gi' } }, ...change },
});

const pod = (name: string, node: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop' },
  spec: {
    nodeSelector: { node },
    containers: [{ name: 'main', image: 'x' }],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }],
  },
});

async function open(options: StageOptions, story: (stage: Stage) => Promise<void>): Promise<void> {
  await onStage({ nodes: NODES, ...options, flags: ['--node-deployment', ...(options.flags ?? [])] }, async (stage) => {
    await stage.send('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
    for (const name of NODES) {
      await stage.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { node: name } } });
      await stage.create('/apis/storage.k8s.io/v1/csinodes', {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSINode',
        metadata: { name },
        spec: { drivers: [{ name: DRIVER, nodeID: name, topologyKeys: ['node'] }] },
      });
    }
    await stage.until('the start', () => Promise.resolve(stage.log.filter((line) => line.includes('Working')).length >= NODES.length));
    await story(stage);
  });
}

const getClaim = (stage: Stage, name: string) => stage.get<PersistentVolumeClaim>(`${CLAIMS}/${name}`);

async function nodeOf(stage: Stage, name: string, limitMs?: number): Promise<string> {
  await stage.until(`${name} bound`, async () => (await getClaim(stage, name))?.status?.phase === 'Bound', limitMs);
  const volume = await stage.get<PersistentVolume>(`${VOLUMES}/${(await getClaim(stage, name))?.spec?.volumeName ?? ''}`);
  const [term] = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return term?.matchExpressions?.[0]?.values?.[0] ?? '';
}

const asked = (stage: Stage, rpc: string): readonly string[] => stage.rpcs.filter((call) => call.rpc === rpc).map(({ node }) => node);

async function messages(stage: Stage): Promise<string> {
  const events = await stage.list<CoreEvent>('/api/v1/namespaces/shop/events');
  return events.map(({ reason = '', message = '' }) => `${reason}: ${message}`).join('\n');
}

test('each Pod gets its volume on its own node, made and deleted by its own driver, and nobody else is asked', () =>
  open({}, async (stage) => {
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('WaitForFirstConsumer'));
    for (const node of NODES) {
      await stage.create(CLAIMS, claim(`data-${node}`));
      await stage.create(PODS, pod(`data-${node}`, node));
    }
    for (const node of NODES) expect(await nodeOf(stage, `data-${node}`)).toBe(node);
    expect([...asked(stage, 'CreateVolume')].sort()).toEqual(NODES);
    stage.forget();
    await stage.send('DELETE', `${PODS}/data-node-b?gracePeriodSeconds=0`);
    await stage.send('DELETE', `${CLAIMS}/data-node-b`);
    await stage.until('its volume gone', async () => (await stage.list<PersistentVolume>(VOLUMES)).length === 1);
    expect(asked(stage, 'DeleteVolume')).toEqual(['node-b']);
    expect(await messages(stage)).not.toContain('ProvisioningFailed');
  }));

test('a claim that waits for no Pod is made once, on the node that was first, with one write to choose it', () =>
  open({}, async (stage) => {
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('Immediate'));
    stage.forget();
    await stage.create(CLAIMS, claim('data'));
    const node = await nodeOf(stage, 'data');
    expect((await getClaim(stage, 'data'))?.metadata?.annotations?.[SELECTED]).toBe(node);
    expect(asked(stage, 'CreateVolume')).toEqual([node]);
    expect(stage.calls.filter((call) => call === 'PUT persistentvolumeclaims')).toHaveLength(1);
  }));

test('who loses the race by the version of the claim says nothing, and leaves it to the winner', () =>
  open({}, async (stage) => {
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('Immediate'));
    let loser = '';
    // While the first write is on its way, the other node's arrives.
    stage.refuse = ({ method, path, body }) => {
      if (method !== 'PUT' || !path.startsWith(CLAIMS) || loser !== '') return undefined;
      loser = (JSON.parse(new TextDecoder().decode(body)) as PersistentVolumeClaim).metadata?.annotations?.[SELECTED] ?? '';
      const winner = NODES.find((name) => name !== loser);
      void stage.send('PATCH', `${CLAIMS}/data`, { metadata: { annotations: { [SELECTED]: winner } } });
      return undefined;
    };
    await stage.create(CLAIMS, claim('data'));
    const node = await nodeOf(stage, 'data');
    await stage.pause(60_000);
    expect(NODES).toContain(loser);
    expect(node).not.toBe(loser);
    expect(asked(stage, 'CreateVolume')).toEqual([node]);
    expect(await messages(stage)).not.toContain('ProvisioningFailed');
  }));

test('a node without room leaves the claim to the other one', () =>
  open({}, async (stage) => {
    stage.driverFault = ({ rpc, node }) => (node === 'node-a' && rpc === 'CreateVolume' ? { code: 'RESOURCE_EXHAUSTED' } : undefined);
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('Immediate'));
    for (const name of ['one', 'two', 'three']) await stage.create(CLAIMS, claim(name));
    for (const name of ['one', 'two', 'three']) expect(await nodeOf(stage, name, 600_000)).toBe('node-b');
  }));

test('a node that is gone takes nothing, and the other one takes the claim', () =>
  open({}, async (stage) => {
    stage.lose('node-a');
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('Immediate'));
    await stage.create(CLAIMS, claim('data'));
    expect(await nodeOf(stage, 'data')).toBe('node-b');
  }));

test('what the driver of a node that is gone was asked for is settled once the node is back, and by nobody else', () =>
  open({}, async (stage) => {
    stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' ? { code: 'UNAVAILABLE' } : undefined);
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('WaitForFirstConsumer'));
    await stage.create(CLAIMS, claim('data'));
    await stage.create(PODS, pod('data', 'node-a'));
    await stage.until('asked', () => Promise.resolve(asked(stage, 'CreateVolume').length > 0));
    stage.lose('node-a');
    stage.driverFault = undefined;
    await stage.send('DELETE', `${PODS}/data?gracePeriodSeconds=0`);
    await stage.send('DELETE', `${CLAIMS}/data`);
    stage.forget();
    await stage.pause(300_000);
    expect(asked(stage, 'CreateVolume')).toEqual([]);
    stage.regain('node-a');
    await stage.until('settled', () => Promise.resolve(asked(stage, 'DeleteVolume').length > 0));
    expect([asked(stage, 'CreateVolume'), asked(stage, 'DeleteVolume')]).toEqual([['node-a'], ['node-a']]);
  }));

test('what a node may have made before the claim went to another one is found on that node, and deleted there', () =>
  open({}, async (stage) => {
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('Immediate'));
    // The first call of node-a makes a volume and its answer is lost; then the node is full until the claim has gone elsewhere.
    let calls = 0;
    stage.driverFault = ({ rpc, node }) => {
      if (rpc !== 'CreateVolume' || node !== 'node-a') return undefined;
      calls += 1;
      return calls === 1 ? { code: 'DEADLINE_EXCEEDED', effect: true } : { code: 'RESOURCE_EXHAUSTED' };
    };
    await stage.create(CLAIMS, { ...claim('data'), metadata: { name: 'data', namespace: 'shop', annotations: { [SELECTED]: 'node-a' } } });
    expect(await nodeOf(stage, 'data', 600_000)).toBe('node-b');
    stage.driverFault = undefined;
    await stage.until('the deletion', () => Promise.resolve(asked(stage, 'DeleteVolume').length > 0), 600_000);
    await stage.pause(10_000);
    expect(asked(stage, 'DeleteVolume')).toEqual(['node-a']);
    expect(await stage.list<PersistentVolume>(VOLUMES)).toHaveLength(1);
    expect(openEntries(await stage.list<Lease>('/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'))).toEqual([]);
  }));

test('a snapshot is restored where it is, whatever node was chosen first', () =>
  open({ snapshots: true }, async (stage) => {
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('Immediate'));
    await stage.create('/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses', snapshotClass('snap'));
    // csi-snapshotter stands beside the driver of node-a alone.
    await stage.create(CLAIMS, { ...claim('data'), metadata: { name: 'data', namespace: 'shop', annotations: { [SELECTED]: 'node-a' } } });
    expect(await nodeOf(stage, 'data')).toBe('node-a');
    await stage.create('/apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots', {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'monday', namespace: 'shop' },
      spec: { volumeSnapshotClassName: 'snap', source: { persistentVolumeClaimName: 'data' } },
    });
    const getSnapshot = () => stage.get<VolumeSnapshot>('/apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots/monday');
    await stage.until('ready', async () => (await getSnapshot())?.status?.readyToUse === true);
    const source = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'monday' };
    const restored = claim('restored', { dataSource: source });
    await stage.create(CLAIMS, { ...restored, metadata: { ...restored.metadata, annotations: { [SELECTED]: 'node-b' } } });
    expect(await nodeOf(stage, 'restored', 600_000)).toBe('node-a');
    expect(asked(stage, 'CreateVolume').at(-1)).toBe('node-a');
  }));
