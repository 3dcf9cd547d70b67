import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../apiserver/json.ts';
import { at, listAt, stringAt } from '../apiserver/json.ts';
import { TestCluster } from '../test-cluster.ts';

const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
const VOLUMES = '/api/v1/persistentvolumes';
const PODS = '/api/v1/namespaces/default/pods';
const STORAGE = '/apis/storage.k8s.io/v1';
const SELECTED = 'volume.kubernetes.io/selected-node';

class SchedulerCluster extends TestCluster {
  constructor() {
    super({ parts: ['binder', 'scheduler'] });
  }

  settle(): void {
    this.clock.advance(100);
  }

  async makeNode(name: string, labels: JsonObject = {}, drivers: readonly string[] = []): Promise<void> {
    await this.post('/api/v1/nodes', { metadata: { name, labels } });
    await this.post(`${STORAGE}/csinodes`, {
      metadata: { name },
      spec: { drivers: drivers.map((driver) => ({ name: driver, nodeID: name })) },
    });
    this.settle();
  }

  async makeClass(name: string, rest: JsonObject = {}): Promise<void> {
    await this.post(`${STORAGE}/storageclasses`, {
      metadata: { name },
      provisioner: 'd.example',
      volumeBindingMode: 'WaitForFirstConsumer',
      ...rest,
    });
  }

  async makeClaim(name: string, storageClassName: string): Promise<void> {
    await this.post(CLAIMS, {
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName },
    });
    this.settle();
  }

  async makeVolume(name: string, spec: JsonObject): Promise<void> {
    await this.post(VOLUMES, {
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, csi: { driver: 'd.example', volumeHandle: name }, ...spec },
    });
    this.settle();
  }

  /** What a provisioner does once it is told a node. */
  async provision(claim: string, storageClassName: string): Promise<void> {
    const { body } = await this.get(`${CLAIMS}/${claim}`);
    await this.makeVolume(`pvc-${claim}`, {
      storageClassName,
      claimRef: { name: claim, namespace: 'default', uid: at(body, 'metadata', 'uid') ?? '' },
    });
  }

  async makePod(name: string, claims: readonly string[], spec: JsonObject = {}): Promise<void> {
    const volumes = claims.map((claimName, index) => ({ name: `v${index}`, persistentVolumeClaim: { claimName } }));
    await this.post(PODS, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }], volumes, ...spec } });
    this.settle();
  }

  async nodeOf(pod: string): Promise<Json | undefined> {
    return at((await this.get(`${PODS}/${pod}`)).body, 'spec', 'nodeName');
  }

  async selected(claim: string): Promise<string | undefined> {
    return stringAt((await this.get(`${CLAIMS}/${claim}`)).body, 'metadata', 'annotations', SELECTED);
  }

  /** Why a Pod waits, from its condition. */
  async complaint(pod: string): Promise<string | undefined> {
    return stringAt(listAt((await this.get(`${PODS}/${pod}`)).body, 'status', 'conditions')[0], 'message');
  }
}

function zoneAffinity(zone: string): JsonObject {
  return { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }] } } };
}

describe('a Pod', () => {
  test('waits while there is no node, and says so', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makePod('p', []);
    expect([await cluster.nodeOf('p'), await cluster.complaint('p')]).toEqual([
      undefined,
      '0/0 nodes are available: no nodes available to schedule pods.',
    ]);
    await cluster.makeNode('n');
    expect(await cluster.nodeOf('p')).toBe('n');
    const { body } = await cluster.get('/api/v1/events');
    expect(listAt(body, 'items').map((event) => at(event, 'reason'))).toEqual(['FailedScheduling', 'Scheduled']);
  });

  test('goes to the emptiest node that its selector allows', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makeNode('a', { disk: 'ssd' });
    await cluster.makeNode('b', { disk: 'ssd' });
    await cluster.makeNode('c');
    for (const name of ['p', 'q', 'r']) await cluster.makePod(name, [], { nodeSelector: { disk: 'ssd' } });
    expect([await cluster.nodeOf('p'), await cluster.nodeOf('q'), await cluster.nodeOf('r')]).toEqual(['a', 'b', 'a']);
    await cluster.patch('/api/v1/nodes/b', { spec: { unschedulable: true } });
    await cluster.makePod('s', [], { nodeSelector: { disk: 'ssd' } });
    expect(await cluster.nodeOf('s')).toBe('a');
  });

  test('goes where its bound volumes are', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makeNode('a', { zone: 'z1' });
    await cluster.makeNode('b', { zone: 'z2' });
    await cluster.makeVolume('v', { storageClassName: 's', ...zoneAffinity('z2') });
    await cluster.makeClaim('c', 's');
    await cluster.makePod('p', ['c']);
    expect(await cluster.nodeOf('p')).toBe('b');
  });

  test('waits for claims that are missing, deleting or not bound yet', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makeNode('a');
    await cluster.makePod('p', ['c']);
    expect(await cluster.complaint('p')).toBe('0/1 nodes are available: persistentvolumeclaim "c" not found.');
    await cluster.makeClaim('c', 'none');
    expect(await cluster.complaint('p')).toBe('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.');
    await cluster.makeVolume('v', { storageClassName: 'none' });
    expect(await cluster.nodeOf('p')).toBe('a');
  });
});

describe('a claim that waits for its Pod', () => {
  test('is told the node, provisioned, and then the Pod is bound', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makeClass('w');
    await cluster.makeNode('without');
    await cluster.makeNode('with', {}, ['d.example']);
    await cluster.makeClaim('c', 'w');
    await cluster.makePod('p', ['c']);
    expect([await cluster.selected('c'), await cluster.nodeOf('p')]).toEqual(['with', undefined]);
    await cluster.provision('c', 'w');
    expect(await cluster.nodeOf('p')).toBe('with');
  });

  test('is made only where its class allows it', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makeClass('w', { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['z2'] }] }] });
    await cluster.makeNode('a', { zone: 'z1' });
    await cluster.makeClaim('c', 'w');
    await cluster.makePod('p', ['c']);
    expect(await cluster.complaint('p')).toBe("0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.");
    await cluster.makeNode('b', { zone: 'z2' });
    expect(await cluster.selected('c')).toBe('b');
  });

  test('takes an existing volume that its node can reach', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makeClass('w', { provisioner: 'kubernetes.io/no-provisioner' });
    await cluster.makeNode('a', { zone: 'z1' });
    await cluster.makeNode('b', { zone: 'z2' });
    await cluster.makeVolume('v', { storageClassName: 'w', ...zoneAffinity('z2') });
    await cluster.makeClaim('c', 'w');
    await cluster.makePod('p', ['c']);
    expect([await cluster.nodeOf('p'), at((await cluster.get(`${CLAIMS}/c`)).body, 'spec', 'volumeName')]).toEqual(['b', 'v']);
  });

  test('of a class of an in-tree plugin is told the node, since a driver took over', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makeClass('w', { provisioner: 'kubernetes.io/aws-ebs' });
    await cluster.makeNode('a');
    await cluster.makeClaim('c', 'w');
    await cluster.makePod('p', ['c']);
    expect(await cluster.selected('c')).toBe('a');
  });

  test('goes only where the driver reports room for it', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makeClass('w');
    await cluster.post(`${STORAGE}/csidrivers`, { metadata: { name: 'd.example' }, spec: { storageCapacity: true } });
    await cluster.makeNode('a', { zone: 'z1' }, ['d.example']);
    await cluster.makeNode('b', { zone: 'z2' }, ['d.example']);
    await cluster.makeClaim('c', 'w');
    await cluster.makePod('p', ['c']);
    expect(await cluster.complaint('p')).toBe('0/2 nodes are available: 2 node(s) did not have enough free storage.');
    for (const [zone, capacity] of [
      ['z1', '500Mi'],
      ['z2', '10Gi'],
    ] as const) {
      await cluster.post(`${STORAGE}/namespaces/default/csistoragecapacities`, {
        metadata: { name: zone },
        storageClassName: 'w',
        capacity,
        nodeTopology: { matchLabels: { zone } },
      });
    }
    cluster.settle();
    expect(await cluster.selected('c')).toBe('b');
  });

  test('is offered another node after a pause when the provisioner gives the choice back', async () => {
    const cluster = new SchedulerCluster();
    await cluster.makeClass('w');
    await cluster.makeNode('a', {}, ['d.example']);
    await cluster.makeNode('b', {}, ['d.example']);
    await cluster.makeClaim('c', 'w');
    await cluster.makePod('p', ['c']);
    const giveBack = async (): Promise<void> => {
      await cluster.patch(`${CLAIMS}/c`, { metadata: { annotations: { [SELECTED]: null } } });
      cluster.settle();
    };
    expect(await cluster.selected('c')).toBe('a');
    await giveBack();
    expect(await cluster.selected('c')).toBeUndefined();
    cluster.clock.advance(1000);
    expect(await cluster.selected('c')).toBe('a');
    await giveBack();
    cluster.clock.advance(2000);
    expect(await cluster.selected('c')).toBe('b');
  });
});
