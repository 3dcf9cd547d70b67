import { describe, expect, test } from 'vitest';
import { JSON_PATCH, MERGE, STRATEGIC, TABLE, TestCluster } from '../test-cluster.ts';
import type { Json, JsonObject } from './json.ts';
import { at, listAt } from './json.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

function map(name: string, rest: JsonObject = {}): JsonObject {
  return { metadata: { name }, ...rest };
}

function names(body: JsonObject): Json[] {
  return listAt(body, 'items').map((item) => at(item, 'metadata', 'name') ?? null);
}

describe('create', () => {
  test('fills in identity and drops what a client may not set', async () => {
    const cluster = new TestCluster();
    const { status, body } = await cluster.post(MAPS, {
      metadata: { name: 'a', uid: 'mine', generation: 7, deletionTimestamp: '2030-01-01T00:00:00Z', managedFields: [], labels: {} },
      data: { k: 'v', n: null },
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        name: 'a',
        namespace: 'default',
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as Json,
        creationTimestamp: '2030-01-01T00:00:00Z',
        resourceVersion: expect.stringMatching(/^\d+$/) as Json,
      },
      data: { k: 'v' },
    });
  });

  test('makes a name from a prefix', async () => {
    const cluster = new TestCluster();
    const { body } = await cluster.post(MAPS, { metadata: { generateName: 'pre-' } });
    expect(at(body, 'metadata', 'name')).toMatch(/^pre-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('refuses a name that is taken, and one that is none', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, map('a'));
    const taken = await cluster.post(MAPS, map('a'));
    expect([taken.status, taken.body.reason, taken.body.message]).toEqual([409, 'AlreadyExists', 'configmaps "a" already exists']);
    const bad = await cluster.post(MAPS, map('Bad_Name'));
    expect([bad.status, bad.body.reason, at(bad.body, 'details', 'kind')]).toEqual([422, 'Invalid', 'ConfigMap']);
    expect(listAt(bad.body, 'details', 'causes')).toEqual([
      expect.objectContaining({ reason: 'FieldValueInvalid', field: 'metadata.name' }),
    ]);
  });

  test('refuses a namespace that does not exist or is another one', async () => {
    const cluster = new TestCluster();
    const missing = await cluster.post('/api/v1/namespaces/nowhere/configmaps', map('a'));
    expect([missing.status, missing.body.message]).toEqual([404, 'namespaces "nowhere" not found']);
    const other = await cluster.post(MAPS, { metadata: { name: 'a', namespace: 'kube-system' } });
    expect(other.status).toBe(400);
  });

  test('with dryRun answers the object and stores nothing', async () => {
    const cluster = new TestCluster();
    expect((await cluster.post(`${MAPS}?dryRun=All`, map('a'))).status).toBe(201);
    expect((await cluster.get(`${MAPS}/a`)).status).toBe(404);
  });

  test('reads JSON only, of at most 3 MiB', async () => {
    const { sandbox } = new TestCluster();
    const send = (type: string, body: Uint8Array) =>
      sandbox.handle({ method: 'POST', path: MAPS, headers: { 'content-type': type }, body });
    expect((await send('text/plain', new Uint8Array(2))).status).toBe(415);
    expect((await send('application/json', new Uint8Array(3 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await send('application/json', new TextEncoder().encode('{bad'))).status).toBe(400);
  });

  test('takes the protobuf that kubectl create sends', async () => {
    const { sandbox } = new TestCluster();
    const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
    const message = (tag: number, bytes: readonly number[]): number[] => [tag, bytes.length, ...bytes];
    const raw = [...message(10, [10, ...text('a')]), ...message(18, [10, ...text('k'), 18, ...text('v')])];
    const type = [10, ...text('v1'), 18, ...text('ConfigMap')];
    const body = Uint8Array.from([...Buffer.from('k8s\0'), ...message(10, type), ...message(18, raw)]);
    const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
    const answer = await sandbox.handle({ method: 'POST', path: MAPS, headers, body });
    expect([answer.status, JSON.parse(new TextDecoder().decode(answer.body)).data]).toEqual([201, { k: 'v' }]);
  });
});

describe('replace', () => {
  test('is refused when somebody was faster', async () => {
    const cluster = new TestCluster();
    const { body } = await cluster.post(MAPS, map('a'));
    await cluster.patch(`${MAPS}/a`, { data: { k: 'v' } });
    const { status, body: refusal } = await cluster.put(`${MAPS}/a`, body);
    expect([status, refusal.reason, refusal.message]).toEqual([
      409,
      'Conflict',
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    ]);
  });

  test('without a version overwrites where the kind allows it', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, map('a', { data: { k: 'v' } }));
    expect((await cluster.put(`${MAPS}/a`, map('a', { data: { l: 'w' } }))).body.data).toEqual({ l: 'w' });
    await cluster.post(LEASES, map('l'));
    const refusal = await cluster.put(`${LEASES}/l`, map('l'));
    expect([refusal.status, listAt(refusal.body, 'details', 'causes')]).toEqual([
      422,
      [expect.objectContaining({ field: 'metadata.resourceVersion' })],
    ]);
  });

  test('of another uid is a conflict, of an absent object not found', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, map('a'));
    expect((await cluster.put(`${MAPS}/a`, { metadata: { name: 'a', uid: 'other' } })).body.reason).toBe('Conflict');
    expect((await cluster.put(`${MAPS}/b`, { metadata: { name: 'b', uid: 'other' } })).body.reason).toBe('NotFound');
  });

  test('creates an absent Lease, but not in the place of one with a uid', async () => {
    const cluster = new TestCluster();
    expect((await cluster.put(`${LEASES}/l`, map('l', { spec: { holderIdentity: 'me' } }))).status).toBe(201);
    expect((await cluster.put(`${LEASES}/m`, { metadata: { name: 'm', uid: 'gone' } })).status).toBe(409);
  });

  test('that changes nothing keeps the version and wakes no watch', async () => {
    const cluster = new TestCluster();
    const { body } = await cluster.post(MAPS, map('a', { data: { k: 'v', l: 'w' } }));
    const watch = await cluster.watch(`${MAPS}?watch=true&resourceVersion=${String(at(body, 'metadata', 'resourceVersion'))}`);
    const again = await cluster.put(`${MAPS}/a`, { data: { l: 'w', k: 'v' }, metadata: { ...(body.metadata as JsonObject) } });
    expect(again.body).toEqual(body);
    expect(await watch.events()).toEqual([]);
  });

  test('cannot change what identifies an object', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, map('a'));
    const uid = await cluster.patch(`${MAPS}/a`, { metadata: { uid: 'other' } });
    expect([uid.status, listAt(uid.body, 'details', 'causes')[0]]).toEqual([422, expect.objectContaining({ field: 'metadata.uid' })]);
    expect((await cluster.patch(`${MAPS}/a`, { metadata: { name: 'b' } })).status).toBe(400);
    expect((await cluster.put(`${MAPS}/a`, map('b'))).status).toBe(400);
    const kept = await cluster.patch(`${MAPS}/a`, { metadata: { creationTimestamp: '1999-01-01T00:00:00Z' } });
    expect(at(kept.body, 'metadata', 'creationTimestamp')).toBe('2030-01-01T00:00:00Z');
  });
});

describe('patch', () => {
  test('goes by its content type', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, map('a', { data: { k: 'v' } }));
    expect((await cluster.patch(`${MAPS}/a`, { data: { k: null, l: 'w' } }, MERGE)).body.data).toEqual({ l: 'w' });
    expect((await cluster.patch(`${MAPS}/a`, [{ op: 'replace', path: '/data/l', value: 'x' }], JSON_PATCH)).body.data).toEqual({ l: 'x' });
    expect((await cluster.patch(`${MAPS}/a`, { data: { m: 'y' } }, STRATEGIC)).body.data).toEqual({ l: 'x', m: 'y' });
    expect((await cluster.patch(`${MAPS}/a`, {}, { type: 'application/apply-patch+yaml' })).status).toBe(415);
  });

  test('tells its five refusals apart as the real server does', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, map('a', { data: { k: 'v' } }));
    const stale = await cluster.patch(`${MAPS}/a`, { metadata: { resourceVersion: '1' } });
    const failedTest = await cluster.patch(`${MAPS}/a`, [{ op: 'test', path: '/data/k', value: 'w' }], JSON_PATCH);
    const absentList = await cluster.patch(`${MAPS}/a`, [{ op: 'add', path: '/metadata/finalizers/-', value: 'x.y/z' }], JSON_PATCH);
    const immutable = await cluster.patch(`${MAPS}/a`, { metadata: { labels: { 'a b': '' } } });
    const replaced = await cluster.patch(`${MAPS}/a`, [{ op: 'replace', path: '/metadata/labels', value: { a: 'b' } }], JSON_PATCH);
    expect([stale.status, stale.body.reason]).toEqual([409, 'Conflict']);
    expect([failedTest.status, failedTest.body.details]).toEqual([422, {}]);
    expect([absentList.status, absentList.body.details]).toEqual([422, {}]);
    expect([immutable.status, listAt(immutable.body, 'details', 'causes').length]).toEqual([422, 1]);
    expect(replaced.status).toBe(200);
  });

  test('of the stored object leaves no trace when it is refused', async () => {
    const cluster = new TestCluster();
    const { body } = await cluster.post(MAPS, map('a', { data: { k: 'v' } }));
    const operations = [
      { op: 'add', path: '/data/l', value: 'w' },
      { op: 'test', path: '/data/k', value: 'x' },
    ];
    await cluster.patch(`${MAPS}/a`, operations, JSON_PATCH);
    expect((await cluster.get(`${MAPS}/a`)).body).toEqual(body);
  });
});

describe('delete', () => {
  test('honours preconditions', async () => {
    const cluster = new TestCluster();
    const { body } = await cluster.post(MAPS, map('a'));
    expect((await cluster.delete(`${MAPS}/a`, { preconditions: { uid: 'other' } })).status).toBe(409);
    expect((await cluster.delete(`${MAPS}/a`, { preconditions: { resourceVersion: '1' } })).status).toBe(409);
    const uid = at(body, 'metadata', 'uid') ?? null;
    const done = await cluster.delete(`${MAPS}/a`, { preconditions: { uid } });
    expect([done.status, done.body.status, done.body.details]).toEqual([200, 'Success', { name: 'a', kind: 'configmaps', uid }]);
    expect((await cluster.delete(`${MAPS}/a`)).status).toBe(404);
  });

  test('waits for finalizers, takes no new ones, and ends with the last', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, { metadata: { name: 'a', finalizers: ['x.y/1', 'x.y/2'] } });
    const marked = await cluster.delete(`${MAPS}/a`);
    expect(at(marked.body, 'metadata', 'deletionTimestamp')).toBe('2030-01-01T00:00:00Z');
    const again = await cluster.delete(`${MAPS}/a`);
    expect(at(again.body, 'metadata', 'resourceVersion')).toBe(at(marked.body, 'metadata', 'resourceVersion'));
    const more = await cluster.patch(`${MAPS}/a`, { metadata: { finalizers: ['x.y/1', 'x.y/2', 'x.y/3'] } });
    expect([more.status, listAt(more.body, 'details', 'causes')[0]]).toEqual([
      422,
      expect.objectContaining({ reason: 'FieldValueForbidden' }),
    ]);
    expect((await cluster.patch(`${MAPS}/a`, { metadata: { finalizers: ['x.y/2'] } })).status).toBe(200);
    expect((await cluster.get(`${MAPS}/a`)).status).toBe(200);
    expect((await cluster.patch(`${MAPS}/a`, { metadata: { finalizers: null } })).status).toBe(200);
    expect((await cluster.get(`${MAPS}/a`)).status).toBe(404);
  });

  test('of a collection takes what the selector names', async () => {
    const cluster = new TestCluster();
    for (const name of ['a', 'b', 'c']) await cluster.post(MAPS, { metadata: { name, labels: { name } } });
    await cluster.delete(`${MAPS}?labelSelector=name+in+(a,b)`);
    expect(names((await cluster.get(MAPS)).body)).toEqual(['c']);
  });

  test('of a running Pod grants its grace, of a waiting one none', async () => {
    const cluster = new TestCluster();
    const pods = '/api/v1/namespaces/default/pods';
    for (const name of ['run', 'wait']) await cluster.post(pods, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    await cluster.post(`${pods}/run/binding`, { target: { kind: 'Node', name: 'n' } });
    expect((await cluster.post(`${pods}/run/binding`, { target: { kind: 'Node', name: 'm' } })).status).toBe(409);
    const marked = await cluster.delete(`${pods}/run`);
    expect([at(marked.body, 'metadata', 'deletionTimestamp'), at(marked.body, 'metadata', 'deletionGracePeriodSeconds')]).toEqual([
      '2030-01-01T00:00:30Z',
      30,
    ]);
    await cluster.delete(`${pods}/wait`);
    expect(names((await cluster.get(pods)).body)).toEqual(['run']);
    await cluster.delete(`${pods}/run`, { gracePeriodSeconds: 0 });
    expect(names((await cluster.get(pods)).body)).toEqual([]);
  });
});

describe('list', () => {
  test('pages over one version, whatever happens meanwhile', async () => {
    const cluster = new TestCluster();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await cluster.post(MAPS, map(name));
    const first = await cluster.get(`${MAPS}?limit=2`);
    expect([names(first.body), at(first.body, 'metadata', 'remainingItemCount')]).toEqual([['a', 'b'], 3]);
    await cluster.post(MAPS, map('b2'));
    await cluster.delete(`${MAPS}/d`);
    const next = (body: JsonObject): string => `${MAPS}?limit=2&continue=${String(at(body, 'metadata', 'continue'))}`;
    const second = await cluster.get(next(first.body));
    const third = await cluster.get(next(second.body));
    expect([names(second.body), names(third.body), at(third.body, 'metadata', 'continue')]).toEqual([['c', 'd'], ['e'], undefined]);
    expect(at(third.body, 'metadata', 'resourceVersion')).toBe(at(first.body, 'metadata', 'resourceVersion'));
  });

  test('from an expired page is 410, with a token to go on without consistency', async () => {
    const cluster = new TestCluster();
    for (const name of ['a', 'b', 'c']) await cluster.post(MAPS, map(name));
    const first = await cluster.get(`${MAPS}?limit=1`);
    await cluster.post(MAPS, map('d'));
    cluster.sandbox.faults.expireVersions();
    const refused = await cluster.get(`${MAPS}?limit=1&continue=${String(at(first.body, 'metadata', 'continue'))}`);
    expect([refused.status, refused.body.reason]).toEqual([410, 'Expired']);
    const rest = await cluster.get(`${MAPS}?continue=${String(at(refused.body, 'metadata', 'continue'))}`);
    expect(names(rest.body)).toEqual(['b', 'c', 'd']);
  });

  test('at a version shows exactly that version or refuses', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, map('a'));
    const then = at((await cluster.get(MAPS)).body, 'metadata', 'resourceVersion');
    await cluster.post(MAPS, map('b'));
    expect(names((await cluster.get(`${MAPS}?resourceVersion=${String(then)}&resourceVersionMatch=Exact`)).body)).toEqual(['a']);
    expect(names((await cluster.get(`${MAPS}?resourceVersion=${String(then)}`)).body)).toEqual(['a', 'b']);
    const future = await cluster.get(`${MAPS}?resourceVersion=99999`);
    expect([future.status, future.headers['retry-after'], listAt(future.body, 'details', 'causes')[0]]).toEqual([
      504,
      '1',
      expect.objectContaining({ reason: 'ResourceVersionTooLarge' }),
    ]);
    expect((await cluster.get(`${MAPS}?resourceVersionMatch=Exact`)).status).toBe(422);
  });

  test('carries kinds of built-in objects on the list only', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, map('a'));
    const { body } = await cluster.get(MAPS);
    expect([body.kind, Object.keys(listAt(body, 'items')[0] as JsonObject)]).toEqual(['ConfigMapList', ['metadata']]);
  });

  test('answers a table where one is asked for', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, map('a', { data: { k: 'v' } }));
    cluster.clock.advance(90_000);
    const { body } = await cluster.get(MAPS, TABLE);
    expect(body.kind).toBe('Table');
    expect(listAt(body, 'columnDefinitions').map((column) => at(column, 'name'))).toEqual(['Name', 'Data', 'Age']);
    expect(listAt(body, 'rows').map((row) => at(row, 'cells'))).toEqual([['a', 1, '90s']]);
  });
});

describe('discovery', () => {
  test('names groups, resources, kinds for kubectl apply, version and health', async () => {
    const cluster = new TestCluster();
    expect(listAt((await cluster.get('/apis')).body, 'groups').map((group) => at(group, 'name'))).toContain('storage.k8s.io');
    const core = listAt((await cluster.get('/api/v1')).body, 'resources').map((resource) => at(resource, 'name'));
    expect(core).toEqual(expect.arrayContaining(['pods', 'pods/binding', 'persistentvolumeclaims', 'persistentvolumeclaims/status']));
    expect((await cluster.get('/openapi/v3')).body.paths).toHaveProperty('apis/storage.k8s.io/v1');
    const { body } = await cluster.get('/openapi/v3/api/v1');
    const patch = at(body, 'paths', '/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}', 'patch');
    expect(listAt(patch, 'parameters').map((parameter) => at(parameter, 'name'))).toContain('fieldValidation');
    expect((await cluster.get('/openapi/v2')).status).toBe(404);
    expect((await cluster.get('/version')).body.gitVersion).toMatch(/^v1\.36/);
    expect((await cluster.get('/readyz')).text).toBe('ok');
  });

  test('refuses paths and verbs that nobody serves', async () => {
    const cluster = new TestCluster();
    expect((await cluster.get('/api/v1/namespaces/default/nothings')).status).toBe(404);
    expect((await cluster.get('/apis/nobody.example/v1/things')).text).toBe('404 page not found\n');
    expect((await cluster.post('/api/v1/configmaps', map('a'))).status).toBe(405);
    expect((await cluster.put(MAPS, map('a'))).status).toBe(405);
    expect((await cluster.get(`${MAPS}/%zz`)).status).toBe(400);
  });
});
