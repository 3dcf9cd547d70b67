import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Doors } from '../../lib/doors/doors.ts';
import type { HttpRequest } from '../../lib/doors/http.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { createSandbox } from '../../sandbox/sandbox.ts';
import { testPlace } from '../frame/testing/place.ts';
import { runVerb } from '../frame/run-verb.ts';
import { INSTALL_CRDS } from './verb.ts';

const NAMES = [
  'volumesnapshotclasses',
  'volumesnapshotcontents',
  'volumesnapshots',
  'volumegroupsnapshotclasses',
  'volumegroupsnapshotcontents',
  'volumegroupsnapshots',
];
const KUBECONFIG = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster: { server: 'http://sandbox' } }],
  users: [{ name: 'u', user: {} }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
});

let sandbox: Sandbox;
/** Method and CRD of every write. */
let writes: string[];
/** Runs before each request reaches the sandbox. */
let before: (request: HttpRequest) => Promise<void>;

beforeEach(() => {
  let ids = 0;
  sandbox = createSandbox({
    clock: still(),
    random: { next: () => 0.5, uuid: () => `${String(++ids).padStart(8, '0')}-0000-4000-8000-000000000000` },
    parts: [],
  });
  sandbox.start();
  writes = [];
  before = async () => undefined;
});

/** Nobody here waits: timers fire at once, in the next turn. */
function still(): Clock {
  let time = 0;
  return {
    now: () => time,
    monotonic: () => time,
    setTimer: (delayMs, fire) => {
      // Limits of requests are long, waits between looks are short.
      if (delayMs > 1000) return () => undefined;
      const handle = setImmediate(() => {
        time += delayMs;
        fire();
      });
      return () => clearImmediate(handle);
    },
  };
}

function openDoors(env: Readonly<Record<string, string>>): Doors {
  const host = { env: (name: string) => env[name], writeLog: () => undefined } as unknown as Doors['host'];
  return {
    clock: still(),
    random: { next: () => 0.5, uuid: () => '' },
    files: {
      read: (path) => (path === '/kubeconfig' ? Promise.resolve(new TextEncoder().encode(KUBECONFIG)) : readFile(path)),
      write: () => Promise.reject(new Error('nothing is written')),
      exists: (path) =>
        readFile(path).then(
          () => true,
          () => false,
        ),
    },
    host,
    http: () => ({
      exchange: async (request) => {
        await before(request);
        if (request.method !== 'GET') writes.push(`${request.method} ${request.path.split('/').at(-1) ?? ''}`);
        return sandbox.handle(request);
      },
      stream: (request, signal) => sandbox.stream(request, signal),
      close: () => undefined,
    }),
    rpc: () => {
      throw new Error('there is no driver here');
    },
  };
}

interface Run {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}
async function run(...words: string[]): Promise<Run> {
  const place = testPlace({ doors: openDoors({}) });
  const code = await runVerb(INSTALL_CRDS, place, ['--kubeconfig=/kubeconfig', ...words]);
  return { code, out: place.out, err: place.err };
}

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/volumesnapshots.snapshot.storage.k8s.io';
async function edit(operations: readonly object[]): Promise<void> {
  const body = new TextEncoder().encode(JSON.stringify(operations));
  const answer = await sandbox.handle({ method: 'PATCH', path: PATH, headers: { 'content-type': 'application/json-patch+json' }, body });
  if (answer.status !== 200) throw new Error(new TextDecoder().decode(answer.body));
}
const DROP_CLASS = { op: 'remove', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/volumeSnapshotClassName' };

describe('install-crds', () => {
  test('creates all six in an empty cluster, and writes nothing the second time', async () => {
    const first = await run();
    expect(first).toMatchObject({ code: 0, err: [] });
    expect(first.out.map((line) => line.split('.')[0])).toEqual(NAMES);
    expect(first.out.every((line) => line.endsWith('  created'))).toBe(true);
    expect(writes).toHaveLength(6);
    const second = await run();
    expect(second.code).toBe(0);
    expect(second.out.every((line) => line.endsWith('  good'))).toBe(true);
    expect(writes).toHaveLength(6);
  });

  test('with --check says what is missing, ends with 1 and writes nothing', async () => {
    const { code, out } = await run('--check');
    expect(code).toBe(1);
    expect(out.filter((line) => line.endsWith('  MISSING'))).toHaveLength(6);
    expect(out.at(-1)).toContain('install-crds');
    expect(writes).toEqual([]);
  });

  test('replaces an older one, keeps what others wrote on it, and says what it lacked', async () => {
    await run();
    await edit([DROP_CLASS, { op: 'add', path: '/metadata/labels', value: { owner: 'helm' } }]);
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out[2]).toMatch(/replaced: v1 spec.volumeSnapshotClassName is not a field$/);
    const answer = await sandbox.handle({ method: 'GET', path: PATH, headers: {} });
    expect(JSON.parse(new TextDecoder().decode(answer.body))).toMatchObject({ metadata: { labels: { owner: 'helm' } } });
  });

  test('leaves a newer one alone, and ends with 1 only if the programs cannot use it', async () => {
    await run();
    const extra = { op: 'add', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/tier', value: { type: 'string' } };
    await edit([extra]);
    expect((await run()).code).toBe(0);
    await edit([DROP_CLASS]);
    writes = [];
    const { code, out } = await run();
    expect(code).toBe(1);
    expect(out[2]).toMatch(/NOT GOOD ENOUGH and left alone: v1 spec.volumeSnapshotClassName is not a field\. .*v1 spec.tier is a field$/);
    expect(writes).toEqual([]);
  });

  test('looks again when somebody else writes at the same moment', async () => {
    await run();
    await edit([DROP_CLASS]);
    let raced = false;
    before = async ({ method }) => {
      if (method !== 'PUT' || raced) return;
      raced = true;
      await edit([{ op: 'add', path: '/metadata/labels', value: { raced: 'yes' } }]);
    };
    writes = [];
    expect((await run()).code).toBe(0);
    expect(writes).toEqual(['PUT volumesnapshots.snapshot.storage.k8s.io', 'PUT volumesnapshots.snapshot.storage.k8s.io']);
  });

  test('with --output=json has one object on its output', async () => {
    const { code, out, err } = await run('--check', '--output=json');
    expect(code).toBe(1);
    expect(out).toHaveLength(1);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      schema: 'csi-sidecars/install-crds.v1',
      ok: false,
      crds: [{ state: 'missing', action: 'none', usable: false }, {}, {}, {}, {}, {}],
    });
    expect(err).toEqual([]);
  });

  test('names a flag, a word, a folder and a kubeconfig that are not what they should be', async () => {
    expect(await run('--frob', 'word')).toMatchObject({
      code: 2,
      err: [expect.stringContaining('--frob'), expect.stringContaining('word'), expect.stringContaining('--help')],
    });
    expect(await run('--crds=/nowhere')).toMatchObject({ code: 1, err: [expect.stringContaining('/nowhere')] });
    expect(await run('--kubeconfig=/none')).toMatchObject({ code: 1, err: [expect.stringContaining('/none')] });
    expect((await run('--help')).out.join('\n')).toContain('--check');
  });
});
