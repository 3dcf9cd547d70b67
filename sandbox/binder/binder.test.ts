import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../apiserver/json.ts';
import { at, listAt, stringAt } from '../apiserver/json.ts';
import { TestCluster } from '../test-cluster.ts';

const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
const VOLUMES = '/api/v1/persistentvolumes';
const PODS = '/api/v1/namespaces/default/pods';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';

class BinderCluster extends TestCluster {
  constructor() {
    super({ parts: ['binder'] });
  }

  /** Until nothing is left to do. */
  settle(): void {
    this.clock.advance(100);
  }

  async makeClass(name: string, rest: JsonObject = {}): Promise<void> {
    await this.post(CLASSES, { metadata: { name }, provisioner: 'd.example', ...rest });
  }

  /** Answers the uid. */
  async makeClaim(name: string, spec: JsonObject = {}): Promise<string> {
    const base = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'k' };
    const { body } = await this.post(CLAIMS, { metadata: { name }, spec: { ...base, ...spec } });
    this.settle();
    return stringAt(body, 'metadata', 'uid') ?? '';
  }

  async makeVolume(name: string, spec: JsonObject = {}, annotations: JsonObject = {}): Promise<void> {
    const base = {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      csi: { driver: 'd.example', volumeHandle: name },
      storageClassName: 'k',
    };
    await this.post(VOLUMES, { metadata: { name, annotations }, spec: { ...base, ...spec } });
    this.settle();
  }

  async claim(name: string): Promise<JsonObject> {
    return (await this.get(`${CLAIMS}/${name}`)).body;
  }

  async volume(name: string): Promise<JsonObject> {
    return (await this.get(`${VOLUMES}/${name}`)).body;
  }

  async phases(...paths: string[]): Promise<(Json | undefined)[]> {
    const found: (Json | undefined)[] = [];
    for (const path of paths) found.push(at((await this.get(path)).body, 'status', 'phase'));
    return found;
  }

  async reasons(): Promise<(string | undefined)[]> {
    return listAt((await this.get('/api/v1/events')).body, 'items').map((event) => stringAt(event, 'reason'));
  }
}

function annotations(object: JsonObject): Json | undefined {
  return at(object, 'metadata', 'annotations');
}

describe('binding', () => {
  test('gives a claim the smallest volume that fits', async () => {
    const cluster = new BinderCluster();
    await cluster.makeVolume('large', { capacity: { storage: '5Gi' } });
    await cluster.makeVolume('small', { capacity: { storage: '2Gi' } });
    await cluster.makeVolume('tiny', { capacity: { storage: '1Mi' } });
    await cluster.makeVolume('other-class', { storageClassName: 'l' });
    await cluster.makeVolume('other-mode', { volumeMode: 'Block' });
    const uid = await cluster.makeClaim('c');
    expect(await cluster.claim('c')).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      spec: { volumeName: 'small' },
      status: { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'] },
    });
    expect(await cluster.volume('small')).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      spec: { claimRef: { kind: 'PersistentVolumeClaim', name: 'c', namespace: 'default', uid } },
      status: { phase: 'Bound' },
    });
    expect(await cluster.phases(`${VOLUMES}/large`)).toEqual(['Available']);
  });

  test('waits for a volume and takes it when it comes', async () => {
    const cluster = new BinderCluster();
    await cluster.makeClaim('c', { storageClassName: '' });
    expect(await cluster.phases(`${CLAIMS}/c`)).toEqual(['Pending']);
    expect(await cluster.reasons()).toEqual(['FailedBinding']);
    await cluster.makeVolume('v', { storageClassName: '' });
    expect(await cluster.phases(`${CLAIMS}/c`, `${VOLUMES}/v`)).toEqual(['Bound', 'Bound']);
  });

  test('keeps to the volume that a claim asks for, and to its selector', async () => {
    const cluster = new BinderCluster();
    await cluster.makeVolume('a');
    await cluster.makeVolume('b');
    await cluster.patch(`${VOLUMES}/b`, { metadata: { labels: { tier: 'x' } } });
    await cluster.makeClaim('named', { volumeName: 'b' });
    expect(await cluster.phases(`${CLAIMS}/named`, `${VOLUMES}/b`)).toEqual(['Bound', 'Bound']);
    await cluster.makeClaim('picky', { selector: { matchLabels: { tier: 'x' } } });
    expect(await cluster.phases(`${CLAIMS}/picky`, `${VOLUMES}/a`)).toEqual(['Pending', 'Available']);
    await cluster.makeClaim('mismatched', { volumeName: 'a', storageClassName: 'other' });
    expect(await cluster.reasons()).toContain('VolumeMismatch');
  });

  test('finishes what the maker of a volume began, and leaves the maker its reservation', async () => {
    const cluster = new BinderCluster();
    await cluster.makeVolume('reserved', { claimRef: { name: 'c', namespace: 'default' } });
    expect(await cluster.phases(`${VOLUMES}/reserved`)).toEqual(['Available']);
    await cluster.makeClaim('c');
    expect(await cluster.phases(`${CLAIMS}/c`, `${VOLUMES}/reserved`)).toEqual(['Bound', 'Bound']);
    expect(annotations(await cluster.volume('reserved'))).toBeUndefined();
  });

  test('is seen step by step: volume, its phase, claim, its phase', async () => {
    const cluster = new BinderCluster();
    await cluster.makeVolume('v');
    const version = String(at((await cluster.get(CLAIMS)).body, 'metadata', 'resourceVersion'));
    const volumes = await cluster.watch(`${VOLUMES}?watch=true&resourceVersion=${version}`);
    const claims = await cluster.watch(`${CLAIMS}?watch=true&resourceVersion=${version}`);
    await cluster.makeClaim('c');
    const versions = (events: readonly JsonObject[]): number[] =>
      events.map((event) => Number(at(event, 'object', 'metadata', 'resourceVersion')));
    const [volume, claim] = [versions(await volumes.events()), versions(await claims.events())];
    expect([volume.length, claim.length]).toEqual([2, 3]);
    expect(Math.max(...volume)).toBeLessThan(claim[1] ?? 0);
  });
});

describe('provisioning', () => {
  test('names the provisioner of a claim that no volume fits, in both annotations', async () => {
    const cluster = new BinderCluster();
    await cluster.makeClass('k');
    await cluster.makeClaim('c');
    expect(annotations(await cluster.claim('c'))).toEqual({
      'volume.kubernetes.io/storage-provisioner': 'd.example',
      'volume.beta.kubernetes.io/storage-provisioner': 'd.example',
    });
    expect(await cluster.reasons()).toEqual(['ExternalProvisioning']);
  });

  test('binds the volume that the provisioner made for the claim', async () => {
    const cluster = new BinderCluster();
    await cluster.makeClass('k');
    const uid = await cluster.makeClaim('c');
    await cluster.makeVolume('pvc', { claimRef: { name: 'c', namespace: 'default', uid }, persistentVolumeReclaimPolicy: 'Delete' });
    expect(await cluster.phases(`${CLAIMS}/c`, `${VOLUMES}/pvc`)).toEqual(['Bound', 'Bound']);
  });

  test('waits for a node where the class says so', async () => {
    const cluster = new BinderCluster();
    await cluster.makeClass('k', { volumeBindingMode: 'WaitForFirstConsumer' });
    await cluster.makeVolume('v');
    await cluster.makeClaim('c');
    expect([annotations(await cluster.claim('c')), await cluster.reasons()]).toEqual([undefined, ['WaitForFirstConsumer']]);
    await cluster.post(PODS, {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] },
    });
    cluster.settle();
    expect(await cluster.reasons()).toContain('WaitForPodScheduled');
    await cluster.patch(`${CLAIMS}/c`, { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'n' } } });
    cluster.settle();
    expect(at(await cluster.claim('c'), 'metadata', 'annotations', 'volume.kubernetes.io/storage-provisioner')).toBe('d.example');
  });

  test('begins when the missing class appears, also for a claim without one', async () => {
    const cluster = new BinderCluster();
    await cluster.makeClaim('c');
    expect(await cluster.reasons()).toEqual(['ProvisioningFailed']);
    const { body } = await cluster.post(CLAIMS, {
      metadata: { name: 'd' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    expect(at(body, 'spec', 'storageClassName')).toBeUndefined();
    await cluster.makeClass('k', { metadata: { name: 'k', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } });
    cluster.settle();
    for (const name of ['c', 'd'])
      expect(at(await cluster.claim(name), 'metadata', 'annotations', 'volume.kubernetes.io/storage-provisioner')).toBe('d.example');
  });

  test('says the same thing about the same claim once', async () => {
    const cluster = new BinderCluster();
    await cluster.makeClass('k');
    await cluster.makeClaim('c');
    for (const value of ['1', '2', '3']) {
      await cluster.patch(`${CLAIMS}/c`, { metadata: { labels: { value } } });
      cluster.settle();
    }
    expect(await cluster.reasons()).toEqual(['ExternalProvisioning']);
  });
});

describe('release', () => {
  async function bound(policy: string): Promise<BinderCluster> {
    const cluster = new BinderCluster();
    await cluster.makeVolume('v', { persistentVolumeReclaimPolicy: policy }, { 'pv.kubernetes.io/provisioned-by': 'd.example' });
    await cluster.makeClaim('c');
    expect(await cluster.phases(`${CLAIMS}/c`, `${VOLUMES}/v`)).toEqual(['Bound', 'Bound']);
    return cluster;
  }

  test.each(['Delete', 'Retain'])('of a volume with policy %s leaves it Released: its deletion is the provisioner’s', async (policy) => {
    const cluster = await bound(policy);
    await cluster.delete(`${CLAIMS}/c`);
    cluster.settle();
    expect((await cluster.get(`${CLAIMS}/c`)).status).toBe(404);
    expect(await cluster.phases(`${VOLUMES}/v`)).toEqual(['Released']);
  });

  test('does not give the volume to another claim of the same name', async () => {
    const cluster = await bound('Retain');
    await cluster.delete(`${CLAIMS}/c`);
    cluster.settle();
    await cluster.makeClaim('c');
    expect(await cluster.phases(`${CLAIMS}/c`, `${VOLUMES}/v`)).toEqual(['Pending', 'Released']);
  });

  test('of a volume whose claim chose another frees it', async () => {
    const cluster = new BinderCluster();
    const uid = await cluster.makeClaim('c', { storageClassName: '' });
    await cluster.makeVolume('a', { storageClassName: '', claimRef: { name: 'c', namespace: 'default', uid } });
    await cluster.makeVolume('extra', { storageClassName: '', claimRef: { name: 'c', namespace: 'default', uid } });
    expect(await cluster.phases(`${VOLUMES}/a`, `${VOLUMES}/extra`)).toEqual(['Bound', 'Available']);
    expect(at(await cluster.volume('extra'), 'spec', 'claimRef')).toEqual({ name: 'c', namespace: 'default' });
  });

  test('of a bound claim whose volume is gone is loss', async () => {
    const cluster = await bound('Retain');
    await cluster.patch(`${VOLUMES}/v`, { metadata: { finalizers: null } });
    await cluster.delete(`${VOLUMES}/v`);
    cluster.settle();
    expect(await cluster.phases(`${CLAIMS}/c`)).toEqual(['Lost']);
    expect(await cluster.reasons()).toContain('ClaimLost');
  });
});

describe('protection', () => {
  test('keeps a claim while a Pod on a node uses it, ended or not', async () => {
    const cluster = new BinderCluster();
    await cluster.makeClaim('c');
    await cluster.post(PODS, {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] },
    });
    await cluster.post(`${PODS}/p/binding`, { target: { kind: 'Node', name: 'n' } });
    await cluster.delete(`${CLAIMS}/c`);
    await cluster.patch(`${PODS}/p/status`, { status: { phase: 'Succeeded' } });
    cluster.settle();
    expect((await cluster.get(`${CLAIMS}/c`)).status).toBe(200);
    await cluster.delete(`${PODS}/p`, { gracePeriodSeconds: 0 });
    cluster.settle();
    expect((await cluster.get(`${CLAIMS}/c`)).status).toBe(404);
  });

  test('keeps a volume while it is bound', async () => {
    const cluster = new BinderCluster();
    await cluster.makeVolume('v');
    await cluster.makeClaim('c');
    await cluster.delete(`${VOLUMES}/v`);
    cluster.settle();
    expect((await cluster.get(`${VOLUMES}/v`)).status).toBe(200);
    await cluster.delete(`${CLAIMS}/c`);
    cluster.settle();
    expect((await cluster.get(`${VOLUMES}/v`)).status).toBe(404);
  });

  test('lets a namespace go with its claims', async () => {
    const cluster = new BinderCluster();
    await cluster.post('/api/v1/namespaces', { metadata: { name: 'n' } });
    await cluster.post('/api/v1/namespaces/n/persistentvolumeclaims', {
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await cluster.delete('/api/v1/namespaces/n');
    cluster.clock.advance(1000);
    expect((await cluster.get('/api/v1/namespaces/n')).status).toBe(404);
  });
});

test('a settled cluster is silent: no timer, no write', async () => {
  const cluster = new BinderCluster();
  await cluster.makeClass('k');
  await cluster.makeVolume('v', { storageClassName: 'static' });
  await cluster.makeClaim('c', { storageClassName: 'static' });
  await cluster.makeClaim('d');
  const version = at((await cluster.get(CLAIMS)).body, 'metadata', 'resourceVersion');
  expect(cluster.clock.pending).toBe(0);
  cluster.clock.advance(3_600_000);
  expect(at((await cluster.get(CLAIMS)).body, 'metadata', 'resourceVersion')).toBe(version);
});
