/** The disk under the mock driver: the same sequences as in memory, two instances, the lock, copies under writers. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../lib/doors/clock.ts';
import { loadCodec } from '../../mock-driver/codec.ts';
import { createDriver, type Driver } from '../../mock-driver/driver.ts';
import { ledgerOf } from '../../mock-driver/ledger.ts';
import type { Change, VolumeRecord } from '../../mock-driver/model/records.ts';
import { command, runSequence, SEQUENCE_POOL } from '../../mock-driver/sequences.ts';
import { systemClock } from '../../mock-driver/system/clock.ts';
import { copyStill } from '../../mock-driver/system/copy.ts';
import { loadAll } from '../../mock-driver/system/disk-records.ts';
import { DiskStore } from '../../mock-driver/system/disk-store.ts';
import { TicketLock } from '../../mock-driver/system/lock.ts';
import { clientOver, countingRandom } from '../../mock-driver/workbench.ts';

const codec = loadCodec();
const pools = [{ segment: undefined, bytes: SEQUENCE_POOL }];
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'csi-disk-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const openDriver = (nodeId: string, stateDir = join(root, 'state'), random = countingRandom()): Promise<Driver> =>
  createDriver({
    name: 'mock.csi.example',
    nodeId,
    clock: systemClock,
    random,
    store: new DiskStore({ root: stateDir, nodeId, clock: systemClock }),
    topology: [],
    disabled: new Set(),
    pools,
    codec,
  });

test('random calls, spread over two instances on one directory, agree with the specification', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 30, size: 'max' }), async (commands) => {
      runs += 1;
      const stateDir = join(root, `state-${runs}`);
      const random = countingRandom();
      const open = async () => {
        const drivers = [await openDriver('node-a', stateDir, random), await openDriver('node-b', stateDir, random)] as const;
        let calls = 0;
        const client = clientOver((method, request) => {
          calls += 1;
          return drivers[calls % 2 === 0 ? 0 : 1].handle(method, request);
        });
        // What is on the disk counts, not what one of the two has seen.
        return { client, driver: { ...drivers[0], ledger: () => ledgerOf(loadAll(stateDir), systemClock.now()) } };
      };
      await runSequence(
        { open },
        commands.map((asked) => ({ command: asked, interrupted: undefined })),
      );
      expect(readdirSync(join(stateDir, 'tmp'))).toEqual([]);
    }),
    { seed: 20_260_102, numRuns: 12 },
  );
});

const record = (id: string, name: string): VolumeRecord => ({
  id,
  name,
  bytes: 1n,
  block: false,
  modes: ['SINGLE_NODE_WRITER'],
  parameters: {},
  createdMutable: {},
  mutable: {},
  source: undefined,
  segment: undefined,
  createdMs: 0,
  published: [],
  staged: [],
  targets: [],
});

describe('a commit that fails', () => {
  test.each([1, 2])('for want of space at step %d leaves nothing, and the next one works', async (failing) => {
    const store = new DiskStore({ root: join(root, 'state'), nodeId: 'node-a', clock: systemClock });
    await store.open();
    const change: Change = { op: 'create-volume', volume: record('vol-1', 'v') };
    const noSpace = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const attempt = store.exclusive(() => store.commit(change, (step) => (step === failing ? Promise.reject(noSpace) : Promise.resolve())));
    await expect(attempt).rejects.toMatchObject({ kind: 'full', message: 'the disk of the state directory is full' });
    expect([...readdirSync(join(root, 'state', 'volumes')), ...readdirSync(join(root, 'state', 'tmp'))]).toEqual([]);
    await store.exclusive(() => store.commit(change, () => Promise.resolve()));
    expect(loadAll(join(root, 'state')).volumes).toEqual([record('vol-1', 'v')]);
  });
});

describe('instances', () => {
  test('learn what others did, also when the file that tells them was replaced', async () => {
    const [a, b] = [0, 1].map((index) => new DiskStore({ root: join(root, 'state'), nodeId: `node-${index}`, clock: systemClock }));
    if (a === undefined || b === undefined) throw new Error('two stores');
    await a.open();
    await b.open();
    const commit = (change: Change): Promise<void> => a.exclusive(() => a.commit(change, () => Promise.resolve()));
    await commit({ op: 'create-volume', volume: record('vol-1', 'v') });
    expect(await b.news()).toEqual({ kind: 'changes', changes: [{ op: 'update-volume', volume: record('vol-1', 'v') }] });
    expect(await b.news()).toEqual({ kind: 'changes', changes: [] });
    await commit({ op: 'delete-volume', id: 'vol-1' });
    expect(await b.news()).toEqual({ kind: 'changes', changes: [{ op: 'delete-volume', id: 'vol-1' }] });
    rmSync(join(root, 'state', 'changes'));
    await commit({ op: 'create-volume', volume: record('vol-2', 'w') });
    expect(await b.news()).toEqual({ kind: 'everything', records: expect.objectContaining({ volumes: [record('vol-2', 'w')] }) });
  });
});

describe('the lock', () => {
  const lock = (nodeId = 'node-a', clock: Clock = systemClock): TicketLock =>
    new TicketLock({ directory: join(root, 'locks'), nodeId, clock });

  test('is held by one at a time and handed on in order', async () => {
    const [first, second] = [lock(), lock('node-b')];
    const order: string[] = [];
    expect(await first.acquire()).toEqual({ inherited: false });
    const waiting = second.acquire().then((result) => {
      order.push('second');
      return result;
    });
    order.push('first');
    first.release();
    expect(await waiting).toEqual({ inherited: false });
    expect(order).toEqual(['first', 'second']);
    second.release();
    expect(readdirSync(join(root, 'locks'))).toEqual(['2.free']);
  });

  test('of a process that died is inherited, and the heir is told', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const self = lock();
    await self.acquire();
    const holder = JSON.parse(readlink('1')) as Record<string, unknown>;
    self.release();
    const started = /^\d+ \(.*\) (.*)$/.exec(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))?.[1]?.split(' ')[19];
    symlinkSync(JSON.stringify({ ...holder, pid: child.pid, started, node: 'node-b' }), join(root, 'locks', '2'));
    const waiting = self.acquire();
    child.kill('SIGKILL');
    expect(await waiting).toEqual({ inherited: true });
    expect(readdirSync(join(root, 'locks'))).toEqual(['3']);
  });

  test('of a reused process number is not taken for the living process', async () => {
    const self = lock();
    await self.acquire();
    const holder = JSON.parse(readlink('1')) as Record<string, unknown>;
    self.release();
    symlinkSync(JSON.stringify({ ...holder, started: '1' }), join(root, 'locks', '2'));
    expect(await self.acquire()).toEqual({ inherited: true });
  });

  test('of a former life of this node in another container is inherited', async () => {
    const self = lock();
    await self.acquire();
    const holder = JSON.parse(readlink('1')) as Record<string, unknown>;
    self.release();
    symlinkSync(JSON.stringify({ ...holder, namespace: 'pid:[1]' }), join(root, 'locks', '2'));
    expect(await self.acquire()).toEqual({ inherited: true });
  });

  const readlink = (name: string): string => readlinkSync(join(root, 'locks', name));
});

describe('a copy', () => {
  /** Acts between the look at the source and the copy, which is when the clock is asked. */
  function meddling(times: number, act: (call: number) => void): Clock {
    let calls = 0;
    return {
      ...systemClock,
      now: () => {
        calls += 1;
        if (calls <= times) act(calls);
        // Long after: what was written just now counts as settled, so that only the comparison can catch it.
        return systemClock.now() + 60_000;
      },
    };
  }

  test('is made again if a source changed on the way', async () => {
    const [from, to] = [join(root, 'from'), join(root, 'to')];
    writeFileSync(from, 'before');
    await copyStill(
      [{ from, to }],
      meddling(1, () => writeFileSync(from, 'after, and longer')),
    );
    expect(readFileSync(to, 'utf8')).toBe('after, and longer');
  });

  test('of several sources is of one instant: a change of the first while the second is copied counts', async () => {
    const pairs = ['a', 'b'].map((name) => ({ from: join(root, name), to: join(root, `copy-${name}`) }));
    for (const { from } of pairs) writeFileSync(from, '0');
    await copyStill(
      pairs,
      meddling(3, (call) => pairs.forEach(({ from }) => writeFileSync(from, 'x'.repeat(call)))),
    );
    expect(pairs.map(({ to }) => readFileSync(to, 'utf8'))).toEqual(['xxx', 'xxx']);
  });

  test('gives up on a source that never holds still, and leaves nothing', async () => {
    const [from, to] = [join(root, 'from'), join(root, 'to')];
    writeFileSync(from, '');
    const attempt = copyStill(
      [{ from, to }],
      meddling(1000, (call) => writeFileSync(from, 'x'.repeat(call))),
    );
    await expect(attempt).rejects.toMatchObject({ kind: 'busy' });
    expect(readdirSync(root)).toEqual(['from']);
  });
});
