import { describe, expect, test } from 'vitest';
import type { Reply } from '../../test-cluster.ts';
import { TABLE, TestCluster } from '../../test-cluster.ts';
import type { Json, JsonObject } from '../json.ts';
import { at, listAt } from '../json.ts';

const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
const VOLUMES = '/api/v1/persistentvolumes';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';

function claim(name: string, spec: JsonObject = {}): JsonObject {
  return { metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec } };
}

function volume(name: string, spec: JsonObject = {}): JsonObject {
  return {
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, csi: { driver: 'd.example', volumeHandle: 'h' }, ...spec },
  };
}

function fields(reply: Reply): Json[] {
  return listAt(reply.body, 'details', 'causes').map((cause) => at(cause, 'field') ?? null);
}

describe('a PersistentVolumeClaim', () => {
  test('gets its defaults and its protection', async () => {
    const cluster = new TestCluster();
    const { body } = await cluster.post(CLAIMS, {
      ...claim('a', { resources: { requests: { storage: 1073741824 } } }),
      status: { phase: 'Bound' },
    });
    expect(body).toMatchObject({
      metadata: { finalizers: ['kubernetes.io/pvc-protection'] },
      spec: { volumeMode: 'Filesystem', resources: { requests: { storage: '1073741824' } } },
      status: { phase: 'Pending' },
    });
    expect(at(body, 'spec', 'storageClassName')).toBeUndefined();
  });

  test('gets the default class that was made last, unless it names one or none', async () => {
    const cluster = new TestCluster();
    const mark = { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };
    await cluster.post(CLASSES, { metadata: { name: 'old', ...mark }, provisioner: 'p' });
    cluster.clock.advance(5000);
    await cluster.post(CLASSES, { metadata: { name: 'new', ...mark }, provisioner: 'p' });
    expect(at((await cluster.post(CLAIMS, claim('a'))).body, 'spec', 'storageClassName')).toBe('new');
    expect(at((await cluster.post(CLAIMS, claim('b', { storageClassName: '' }))).body, 'spec', 'storageClassName')).toBe('');
    expect(at((await cluster.post(CLAIMS, claim('c', { storageClassName: 'old' }))).body, 'spec', 'storageClassName')).toBe('old');
  });

  test('says its data source in both fields', async () => {
    const cluster = new TestCluster();
    const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
    const populated = { apiGroup: 'x.example', kind: 'Thing', name: 't' };
    const spec = async (name: string, given: JsonObject): Promise<Json | undefined> =>
      (await cluster.post(CLAIMS, claim(name, given))).body.spec;
    expect(await spec('a', { dataSource: snapshot })).toMatchObject({ dataSourceRef: snapshot });
    expect(await spec('b', { dataSourceRef: populated })).toMatchObject({ dataSource: populated });
    expect(await spec('c', { dataSource: populated })).not.toHaveProperty('dataSource');
    expect(await spec('d', { dataSourceRef: { ...snapshot, namespace: 'other' } })).not.toHaveProperty('dataSource');
    expect(fields(await cluster.post(CLAIMS, claim('e', { dataSource: snapshot, dataSourceRef: populated })))).toEqual(['spec']);
  });

  test('must say modes and size, and both in their words', async () => {
    const cluster = new TestCluster();
    expect(fields(await cluster.post(CLAIMS, { metadata: { name: 'a' }, spec: {} }))).toEqual([
      'spec.accessModes',
      'spec.resources[storage]',
    ]);
    expect(fields(await cluster.post(CLAIMS, claim('a', { accessModes: ['Maybe'], volumeMode: 'Tape' })))).toEqual([
      'spec.accessModes',
      'spec.volumeMode',
    ]);
    expect(fields(await cluster.post(CLAIMS, claim('a', { resources: { requests: { storage: '0' } } })))).toEqual([
      'spec.resources[storage]',
    ]);
    expect((await cluster.post(CLAIMS, claim('a', { resources: { requests: { storage: 'much' } } }))).status).toBe(400);
  });

  test('keeps its spec, but for its volume once and its size where its class allows it', async () => {
    const cluster = new TestCluster();
    await cluster.post(CLASSES, { metadata: { name: 'k' }, provisioner: 'p' });
    await cluster.post(CLAIMS, claim('a', { storageClassName: 'k' }));
    const grow = { spec: { resources: { requests: { storage: '2Gi' } } } };
    expect(fields(await cluster.patch(`${CLAIMS}/a`, { spec: { accessModes: ['ReadWriteMany'] } }))).toEqual(['spec']);
    expect(fields(await cluster.patch(`${CLAIMS}/a`, grow))).toEqual(['spec']);
    expect((await cluster.patch(`${CLAIMS}/a`, { spec: { volumeName: 'v' } })).status).toBe(200);
    expect(fields(await cluster.patch(`${CLAIMS}/a`, { spec: { volumeName: 'w' } }))).toEqual(['spec']);
    await cluster.patch(`${CLAIMS}/a/status`, { status: { phase: 'Bound', capacity: { storage: '1024Mi' } } });
    expect((await cluster.patch(`${CLAIMS}/a`, grow)).status).toBe(403);
    await cluster.patch(`${CLASSES}/k`, { allowVolumeExpansion: true });
    expect((await cluster.patch(`${CLAIMS}/a`, grow)).status).toBe(200);
    expect(fields(await cluster.patch(`${CLAIMS}/a`, { spec: { resources: { requests: { storage: '1Gi' } } } }))).toEqual([
      'spec.resources.requests.storage',
    ]);
  });

  test('takes a status on its status path only, and nothing else there', async () => {
    const cluster = new TestCluster();
    await cluster.post(CLAIMS, claim('a'));
    expect((await cluster.patch(`${CLAIMS}/a`, { status: { phase: 'Bound' } })).body.status).toEqual({ phase: 'Pending' });
    const { body } = await cluster.patch(`${CLAIMS}/a/status`, {
      spec: { volumeName: 'v' },
      status: { phase: 'Bound', capacity: { storage: '1024Mi' } },
    });
    expect([body.status, at(body, 'spec', 'volumeName')]).toEqual([{ phase: 'Bound', capacity: { storage: '1Gi' } }, undefined]);
  });

  test('prints as kubectl users know it', async () => {
    const cluster = new TestCluster();
    await cluster.post(CLAIMS, claim('a', { storageClassName: 'k', volumeName: 'v' }));
    await cluster.patch(`${CLAIMS}/a/status`, {
      status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] },
    });
    const { body } = await cluster.get(CLAIMS, TABLE);
    expect(listAt(body, 'rows').map((row) => at(row, 'cells'))).toEqual([
      ['a', 'Bound', 'v', '1Gi', 'RWO,ROX', 'k', '<unset>', '0s', 'Filesystem'],
    ]);
  });
});

describe('a PersistentVolume', () => {
  test('gets its defaults, its protection and the time of its phase', async () => {
    const cluster = new TestCluster();
    const { body } = await cluster.post(VOLUMES, volume('a'));
    expect(body).toMatchObject({
      metadata: { finalizers: ['kubernetes.io/pv-protection'] },
      spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' },
      status: { phase: 'Pending', lastPhaseTransitionTime: '2030-01-01T00:00:00Z' },
    });
    cluster.clock.advance(5000);
    const released = await cluster.patch(`${VOLUMES}/a/status`, { status: { phase: 'Released' } });
    expect(at(released.body, 'status', 'lastPhaseTransitionTime')).toBe('2030-01-01T00:00:05Z');
  });

  test.each<[string, JsonObject, string[]]>([
    ['no source', { csi: null }, ['spec']],
    ['two sources', { nfs: { server: 's', path: '/p' } }, ['spec.nfs']],
    ['a source without a handle', { csi: { driver: 'd.example' } }, ['spec.csi.volumeHandle']],
    [
      'half a secret reference',
      { csi: { driver: 'd.example', volumeHandle: 'h', nodeStageSecretRef: { name: 's' }, nodePublishSecretRef: { name: 's' } } },
      ['spec.csi.nodePublishSecretRef.namespace'],
    ],
    ['no size', { capacity: {} }, ['spec.capacity', 'spec.capacity']],
    [
      'an affinity without terms',
      { nodeAffinity: { required: { nodeSelectorTerms: [] } } },
      ['spec.nodeAffinity.required.nodeSelectorTerms'],
    ],
    [
      'a term without values',
      { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'z', operator: 'In', values: [] }] }] } } },
      ['spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values'],
    ],
    ['an unknown policy', { persistentVolumeReclaimPolicy: 'Keep' }, ['spec.persistentVolumeReclaimPolicy']],
  ])('with %s is refused', async (_what, spec, refused) => {
    expect(fields(await new TestCluster().post(VOLUMES, volume('a', spec)))).toEqual(refused);
  });

  test('keeps its source and its mode, and may change its policy and its claim', async () => {
    const cluster = new TestCluster();
    await cluster.post(VOLUMES, volume('a'));
    expect(fields(await cluster.patch(`${VOLUMES}/a`, { spec: { csi: { volumeHandle: 'other' } } }))).toEqual([
      'spec.persistentvolumesource',
    ]);
    expect(fields(await cluster.patch(`${VOLUMES}/a`, { spec: { volumeMode: 'Block' } }))).toEqual(['volumeMode']);
    expect(
      (
        await cluster.patch(`${VOLUMES}/a`, {
          spec: { persistentVolumeReclaimPolicy: 'Delete', claimRef: { name: 'c', namespace: 'default' } },
        })
      ).status,
    ).toBe(200);
  });
});

describe('kinds of storage.k8s.io', () => {
  test('StorageClass: defaults, and what may not change', async () => {
    const cluster = new TestCluster();
    expect((await cluster.post(CLASSES, { metadata: { name: 'a' }, provisioner: 'p' })).body).toMatchObject({
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
    });
    expect(fields(await cluster.post(CLASSES, { metadata: { name: 'b' } }))).toEqual(['provisioner']);
    expect(fields(await cluster.patch(`${CLASSES}/a`, { parameters: { x: 'y' }, provisioner: 'q' }))).toEqual([
      'parameters',
      'provisioner',
    ]);
  });

  test('CSINode: drivers are added, not altered', async () => {
    const cluster = new TestCluster();
    const path = '/apis/storage.k8s.io/v1/csinodes';
    await cluster.post(path, { metadata: { name: 'n' }, spec: { drivers: [{ name: 'd', nodeID: 'n' }] } });
    expect(fields(await cluster.patch(`${path}/n`, { spec: { drivers: [{ name: 'd', nodeID: 'm' }] } }))).toEqual(['spec.drivers']);
    expect(
      (
        await cluster.patch(`${path}/n`, {
          spec: {
            drivers: [
              { name: 'd', nodeID: 'n' },
              { name: 'e', nodeID: 'n' },
            ],
          },
        })
      ).status,
    ).toBe(200);
    expect(fields(await cluster.patch(`${path}/n`, { spec: { drivers: [{ name: 'd' }, { name: 'd', nodeID: 'n' }] } }))).toContain(
      'spec.drivers[0].nodeID',
    );
  });

  test('VolumeAttachment, VolumeAttributesClass and CSIStorageCapacity keep what they are for', async () => {
    const cluster = new TestCluster();
    const group = '/apis/storage.k8s.io/v1';
    await cluster.post(`${group}/volumeattachments`, {
      metadata: { name: 'a' },
      spec: { attacher: 'd', nodeName: 'n', source: { persistentVolumeName: 'v' } },
    });
    expect(fields(await cluster.patch(`${group}/volumeattachments/a`, { spec: { nodeName: 'm' } }))).toEqual(['spec']);
    expect((await cluster.patch(`${group}/volumeattachments/a/status`, { status: { attached: true } })).body.status).toEqual({
      attached: true,
    });
    await cluster.post(`${group}/volumeattributesclasses`, { metadata: { name: 'a' }, driverName: 'd', parameters: { x: 'y' } });
    expect(fields(await cluster.patch(`${group}/volumeattributesclasses/a`, { parameters: { x: 'z' } }))).toEqual(['parameters']);
    const capacities = `${group}/namespaces/default/csistoragecapacities`;
    expect((await cluster.post(capacities, { metadata: { name: 'a' }, storageClassName: 'k', capacity: '1024Mi' })).body.capacity).toBe(
      '1Gi',
    );
    expect(fields(await cluster.patch(`${capacities}/a`, { storageClassName: 'l' }))).toEqual(['storageClassName']);
  });
});

describe('other kinds', () => {
  test('a Secret takes plain text and keeps its type', async () => {
    const cluster = new TestCluster();
    const path = '/api/v1/namespaces/default/secrets';
    const { body } = await cluster.post(path, { metadata: { name: 's' }, stringData: { a: 'b' }, data: { c: 'ZA==' } });
    expect(body).toMatchObject({ type: 'Opaque', data: { a: 'Yg==', c: 'ZA==' } });
    expect(body.stringData).toBeUndefined();
    expect(fields(await cluster.patch(`${path}/s`, { type: 'other' }))).toEqual(['type']);
    await cluster.patch(`${path}/s`, { immutable: true });
    expect(fields(await cluster.patch(`${path}/s`, { data: { c: 'ZQ==' } }))).toEqual(['data']);
  });

  test('an Event is about something in its own namespace', async () => {
    const cluster = new TestCluster();
    const event = (name: string, involvedObject: JsonObject): JsonObject => ({ metadata: { name }, involvedObject, reason: 'R' });
    const path = '/api/v1/namespaces/kube-public/events';
    expect((await cluster.post(path, event('a', { kind: 'Pod', name: 'p', namespace: 'kube-public' }))).status).toBe(201);
    expect(fields(await cluster.post(path, event('b', { kind: 'Pod', name: 'p', namespace: 'default' })))).toEqual([
      'involvedObject.namespace',
    ]);
    expect(fields(await cluster.post(path, event('c', { kind: 'Node', name: 'n' })))).toEqual(['involvedObject.namespace']);
    const found = await cluster.get(`${path}?fieldSelector=involvedObject.name%3Dp,involvedObject.kind%3DPod,reason%3DR`);
    expect(listAt(found.body, 'items')).toHaveLength(1);
  });

  test('a Pod keeps its spec once it is made', async () => {
    const cluster = new TestCluster();
    const path = '/api/v1/namespaces/default/pods';
    const { body } = await cluster.post(path, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    expect(body).toMatchObject({ spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30 }, status: { phase: 'Pending' } });
    expect(fields(await cluster.patch(`${path}/p`, { spec: { nodeName: 'n' } }))).toEqual(['spec']);
    expect(fields(await cluster.post(path, { metadata: { name: 'q' }, spec: {} }))).toEqual(['spec.containers']);
  });
});

describe('a misspelt field of a kind that people write', () => {
  const misspelt = {
    metadata: { name: 'a' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClas: 'k' },
  };

  test('is dropped with a warning, or refused where strictness is asked for', async () => {
    const cluster = new TestCluster();
    const strict = await cluster.post(`${CLAIMS}?fieldValidation=Strict`, misspelt);
    expect([strict.status, strict.body.message]).toEqual([
      400,
      'PersistentVolumeClaim in version "v1" cannot be handled as a PersistentVolumeClaim: strict decoding error: unknown field "spec.storageClas"',
    ]);
    const taken = await cluster.post(CLAIMS, misspelt);
    expect([taken.headers.warning, at(taken.body, 'spec', 'storageClas')]).toEqual([
      '299 - "unknown field \\"spec.storageClas\\""',
      undefined,
    ]);
  });

  test('is found in lists too', async () => {
    const drivers = [{ name: 'd', nodeID: 'n', topologykeys: ['z'] }];
    const { headers } = await new TestCluster().post('/apis/storage.k8s.io/v1/csinodes', { metadata: { name: 'n' }, spec: { drivers } });
    expect(headers.warning).toBe('299 - "unknown field \\"spec.drivers[0].topologykeys\\""');
  });
});
