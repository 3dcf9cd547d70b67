/** The debug endpoint: loopback, one path, and names of objects and effects alone. */
import { expect, test } from 'vitest';
import { ManualClock } from '../controller/testing/manual-clock.ts';
import type { HttpAnswer, HttpRequest } from '../doors/http.ts';
import { ConfigError } from '../errors/config-error.ts';
import { DEBUG_PATH, type DebugReport, isLoopback, startDebugServer } from './debug-server.ts';

const clock = new ManualClock();
const ENTRY = {
  key: 'uid-1',
  about: 'team/data',
  driver: 'd.example',
  makes: 'pvc-uid-1',
  lease: { namespace: 'kube-system', name: 'csi-journal-d.example' },
  phase: 'open',
  requests: 2,
};
let handle: (request: HttpRequest) => Promise<HttpAnswer> = () => Promise.reject(new Error('nobody listens'));

async function serve(): Promise<void> {
  const listen = (_: string, given: typeof handle): Promise<{ port: number; close: () => Promise<void> }> => {
    handle = given;
    return Promise.resolve({ port: 9999, close: () => Promise.resolve() });
  };
  const inspect = () => [
    {
      key: 'team/data',
      underWay: { effect: 'create-volume', sinceMs: clock.monotonic() - 2000 },
      heldBack: [{ effect: 'create-volume', failures: 3, untilMs: clock.monotonic() + 5000 }],
    },
  ];
  const controllers = [{ controller: 'claims', inspect }];
  const journals = [
    () => [
      { ...ENTRY, undecidedSinceMs: clock.now() - 9000 },
      { ...ENTRY, undecidedSinceMs: undefined },
    ],
  ];
  await startDebugServer({ host: { listen }, clock, address: '127.0.0.1:9999', program: 'csi-provisioner', controllers, journals });
}

const ask = (request: Partial<HttpRequest> = {}): Promise<HttpAnswer> =>
  handle({ method: 'GET', path: DEBUG_PATH, headers: { host: '127.0.0.1:9999' }, ...request });

test('only loopback addresses will do', () => {
  for (const address of ['127.0.0.1:1', '127.8.9.1:9999', 'localhost:80', '[::1]:9999']) expect(isLoopback(address), address).toBe(true);
  for (const address of [':9999', '0.0.0.0:9999', '10.0.0.1:1', '[::]:1', '127.0.0.1', 'localhost.evil.example:80', '127.0.0.1.evil:80'])
    expect(isLoopback(address), address).toBe(false);
});

test('a key is told with what is under way and what is held back, in wall time', async () => {
  await serve();
  const { status, body } = await ask();
  expect(status).toBe(200);
  const report = JSON.parse(new TextDecoder().decode(body)) as DebugReport;
  const at = (ms: number): string => new Date(clock.now() + ms).toISOString().replace(/\.\d+Z$/, 'Z');
  expect(report).toEqual({
    schema: 'csi-sidecars/debug.v1',
    program: 'csi-provisioner',
    controllers: [
      {
        name: 'claims',
        keys: [
          {
            key: 'team/data',
            underWay: { effect: 'create-volume', since: at(-2000) },
            heldBack: [{ effect: 'create-volume', failures: 3, until: at(5000) }],
          },
        ],
      },
    ],
    journal: [
      { ...ENTRY, undecidedSince: at(-9000) },
      { ...ENTRY, undecidedSince: null },
    ],
  });
});

test('nothing else is answered, and nobody who comes by another name', async () => {
  await serve();
  expect((await ask({ method: 'POST' })).status).toBe(405);
  expect((await ask({ path: '/' })).status).toBe(404);
  expect((await ask({ headers: { host: 'evil.example:9999' } })).status).toBe(403);
  expect((await ask({ headers: {} })).status).toBe(403);
  expect((await ask({ headers: { host: 'localhost' } })).status).toBe(200);
});

test('a port that is taken is said with the flag', async () => {
  const listen = () => Promise.reject(new Error('in use'));
  const started = startDebugServer({ host: { listen }, clock, address: '127.0.0.1:1', program: 'p', controllers: [], journals: [] });
  await expect(started).rejects.toThrow(ConfigError);
  await expect(started).rejects.toThrow('--debug-endpoint=127.0.0.1:1');
});
