/** Topology end to end: nodes, CSINodes, the sandbox's scheduler and a driver bound to its segments. */
import { expect, test } from 'vitest';
import { CreateVolumeRequest } from '../../proto/gen/csi.ts';
import type { CoreEvent, PersistentVolume, PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { snapshotClass } from '../simulation/manifests.ts';
import type { Stage } from './provisioner-stage.ts';
import { DRIVER, onStage } from './provisioner-stage.ts';

const ZONE = 'topology.mock/zone';
const CLAIMS = '/api/v1/namespaces/shop/persistentvolumeclaims';
const SELECTED = 'volume.kubernetes.io/selected-node';

const storageClass = (volumeBindingMode: string, change: object = {}) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'fast' },
  provisioner: DRIVER,
  reclaimPolicy: 'Delete',
  volumeBindingMode,
  ...change,
});

const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace: 'shop' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
};

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'reader', namespace: 'shop' },
  spec: { containers: [{ name: 'main', image: 'x' }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
};

async function addNode(stage: Stage, name: string, zone: string): Promise<void> {
  await stage.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { [ZONE]: zone } } });
  await stage.create('/apis/storage.k8s.io/v1/csinodes', {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name },
    spec: { drivers: [{ name: DRIVER, nodeID: name, topologyKeys: [ZONE] }] },
  });
}

async function open(
  zones: readonly string[],
  flags: readonly string[],
  story: (stage: Stage) => Promise<void>,
  snapshots = false,
): Promise<void> {
  await onStage({ topology: [{ [ZONE]: 'a' }, { [ZONE]: 'b' }], flags, snapshots }, async (stage) => {
    await stage.send('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
    for (const zone of zones) await addNode(stage, `node-${zone}`, zone);
    await stage.until('the start', () => Promise.resolve(stage.log.some((line) => line.includes('Working'))));
    await story(stage);
  });
}

const getClaim = (stage: Stage) => stage.get<PersistentVolumeClaim>(`${CLAIMS}/data`);

async function boundVolume(stage: Stage, limitMs?: number): Promise<PersistentVolume | undefined> {
  await stage.until('claim bound', async () => (await getClaim(stage))?.status?.phase === 'Bound', limitMs);
  return stage.get<PersistentVolume>(`/api/v1/persistentvolumes/${(await getClaim(stage))?.spec?.volumeName ?? ''}`);
}

function asked(stage: Stage): readonly (readonly string[])[] {
  return stage.rpcs
    .filter(({ rpc }) => rpc === 'CreateVolume')
    .map(({ request }) =>
      (CreateVolumeRequest.decode(request).accessibilityRequirements?.preferred ?? []).map(({ segments }) => segments[ZONE] ?? ''),
    );
}

const zoneOf = (volume: PersistentVolume | undefined): unknown =>
  volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms?.map((term) => term.matchExpressions);

test('late binding: the volume is made where the Pod was sent, and says so', () =>
  open(['a', 'b'], [], async (stage) => {
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('WaitForFirstConsumer'));
    await stage.create(CLAIMS, claim);
    await stage.pause(5_000);
    expect(stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume')).toEqual([]);
    await stage.create('/api/v1/namespaces/shop/pods', pod);
    const volume = await boundVolume(stage);
    const node = (await getClaim(stage))?.metadata?.annotations?.[SELECTED] ?? '';
    const zone = node.replace('node-', '');
    // The selected node's first, and every other one as well.
    expect(asked(stage)).toEqual([[zone, ...['a', 'b'].filter((other) => other !== zone)]]);
    expect(zoneOf(volume)).toEqual([[{ key: ZONE, operator: 'In', values: [zone] }]]);
  }));

test('strict topology asks for the selected node alone', () =>
  open(['a', 'b'], ['--strict-topology'], async (stage) => {
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('WaitForFirstConsumer'));
    await stage.create(CLAIMS, claim);
    await stage.create('/api/v1/namespaces/shop/pods', pod);
    await boundVolume(stage);
    expect(asked(stage)).toEqual([[((await getClaim(stage))?.metadata?.annotations?.[SELECTED] ?? '').replace('node-', '')]]);
  }));

test('no room on the selected node: it is given up at once, and another node is tried', () =>
  open(['a', 'b'], ['--strict-topology'], async (stage) => {
    // The scheduler tries the emptiest node twice before it turns to the next.
    let refusals = 0;
    stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' && (refusals += 1) <= 2 ? { code: 'RESOURCE_EXHAUSTED' } : undefined);
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('WaitForFirstConsumer'));
    await stage.create(CLAIMS, claim);
    await stage.create('/api/v1/namespaces/shop/pods', pod);
    await boundVolume(stage, 120_000);
    expect(asked(stage)).toEqual([['a'], ['a'], ['b']]);
    const writes = stage.calls.filter((call) => call.startsWith('PUT persistentvolumeclaims'));
    expect(writes).toHaveLength(2);
  }));

test('immediate binding before any node is registered is told, and heals when one comes', () =>
  open([], [], async (stage) => {
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('Immediate'));
    await stage.create(CLAIMS, claim);
    await stage.pause(60_000);
    const events = await stage.list<CoreEvent>('/api/v1/namespaces/shop/events');
    expect(events.map(({ message = '' }) => message).join()).toContain('no available topology found');
    await addNode(stage, 'node-b', 'b');
    const volume = await boundVolume(stage, 2_000);
    expect(zoneOf(volume)).toEqual([[{ key: ZONE, operator: 'In', values: ['b'] }]]);
  }));

test('allowed topologies are obeyed', () =>
  open(['a', 'b'], [], async (stage) => {
    const allowedTopologies = [{ matchLabelExpressions: [{ key: ZONE, values: ['b'] }] }];
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('Immediate', { allowedTopologies }));
    await stage.create(CLAIMS, claim);
    const volume = await boundVolume(stage);
    expect(zoneOf(volume)).toEqual([[{ key: ZONE, operator: 'In', values: ['b'] }]]);
  }));

test('a restore whose node comes late is made at once then, however long it has waited', () =>
  open(
    ['a'],
    [],
    async (stage) => {
      const restored = (): Promise<PersistentVolumeClaim | undefined> => stage.get<PersistentVolumeClaim>(`${CLAIMS}/restored`);
      const snapshots = '/apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots';
      await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('Immediate'));
      await stage.create('/apis/storage.k8s.io/v1/storageclasses', storageClass('WaitForFirstConsumer', { metadata: { name: 'late' } }));
      await stage.create('/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses', snapshotClass('snap'));
      await stage.create(CLAIMS, claim);
      await boundVolume(stage);
      const ofClaim = { persistentVolumeClaimName: 'data' };
      const snapshot = { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', metadata: { name: 's', namespace: 'shop' } };
      await stage.create(snapshots, { ...snapshot, spec: { volumeSnapshotClassName: 'snap', source: ofClaim } });
      await stage.until('the snapshot', async () => (await stage.get<VolumeSnapshot>(`${snapshots}/s`))?.status?.readyToUse === true);
      await stage.send('DELETE', '/api/v1/nodes/node-a');
      await stage.create(CLAIMS, {
        ...claim,
        metadata: { name: 'restored', namespace: 'shop', annotations: { [SELECTED]: 'node-a' } },
        spec: {
          ...claim.spec,
          storageClassName: 'late',
          dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' },
        },
      });
      await stage.pause(400_000);
      expect((await restored())?.status?.phase).toBe('Pending');
      await stage.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a', labels: { [ZONE]: 'a' } } });
      await stage.until('the restore bound', async () => (await restored())?.status?.phase === 'Bound', 2_000);
    },
    true,
  ));
