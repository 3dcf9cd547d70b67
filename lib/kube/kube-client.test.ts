import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixedRandom } from '../controller/testing/fixed-random.ts';
import { ManualClock } from '../controller/testing/manual-clock.ts';
import type { Script } from '../controller/testing/scripted-door.ts';
import { answer, bodyOf, broken, refusal, scriptedDoor, streamOf } from '../controller/testing/scripted-door.ts';
import type { ApiError } from './api-error.ts';
import { isAlreadyExists, isPrecondition, isUnknownOutcome } from './api-error.ts';
import type { WatchEvent } from './client.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { Credentials } from './credentials.ts';
import { createKubeClient } from './kube-client.ts';
import type { KubeObject } from './objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS } from './resources.ts';
import type { ObservedCall } from './sender.ts';

const signal = new AbortController().signal;
const claim = { name: 'data', namespace: 'shop' };

function setUp(script: Script, options: { readonly credentials?: Credentials; readonly qps?: number; readonly burst?: number } = {}) {
  const door = scriptedDoor(script);
  const clock = new ManualClock();
  const calls: ObservedCall[] = [];
  const client = createKubeClient({
    door,
    clock,
    random: fixedRandom(),
    credentials: () => Promise.resolve({ authorization: 'Bearer t' }),
    userAgent: 'test/1',
    observe: (call) => calls.push(call),
    ...options,
  });
  return { door, clock, client, calls };
}

/** The error of a promise, after virtual time enough for every retry. */
async function failure(clock: ManualClock, promise: Promise<unknown>, ms = 600_000): Promise<ApiError> {
  const caught = promise.then(
    () => {
      throw new Error('did not fail');
    },
    (error: unknown) => error as ApiError,
  );
  await clock.advance(ms);
  return caught;
}

describe('verbs', () => {
  test('get asks for the object by path, with credentials and user agent', async () => {
    const { client, door } = setUp(() => answer(200, { metadata: { name: 'data' } }));
    expect(await client.get(PERSISTENT_VOLUME_CLAIMS, claim, signal)).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
    });
    expect(door.requests).toEqual([
      {
        method: 'GET',
        path: '/api/v1/namespaces/shop/persistentvolumeclaims/data',
        headers: { accept: 'application/json', 'user-agent': 'test/1', authorization: 'Bearer t' },
      },
    ]);
  });

  test('list passes selectors and paging, and names the items', async () => {
    const { client, door } = setUp(() =>
      answer(200, { metadata: { resourceVersion: '7', continue: 'next' }, items: [{ metadata: { name: 'a' } }] }),
    );
    const page = await client.list(VOLUME_SNAPSHOT_CONTENTS, {
      labelSelector: 'a in (b,c)',
      limit: 500,
      resourceVersion: '5',
      resourceVersionMatch: 'NotOlderThan',
      signal,
    });
    expect(page).toEqual({
      items: [{ apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshotContent', metadata: { name: 'a' } }],
      resourceVersion: '7',
      continueToken: 'next',
    });
    expect(door.requests[0]?.path).toBe(
      '/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents?labelSelector=a%20in%20(b%2Cc)&limit=500&resourceVersion=5&resourceVersionMatch=NotOlderThan',
    );
  });

  test('a further page carries its token and no version', async () => {
    const { client, door } = setUp(() => answer(200, { metadata: { resourceVersion: '7', continue: '' }, items: null }));
    const page = await client.list(PERSISTENT_VOLUMES, {
      continueToken: 'c',
      resourceVersion: '5',
      resourceVersionMatch: 'NotOlderThan',
      signal,
    });
    expect(page).toEqual({ items: [], resourceVersion: '7', continueToken: undefined });
    expect(door.requests[0]?.path).toBe('/api/v1/persistentvolumes?continue=c');
  });

  test('create, replace and patches send the right method, path and content type', async () => {
    const { client, door } = setUp(() => answer(200, { kind: 'X', apiVersion: 'v1' }));
    await client.create(PERSISTENT_VOLUME_CLAIMS, { metadata: claim }, { signal });
    await client.replace(PERSISTENT_VOLUME_CLAIMS, { metadata: claim }, { signal, subresource: 'status' });
    const operations = [{ op: 'test' as const, path: '/metadata/finalizers', value: ['a'] }];
    await client.patch(PERSISTENT_VOLUME_CLAIMS, claim, { patch: { type: 'json', operations }, signal });
    await client.patch(PERSISTENT_VOLUME_CLAIMS, claim, { patch: { type: 'merge', body: { a: 1 } }, signal, subresource: 'status' });
    const root = '/api/v1/namespaces/shop/persistentvolumeclaims';
    expect(door.requests.map(({ method, path, headers }) => [method, path, headers['content-type']])).toEqual([
      ['POST', root, 'application/json'],
      ['PUT', `${root}/data/status`, 'application/json'],
      ['PATCH', `${root}/data`, 'application/json-patch+json'],
      ['PATCH', `${root}/data/status`, 'application/merge-patch+json'],
    ]);
    expect(bodyOf(door.requests[0])).toEqual({ metadata: claim, apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
    expect(bodyOf(door.requests[2])).toEqual(operations);
  });

  test('delete sends preconditions, and answers the object only while a finalizer holds it', async () => {
    const replies = [
      answer(200, { kind: 'Status', status: 'Success' }),
      answer(200, { kind: 'PersistentVolume', metadata: { name: 'v', finalizers: ['f'], deletionTimestamp: 'now' } }),
      answer(200, { kind: 'PersistentVolume', metadata: { name: 'v' } }),
    ];
    const { client, door } = setUp((_, index) => replies[index] ?? 'never');
    expect(await client.delete(PERSISTENT_VOLUMES, { name: 'v' }, { uid: 'u', resourceVersion: '3', signal })).toBeUndefined();
    expect(await client.delete(PERSISTENT_VOLUMES, { name: 'v' }, { signal })).toMatchObject({ metadata: { finalizers: ['f'] } });
    expect(await client.delete(PERSISTENT_VOLUMES, { name: 'v' }, { signal })).toBeUndefined();
    expect(bodyOf(door.requests[0])).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'u', resourceVersion: '3' },
    });
    expect(door.requests[1]?.body).toBeUndefined();
  });

  test('raw reads JSON and plain text', async () => {
    const { client } = setUp((request) =>
      request.path === '/healthz' ? answer(200, 'ok', { 'content-type': 'text/plain' }) : answer(200, { a: 1 }),
    );
    expect(await client.raw('/healthz', signal)).toBe('ok');
    expect(await client.raw('/apis', signal)).toEqual({ a: 1 });
  });

  test('int64 of a content comes as bigint and goes as a literal', async () => {
    const { client, door } = setUp(() => answer(200, '{"kind":"VolumeSnapshotContent","status":{"creationTime":9007199254740993}}'));
    const content = await client.get(VOLUME_SNAPSHOT_CONTENTS, { name: 'c' }, signal);
    expect(content.status?.creationTime).toBe(9007199254740993n);
    await client.replace(VOLUME_SNAPSHOT_CONTENTS, { ...content, metadata: { name: 'c' } }, { signal });
    expect(new TextDecoder().decode(door.requests[1]?.body)).toContain('"creationTime":9007199254740993');
  });
});

describe('failures', () => {
  test('a Status becomes an ApiError with reason and causes', async () => {
    const { client, clock } = setUp(() => refusal(422, 'Invalid', { causes: [{ reason: 'FieldValueInvalid', field: 'spec' }] }));
    const error = await failure(clock, client.create(PERSISTENT_VOLUMES, {}, { signal }));
    expect(error).toMatchObject({
      status: 422,
      reason: 'Invalid',
      causes: [{ reason: 'FieldValueInvalid', field: 'spec' }],
      request: 'POST /api/v1/persistentvolumes',
    });
    expect(isPrecondition(error)).toBe(false);
  });

  test('the reason of the Status wins over that of its code', async () => {
    const { client, clock } = setUp(() => refusal(409, 'AlreadyExists'));
    const error = await failure(clock, client.create(PERSISTENT_VOLUMES, {}, { signal }));
    expect([isAlreadyExists(error), isPrecondition(error), error.hadPatchTest]).toEqual([true, false, false]);
  });

  test('JSON that is no Status is shown as text, and a missing reason comes from the code', async () => {
    for (const [reply, reason] of [
      [answer(404, { error: 'no route' }), 'NotFound'],
      [refusal(418, ''), 'Unknown'],
    ] as const) {
      const { client, clock } = setUp(() => reply);
      expect((await failure(clock, client.get(PERSISTENT_VOLUMES, { name: 'v' }, signal))).reason).toBe(reason);
    }
  });

  test('nothing is sent once the signal has fired', async () => {
    const { client, clock, door, calls } = setUp(() => answer(200, {}));
    const error = await failure(clock, client.get(PERSISTENT_VOLUMES, { name: 'v' }, AbortSignal.abort()));
    expect([error.reason, door.requests, calls]).toEqual(['Aborted', [], []]);
  });

  test('a redirect is no success', async () => {
    const { client, clock } = setUp(() => answer(300, {}));
    expect((await failure(clock, client.get(PERSISTENT_VOLUMES, { name: 'v' }, signal))).status).toBe(300);
  });

  test('a failed JSON-patch test is a precondition, the same answer to another patch is not', async () => {
    const { client, clock } = setUp(() => refusal(422, 'Invalid'));
    const patch = (op: 'test' | 'add') =>
      client.patch(PERSISTENT_VOLUMES, { name: 'v' }, { patch: { type: 'json', operations: [{ op, path: '/a', value: 1 }] }, signal });
    expect(isPrecondition(await failure(clock, patch('test')))).toBe(true);
    expect(isPrecondition(await failure(clock, patch('add')))).toBe(false);
  });

  test('an answer without a Status is named by its code and shows its text', async () => {
    const { client, clock } = setUp(() => answer(403, 'denied by proxy'));
    expect(await failure(clock, client.get(PERSISTENT_VOLUMES, { name: 'v' }, signal))).toMatchObject({
      status: 403,
      reason: 'Forbidden',
      message: 'GET /api/v1/persistentvolumes/v: HTTP 403: denied by proxy',
    });
  });

  test('a broken connection of a write is an unknown outcome, sent once', async () => {
    for (const reply of [broken(), refusal(500, 'InternalError'), refusal(503, 'ServiceUnavailable'), answer(200, 'not json')]) {
      const { client, clock, door } = setUp(() => reply);
      const error = await failure(clock, client.create(PERSISTENT_VOLUMES, {}, { signal }));
      expect(isUnknownOutcome(error)).toBe(true);
      expect(door.requests).toHaveLength(1);
    }
  });

  test('reads repeat broken connections and 5xx a few times, then fail', async () => {
    for (const reply of [broken(), refusal(500, 'InternalError')]) {
      const { client, clock, door } = setUp(() => reply);
      await failure(clock, client.get(PERSISTENT_VOLUMES, { name: 'v' }, signal));
      expect(door.requests).toHaveLength(5);
    }
  });

  test('a read that works at its third try answers, and every try is reported', async () => {
    const { client, clock, calls } = setUp((_, index) => (index < 2 ? broken() : answer(200, { metadata: { name: 'v' } })));
    const got = client.get(PERSISTENT_VOLUMES, { name: 'v' }, signal);
    await clock.advance(10_000);
    expect((await got).metadata?.name).toBe('v');
    expect(calls.map(({ verb, resource, status }) => [verb, resource, status])).toEqual([
      ['get', 'persistentvolumes', 0],
      ['get', 'persistentvolumes', 0],
      ['get', 'persistentvolumes', 200],
    ]);
  });

  test('429 is obeyed by every verb for as long as the server asked, by header or details', async () => {
    const waits = [
      answer(429, '', { 'retry-after': '3' }),
      refusal(429, 'TooManyRequests', { retryAfterSeconds: 4 }),
      refusal(503, 'ServiceUnavailable', { retryAfterSeconds: 2 }),
    ];
    const { client, clock, door } = setUp((_, index) => waits[index] ?? answer(201, { metadata: { name: 'v' } }));
    const created = client.create(PERSISTENT_VOLUMES, {}, { signal });
    await clock.advance(2_999);
    expect(door.requests).toHaveLength(1);
    await clock.advance(1);
    expect(door.requests).toHaveLength(2);
    await clock.advance(4_000);
    expect(door.requests).toHaveLength(3);
    await clock.advance(2_000);
    expect((await created).metadata?.name).toBe('v');
  });

  test('endless 429 ends in an error that carries the wait', async () => {
    const { client, clock, door } = setUp(() => answer(429, '', { 'retry-after': '1' }));
    expect(await failure(clock, client.create(PERSISTENT_VOLUMES, {}, { signal }))).toMatchObject({ status: 429, retryAfterMs: 1000 });
    expect(door.requests).toHaveLength(11);
  });

  test('silence ends at the time limit, of a write after one try', async () => {
    const { client, clock, door } = setUp(() => 'never');
    const error = await failure(clock, client.create(PERSISTENT_VOLUMES, {}, { signal }), 30_000);
    expect(error).toMatchObject({ status: 0, reason: 'Timeout' });
    expect(door.requests).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  test('a list has twice the time of other requests', async () => {
    const { client, clock, door } = setUp(() => 'never');
    let ended = false;
    const listing = client.list(PERSISTENT_VOLUMES, { signal: new AbortController().signal }).catch(() => {
      ended = true;
    });
    await clock.advance(59_999);
    expect(door.requests).toHaveLength(1);
    await clock.advance(600_000);
    await listing;
    expect(ended).toBe(true);
  });

  test('a credential that can not be had is not dressed up as an answer of the server', async () => {
    const { client, door } = setUp(() => answer(200, {}), { credentials: () => Promise.reject(new ConfigError('token file is gone')) });
    await expect(client.get(PERSISTENT_VOLUMES, { name: 'v' }, signal)).rejects.toThrow(ConfigError);
    await expect(
      client.watch(PERSISTENT_VOLUMES, { resourceVersion: '1', timeoutSeconds: 1, signal })[Symbol.asyncIterator]().next(),
    ).rejects.toThrow(ConfigError);
    expect(door.requests).toEqual([]);
  });

  test('an abort ends the request and the waiting between tries', async () => {
    for (const reply of ['never', broken()] as const) {
      const { client, clock } = setUp(() => reply);
      const abort = new AbortController();
      const got = client.get(PERSISTENT_VOLUMES, { name: 'v' }, abort.signal);
      await clock.settle();
      abort.abort();
      expect((await failure(clock, got, 0)).status).toBe(0);
      expect(clock.timers).toBe(0);
    }
  });

  test('a refused credential is read afresh once', async () => {
    const asked: (string | undefined)[] = [];
    const credentials: Credentials = (refresh) => {
      asked.push(refresh);
      return Promise.resolve({ authorization: refresh === undefined ? 'old' : 'new' });
    };
    const { client } = setUp((request) => (request.headers['authorization'] === 'new' ? answer(200, {}) : refusal(401, 'Unauthorized')), {
      credentials,
    });
    await client.create(PERSISTENT_VOLUMES, {}, { signal });
    expect(asked).toEqual([undefined, 'refresh']);
  });

  test('a credential that stays refused ends in 401', async () => {
    const { client, clock, door } = setUp(() => refusal(401, 'Unauthorized'));
    expect((await failure(clock, client.get(PERSISTENT_VOLUMES, { name: 'v' }, signal))).status).toBe(401);
    expect(door.requests).toHaveLength(2);
  });

  test('qps and burst space requests out', async () => {
    const { client, clock, door } = setUp(() => answer(200, {}), { qps: 2, burst: 3 });
    const all = Promise.all(Array.from({ length: 6 }, () => client.get(PERSISTENT_VOLUMES, { name: 'v' }, signal)));
    await clock.advance(0);
    expect(door.requests).toHaveLength(3);
    await clock.advance(500);
    expect(door.requests).toHaveLength(4);
    await clock.advance(1_000);
    expect(door.requests).toHaveLength(6);
    await all;
  });
});

describe('watch', () => {
  const event = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
  const options = { resourceVersion: '5', timeoutSeconds: 300, signal };

  async function read(client: ReturnType<typeof setUp>['client']): Promise<WatchEvent<KubeObject>[]> {
    const events: WatchEvent<KubeObject>[] = [];
    for await (const one of client.watch(PERSISTENT_VOLUMES, options)) events.push(one);
    return events;
  }

  test('asks for bookmarks and answers events until the server ends', async () => {
    const text =
      event('ADDED', { kind: 'PersistentVolume', metadata: { name: 'a' } }) + event('BOOKMARK', { metadata: { resourceVersion: '9' } });
    const { client, door, clock } = setUp(() => streamOf([text]));
    expect(await read(client)).toEqual([
      { type: 'ADDED', object: { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'a' } } },
      { type: 'BOOKMARK', resourceVersion: '9' },
    ]);
    expect(door.requests[0]?.path).toBe(
      '/api/v1/persistentvolumes?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300',
    );
    expect(clock.timers).toBe(0);
  });

  test('decodes the same events wherever the stream is cut, inside characters too', async () => {
    const names = ['höhe', '🗻 mountain', 'x"\\n'];
    const bytes = new TextEncoder().encode(names.map((name) => event('MODIFIED', { metadata: { name } })).join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge));
        const { client } = setUp(() => streamOf(chunks));
        expect((await read(client)).map((one) => ('object' in one ? one.object.metadata?.name : ''))).toEqual(names);
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  test('skips empty lines and kinds of events that it does not know', async () => {
    const { client } = setUp(() => streamOf(['\n', event('NEW_KIND', {}), event('ADDED', { metadata: { name: 'a' } }), '\n']));
    expect(await read(client)).toHaveLength(1);
  });

  test('an ERROR event is an ApiError: 410 says list again', async () => {
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
    const { client, clock } = setUp(() => streamOf([event('ERROR', status)]));
    expect(await failure(clock, read(client))).toMatchObject({ status: 410, reason: 'Expired' });
  });

  test('a refusal is an ApiError with its body read', async () => {
    const body = new TextEncoder().encode(JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' }));
    const { client, clock } = setUp(() => ({ ...streamOf([body.slice(0, 10), body.slice(10)]), status: 403 }));
    expect(await failure(clock, read(client))).toMatchObject({ status: 403, message: 'no' });
  });

  test('a broken connection, half an event and garbage are failures, not ends', async () => {
    const half = event('ADDED', { metadata: { name: 'a' } }).slice(0, 20);
    for (const stream of [streamOf([], 'break'), streamOf([half]), streamOf(['{"type":1}\n']), streamOf(['nonsense\n'])]) {
      const { client, clock } = setUp(() => stream);
      expect(isUnknownOutcome(await failure(clock, read(client)))).toBe(true);
    }
  });

  test('a server that never answers the head is given up', async () => {
    const { client, clock } = setUp(() => 'never');
    expect(await failure(clock, read(client), 30_000)).toMatchObject({ reason: 'Timeout' });
  });

  test('leaving the loop ends the stream', async () => {
    let ended = false;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(new TextEncoder().encode(event('ADDED', { metadata: { name: 'a' } })));
      } finally {
        ended = true;
      }
    }
    const { client } = setUp(() => ({ status: 200, headers: {}, chunks: chunks() }));
    for await (const one of client.watch(PERSISTENT_VOLUMES, options)) {
      expect(one.type).toBe('ADDED');
      break;
    }
    expect(ended).toBe(true);
  });
});
