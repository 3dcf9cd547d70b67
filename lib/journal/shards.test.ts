import { describe, expect, test } from 'vitest';
import { apiError } from '../controller/testing/memory-api.ts';
import { StaleLease } from '../controller/step.ts';
import { EntryRefused } from './entry-refused.ts';
import { createBench, entriesIn, findAll, HEAD, leader, shardsOf, watched } from '../../provisioner/intent/testing/workbench.ts';

const bulky = (n: number): { n: number; text: string } => ({ n, text: 'x'.repeat(15_000) });

describe('a journal that grows', () => {
  test('makes a shard and counts its entries only once the head names it', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    for (const n of [0, 1]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    bench.server.calls.length = 0;
    await journal.record('uid-2', bulky(2), bench.signal);
    const [shard = ''] = shardsOf(bench.server);
    expect(bench.server.calls.map(({ verb, name }) => `${verb} ${name}`)).toEqual([`create ${shard}`, `replace ${HEAD}`]);
    expect(shard).toMatch(/^csi-journal-disk\.example\.com-[a-z0-9]{5}$/);
    expect(bench.server.lease(shard).metadata?.labels).toMatchObject({ 'csi-sidecars/journal-kind': 'shard' });
    expect(Object.keys(entriesIn(bench.server, shard))).toEqual(['uid-2']);
    bench.server.calls.length = 0;
    await journal.record('uid-3', bulky(3), bench.signal);
    expect(bench.server.calls.map(({ verb, name }) => `${verb} ${name}`)).toEqual([`replace ${shard}`]);
  });

  test('does not confirm where the head’s write fails, and what the shard holds goes', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    for (const n of [0, 1]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    bench.server.fault = ({ verb, name }) => (verb === 'replace' && name === HEAD ? apiError(429, 'x') : undefined);
    await expect(journal.record('uid-2', bulky(2), bench.signal)).rejects.toMatchObject({ status: 429 });
    expect(shardsOf(bench.server)).toEqual([]);
    bench.server.fault = () => undefined;
    await bench.clock.advance(60_000);
    expect(journal.holds('uid-2')).toBe(false);
    // It stays as a spare one, since the head has no room.
    for (const shard of shardsOf(bench.server)) expect(entriesIn(bench.server, shard)).toEqual({});
    expect([...(await findAll(bench, 'two')).keys()]).toEqual(['uid-0', 'uid-1']);
  });

  test('a shard whose POST arrives late is nobody’s', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    for (const n of [0, 1]) await first.journal.record(`uid-${n}`, bulky(n), bench.signal);
    bench.server.fault = ({ verb }) => (verb === 'create' ? 'late' : undefined);
    await expect(first.journal.record('uid-2', bulky(2), bench.signal)).rejects.toMatchObject({ status: 0 });
    first.journal.stop();
    bench.server.fault = () => undefined;
    bench.server.arrive();
    expect(bench.server.leases.size).toBe(2);
    expect([...(await findAll(bench, 'two')).keys()]).toEqual(['uid-0', 'uid-1']);
    expect(bench.server.leases.size).toBe(1);
  });

  test('a shard that a predecessor makes late is not named, and its record is not executed', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    for (const n of [0, 1]) await first.journal.record(`uid-${n}`, bulky(n), bench.signal);
    await leader(bench, 'two');
    first.fresh = false;
    await expect(first.journal.record('uid-2', bulky(2), bench.signal)).rejects.toThrow(StaleLease);
    expect(shardsOf(bench.server)).toEqual([]);
    expect([...(await findAll(bench, 'three')).keys()]).toEqual(['uid-0', 'uid-1']);
    expect(bench.server.leases.size).toBe(1);
  });

  test('a late shard of our own is removed once a watch shows it', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    for (const n of [0, 1]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    let faults = 2;
    bench.server.fault = ({ verb }) => (verb === 'create' && faults-- > 0 ? 'late' : undefined);
    await expect(journal.record('uid-2', bulky(2), bench.signal)).rejects.toMatchObject({ status: 0 });
    await bench.clock.advance(10_000);
    bench.server.arrive();
    expect(bench.server.leases.size).toBe(2);
    journal.observe([...bench.server.leases.values()]);
    await bench.clock.advance(15_000);
    expect([...bench.server.leases.keys()]).toEqual([HEAD]);
  });

  test('a shard that is emptied goes: first from the head, then itself', async () => {
    const bench = createBench();
    const { journal, closed } = await leader(bench);
    for (const n of [0, 1, 2, 3]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    const [shard = ''] = shardsOf(bench.server);
    for (const n of [0, 1, 2, 3]) journal.close(`uid-${n}`);
    bench.server.calls.length = 0;
    await bench.clock.advance(1_000);
    expect(bench.server.calls.map(({ verb, name }) => `${verb} ${name}`)).toEqual([`replace ${HEAD}`, `delete ${shard}`]);
    expect([...closed].sort()).toEqual(['uid-0', 'uid-1', 'uid-2', 'uid-3']);
    expect(journal.figures()).toMatchObject({ entries: 0, shards: 0 });
  });

  test('an entry that is closed after the POST of its shard was not answered is told as gone with the shard', async () => {
    const bench = createBench();
    const { journal, closed } = await leader(bench);
    for (const n of [0, 1]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    bench.server.fault = ({ verb }) => (verb === 'create' ? 'late' : undefined);
    const state = watched(journal.record('uid-2', bulky(2), bench.signal));
    await bench.clock.advance(1);
    expect(state.error).toMatchObject({ status: 0 });
    for (const n of [0, 1, 2]) journal.close(`uid-${n}`);
    expect(journal.holds('uid-2')).toBe(true);
    await bench.clock.advance(60_000);
    expect([...closed].sort()).toEqual(['uid-0', 'uid-1', 'uid-2']);
    expect(journal.figures()).toMatchObject({ entries: 0, shards: 0 });
    expect([...bench.server.leases.keys()]).toEqual([HEAD]);
  });

  test('an empty shard stays while the head is full, so that a claim costs two writes all the same', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    for (const n of [0, 1, 2]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    journal.close('uid-2');
    await bench.clock.advance(1_000);
    const { writes } = bench.server;
    await journal.record('uid-3', bulky(3), bench.signal);
    journal.close('uid-3');
    await bench.clock.advance(1_000);
    expect(bench.server.writes - writes).toBe(2);
  });

  test('a value that outgrows its shard never moves to an earlier part: the last one counts', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    for (const n of [0, 1]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    await journal.record('fills', { text: 'x'.repeat(14_500) }, bench.signal);
    for (const n of [2, 3, 4]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    const small = { text: 'x'.repeat(600) };
    await journal.record('grows', small, bench.signal);
    const [shard = ''] = shardsOf(bench.server);
    expect(entriesIn(bench.server, shard)).toHaveProperty('grows');
    await journal.record('last', { text: 'x'.repeat(15_400) }, bench.signal);
    journal.close('uid-0');
    await journal.flush(bench.signal);
    await journal.record('grows', bulky(2), bench.signal);
    journal.stop();
    expect(entriesIn(bench.server, shard).grows).toEqual(small);
    expect((await findAll(bench, 'two')).get('grows')).toEqual(bulky(2));
  });

  test('a refusal of one entry in a new shard concerns that one alone', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    for (const n of [0, 1]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    await journal.record('fills', { text: 'x'.repeat(14_500) }, bench.signal);
    bench.server.fault = ({ body }) => (JSON.stringify(body ?? {}).includes('culprit') ? apiError(422, 'Invalid') : undefined);
    const all = ['a', 'b', 'culprit', 'c'].map((uid) => watched(journal.record(uid, { text: 'x'.repeat(2_000) }, bench.signal)));
    await bench.clock.advance(5_000);
    expect(all.map(({ result, error }) => (error instanceof EntryRefused ? error.uid : result))).toEqual([
      'recorded',
      'recorded',
      'culprit',
      'recorded',
    ]);
    expect(bench.server.calls.length).toBeLessThan(30);
  });

  test('a shard whose name somebody else has gets another name', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    for (const n of [0, 1]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    let first: string | undefined;
    bench.server.fault = ({ verb, name }) => {
      if (verb === 'create' && first === undefined) {
        first = name;
        bench.server.put({ metadata: { name }, spec: { holderIdentity: 'somebody' } });
      }
      return undefined;
    };
    expect(await journal.record('uid-2', bulky(2), bench.signal)).toBe('recorded');
    expect(shardsOf(bench.server)).not.toContain(first);
    expect(bench.server.lease(first ?? '').spec).toEqual({ holderIdentity: 'somebody' });
  });

  test('5,000 entries of 1 KB: no write above 64 KiB, everything is found, and 100 more cost few writes', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    const value = (n: number): unknown => ({ n, request: { parameters: { text: '"'.repeat(200) + 'x'.repeat(600) } } });
    const count = 5_000;
    await Promise.all(
      Array.from({ length: count }, (_, n) =>
        journal.record(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, value(n), bench.signal),
      ),
    );
    expect(Math.max(...bench.server.sizes)).toBeLessThanOrEqual(64 * 1024);
    expect(journal.figures().largestWriteBytes).toBe(Math.max(...bench.server.sizes));
    const { writes } = bench.server;
    await Promise.all(Array.from({ length: 100 }, (_, n) => journal.record(`more-${n}`, value(n), bench.signal)));
    expect(bench.server.writes - writes).toBeLessThanOrEqual(8);
    const found = await findAll(bench, 'two');
    expect(found.size).toBe(count + 100);
    expect(found.get(`00000000-0000-4000-8000-${String(count - 1).padStart(12, '0')}`)).toEqual(value(count - 1));
    await journal.takeOver(bench.signal);
    for (const uid of found.keys()) journal.close(uid);
    await journal.flush(bench.signal);
    expect([...bench.server.leases.keys()]).toEqual([HEAD]);
    expect(Math.max(...bench.server.sizes)).toBeLessThanOrEqual(64 * 1024);
  });
});
