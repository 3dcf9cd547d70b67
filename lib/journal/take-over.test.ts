import { describe, expect, test } from 'vitest';
import { apiError } from '../controller/testing/memory-api.ts';
import { StaleLease } from '../controller/step.ts';
import type { Bench } from '../../provisioner/intent/testing/workbench.ts';
import { createBench, entriesIn, findAll, HEAD, leader, shardsOf, watched } from '../../provisioner/intent/testing/workbench.ts';

const VALUE = { request: 'r' };
const bulky = (n: number): { n: number; text: string } => ({ n, text: 'x'.repeat(15_000) });

/** Entries in the head and in shards. */
async function fill(bench: Bench, count = 6): Promise<void> {
  const { journal } = await leader(bench, 'one');
  await Promise.all(Array.from({ length: count }, (_, n) => journal.record(`uid-${n}`, bulky(n), bench.signal)));
  journal.stop();
}

describe('a take-over', () => {
  test('of nothing makes an empty head, under our identity', async () => {
    const bench = createBench();
    const { journal } = bench.process('one');
    expect(await journal.takeOver(bench.signal)).toEqual([]);
    expect(bench.server.calls.map(({ verb }) => verb)).toEqual(['get', 'create', 'list']);
    expect(bench.server.lease(HEAD)).toMatchObject({
      metadata: { labels: { 'csi-sidecars/journal-driver': 'disk.example.com', 'csi-sidecars/journal-kind': 'leader' } },
      spec: { holderIdentity: 'one' },
    });
    expect(bench.server.lease(HEAD).spec).not.toHaveProperty('renewTime');
  });

  test('finds what the predecessor confirmed, and keeps it until it is closed', async () => {
    const bench = createBench();
    await fill(bench);
    const second = bench.process('two');
    const found = await second.journal.takeOver(bench.signal);
    expect(found).toHaveLength(6);
    expect(found).toContainEqual({ uid: 'uid-5', value: bulky(5) });
    expect(second.journal.figures()).toMatchObject({ entries: 6 });
    second.journal.close('uid-5');
    await second.journal.flush(bench.signal);
    expect([...(await findAll(bench, 'three')).keys()]).toEqual(['uid-0', 'uid-1', 'uid-2', 'uid-3', 'uid-4']);
  });

  test('fences the predecessor: its write that is under way answers 409 and its record is not executed', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('a', VALUE, bench.signal);
    const second = bench.process('two');
    bench.server.fault = ({ by, verb }) => {
      if (by !== 'one' || verb !== 'replace' || !first.fresh) return undefined;
      first.fresh = false;
      return second.journal.takeOver(bench.signal).then(() => undefined);
    };
    await expect(first.journal.record('b', VALUE, bench.signal)).rejects.toThrow(StaleLease);
    expect(bench.server.calls.filter(({ by, verb }) => by === 'one' && verb === 'replace')).toHaveLength(2);
    expect(entriesIn(bench.server)).toEqual({ a: VALUE });
    expect(second.journal.holds('a')).toBe(true);
  });

  test('is not contested by who was stopped for longer than its lease, and wakes: it sends nothing', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('a', VALUE, bench.signal);
    await leader(bench, 'two');
    first.fresh = false;
    const sent = bench.server.calls.filter(({ by }) => by === 'one').length;
    await expect(first.journal.record('b', VALUE, bench.signal)).rejects.toThrow(StaleLease);
    first.journal.close('a');
    await bench.clock.advance(60_000);
    expect(bench.server.calls.filter(({ by }) => by === 'one')).toHaveLength(sent);
  });

  test('is not contested by who renewed its lease before it, and is by who renews after it', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('a', VALUE, bench.signal);
    first.renewedMs = bench.clock.monotonic();
    await bench.clock.advance(100);
    const second = await leader(bench, 'two');
    await expect(first.journal.record('b', VALUE, bench.signal)).rejects.toThrow(StaleLease);
    await bench.clock.advance(4_000);
    await expect(first.journal.record('a', VALUE, bench.signal)).rejects.toThrow(StaleLease);
    expect(await second.journal.record('c', VALUE, bench.signal)).toBe('recorded');
    expect(entriesIn(bench.server)).toEqual({ a: VALUE, c: VALUE });
    first.renewedMs = bench.clock.monotonic();
    const again = watched(first.journal.record('b', VALUE, bench.signal));
    await bench.clock.advance(1_000);
    expect(again.result).toBe('recorded');
    expect(first.found).toEqual([{ uid: 'c', value: VALUE }]);
  });

  test('that never came is no reason to forget what has to be written: a lease that is renewed after all writes it', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('a', VALUE, bench.signal);
    first.fresh = false;
    first.journal.close('a');
    await bench.clock.advance(5_000);
    expect(entriesIn(bench.server)).toEqual({ a: VALUE });
    first.fresh = true;
    await bench.clock.advance(2_000);
    expect(entriesIn(bench.server)).toEqual({});
  });

  test('fences even who records the same value once more, if its lease is stale', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('a', VALUE, bench.signal);
    await leader(bench, 'two');
    first.fresh = false;
    await expect(first.journal.record('a', VALUE, bench.signal)).rejects.toThrow(StaleLease);
  });

  test('by who lost it for a moment finds what the leader in between recorded', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('a', VALUE, bench.signal);
    const second = await leader(bench, 'two');
    await second.journal.record('b', { by: 2 }, bench.signal);
    await first.journal.record('c', VALUE, bench.signal);
    expect(first.found).toEqual([{ uid: 'b', value: { by: 2 } }]);
    expect(entriesIn(bench.server)).toEqual({ a: VALUE, b: { by: 2 }, c: VALUE });
  });

  test('by the same process again finds nothing new, and only then it writes again', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('a', VALUE, bench.signal);
    const second = await leader(bench, 'two');
    await second.journal.record('b', VALUE, bench.signal);
    first.fresh = false;
    await expect(first.journal.record('c', VALUE, bench.signal)).rejects.toThrow(StaleLease);
    expect(await first.journal.takeOver(bench.signal)).toEqual([{ uid: 'b', value: VALUE }]);
    first.fresh = true;
    expect(await first.journal.record('c', VALUE, bench.signal)).toBe('recorded');
  });

  test('seals shards too: a late write of the predecessor to one answers 409, and what it confirmed before is read', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await Promise.all(Array.from({ length: 3 }, (_, n) => first.journal.record(`uid-${n}`, bulky(n), bench.signal)));
    const [shard = ''] = shardsOf(bench.server);
    // Between the sealing of the head and that of the shard.
    const second = bench.process('two');
    let between = false;
    bench.server.fault = ({ verb, name, by }) => {
      if (by !== 'two' || verb !== 'get' || name !== shard || between) return undefined;
      between = true;
      return (async () => {
        expect(await first.journal.record('between', bulky(9), bench.signal)).toBe('recorded');
      })();
    };
    const found = await second.journal.takeOver(bench.signal);
    expect(found.map(({ uid }) => uid)).toContain('between');
    first.fresh = false;
    await expect(first.journal.record('after', bulky(9), bench.signal)).rejects.toThrow(StaleLease);
    expect(Object.keys(entriesIn(bench.server, shard))).not.toContain('after');
  });

  test('that breaks off is begun again and still finds everything', async () => {
    const bench = createBench();
    await fill(bench);
    const [shard = ''] = shardsOf(bench.server);
    let faults = 3;
    bench.server.fault = ({ name, verb }) => (name === shard && verb === 'get' && faults-- > 0 ? apiError(503, 'x') : undefined);
    const second = bench.process('two');
    const state = watched(second.journal.takeOver(bench.signal));
    await bench.clock.settle();
    expect(state.result).toBe('waiting');
    await bench.clock.advance(10_000);
    expect(state.result).toHaveLength(6);
  });

  test.each(['lost', 'late'] as const)('whose write is %s is cleared up by a read', async (fault) => {
    const bench = createBench();
    await fill(bench, 2);
    let faults = 1;
    bench.server.fault = ({ verb }) => (verb === 'replace' && faults-- > 0 ? fault : undefined);
    const second = bench.process('two');
    expect(await second.journal.takeOver(bench.signal)).toHaveLength(2);
    bench.server.arrive();
    expect(await second.journal.record('b', VALUE, bench.signal)).toBe('recorded');
  });

  test('goes on until its signal fires', async () => {
    const bench = createBench();
    bench.server.fault = () => apiError(500, 'x');
    const { journal } = bench.process('one');
    const giving = new AbortController();
    const state = watched(journal.takeOver(giving.signal));
    await bench.clock.advance(60_000);
    expect(state.result).toBe('waiting');
    expect(bench.server.calls.length).toBeLessThan(40);
    giving.abort(new Error('no leader any more'));
    await bench.clock.settle();
    expect(state.error).toEqual(new Error('no leader any more'));
    const { length } = bench.server.calls;
    await bench.clock.advance(60_000);
    expect(bench.server.calls.length).toBe(length);
  });

  test('removes shards that no head names, and only if it still has the head', async () => {
    const bench = createBench();
    await fill(bench);
    const stray = `${HEAD}-stray`;
    const [shard = ''] = shardsOf(bench.server);
    bench.server.put({ ...bench.server.lease(shard), metadata: { ...bench.server.lease(shard).metadata, name: stray } });
    // Somebody seals the journal between our sealing and our look.
    bench.server.fault = ({ verb }) => {
      if (verb === 'list') bench.server.edit(HEAD, (lease) => Object.assign(lease.spec ?? {}, { holderIdentity: 'three' }));
      return undefined;
    };
    await bench.process('two').journal.takeOver(bench.signal);
    expect(bench.server.leases.has(stray)).toBe(true);
    bench.server.fault = () => undefined;
    expect((await findAll(bench, 'four')).size).toBe(6);
    expect(bench.server.leases.has(stray)).toBe(false);
    expect(bench.server.leases.has(shard)).toBe(true);
  });

  test('of a value that moved to a later part finds the newer one', async () => {
    const bench = createBench();
    const { journal } = await leader(bench, 'one');
    await journal.record('grows', { n: 1 }, bench.signal);
    for (const n of [1, 2]) await journal.record(`uid-${n}`, bulky(n), bench.signal);
    await journal.record('uid-3', { text: 'x'.repeat(13_500) }, bench.signal);
    await journal.record('grows', bulky(2), bench.signal);
    expect(shardsOf(bench.server)).toHaveLength(1);
    // The older value still stands in the head: the crash is now.
    expect(entriesIn(bench.server)).toHaveProperty('grows', { n: 1 });
    journal.stop();
    expect((await findAll(bench, 'two')).get('grows')).toEqual(bulky(2));
  });
});

describe('values that were placed before the journal was read', () => {
  test('go elsewhere if what a predecessor left needs the room', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    for (const n of [1, 2]) await first.journal.record(`uid-${n}`, bulky(n), bench.signal);
    await first.journal.record('uid-3', { text: 'x'.repeat(13_000) }, bench.signal);
    const second = bench.process('two');
    await Promise.all([4, 5].map((n) => second.journal.record(`uid-${n}`, bulky(n), bench.signal)));
    expect(Object.keys(entriesIn(bench.server))).toEqual(['uid-1', 'uid-2', 'uid-3']);
    expect((await findAll(bench, 'three')).size).toBe(5);
  });
});

describe('two who believe to lead', () => {
  test('do not take the journal from each other as fast as they can', async () => {
    const bench = createBench();
    const both = [await leader(bench, 'one'), bench.process('two')];
    for (let round = 0; round < 20; round += 1) {
      for (const [index, { journal }] of both.entries())
        for (const n of [1, 2, 3]) watched(journal.record(`uid-${index}-${n}`, bulky(round), bench.signal));
      await bench.clock.settle();
    }
    await bench.clock.advance(60_000);
    expect(bench.server.calls.length).toBeLessThan(300);
    for (const { journal } of both) journal.stop();
    expect((await findAll(bench, 'three')).size).toBe(6);
  });
});

describe('a journal that cannot be read', () => {
  const cases: readonly (readonly [string, Record<string, string>])[] = [
    ['no JSON', { 'csi-sidecars/journal': '{', 'csi-sidecars/entries': '{}' }],
    ['another version', { 'csi-sidecars/journal': '{"version":2,"owner":"one"}', 'csi-sidecars/entries': '{"a":{}}' }],
    ['entries that are no object', { 'csi-sidecars/journal': '{"version":1,"owner":"one"}', 'csi-sidecars/entries': '[1]' }],
    ['entries without a journal', { 'csi-sidecars/entries': '{"a":{}}' }],
  ];
  test.each(cases)('(%s) is copied aside, told, and gives nothing', async (_name, annotations) => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    first.journal.stop();
    bench.server.edit(HEAD, (lease) => Object.assign(lease, { metadata: { ...lease.metadata, annotations } }));
    const second = bench.process('two');
    expect(await second.journal.takeOver(bench.signal)).toEqual([]);
    const copy = [...bench.server.leases.values()].find(({ metadata }) => metadata?.labels?.['csi-sidecars/journal-kind'] === 'unreadable');
    expect(copy?.metadata?.name).toMatch(/^csi-journal-disk\.example\.com-unreadable-[a-z0-9]{5}$/);
    expect(copy?.metadata?.annotations).toEqual(annotations);
    expect(second.journal.figures()).toMatchObject({ unreadable: 1 });
    expect(second.log.messages('warn')).toEqual(['journal cannot be read']);
    expect(await second.journal.record('a', VALUE, bench.signal)).toBe('recorded');
  });

  test('entries and shard names of another form are dropped with a warning', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('good', VALUE, bench.signal);
    first.journal.stop();
    bench.server.put({ metadata: { name: 'external-lease' }, spec: { holderIdentity: 'x' } });
    bench.server.edit(HEAD, (lease) => {
      Object.assign(lease.metadata?.annotations ?? {}, {
        'csi-sidecars/journal': JSON.stringify({ version: 1, owner: 'one', shards: ['external-lease', 7, `${HEAD}-ABCDE`] }),
        'csi-sidecars/entries': JSON.stringify({ good: VALUE, '../x': VALUE, text: 'x', list: [], long: { text: 'x'.repeat(17_000) } }),
      });
    });
    const second = bench.process('two');
    expect(await second.journal.takeOver(bench.signal)).toEqual([{ uid: 'good', value: VALUE }]);
    expect(second.log.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'entries that no journal can hold are dropped', fields: { entries: 7 } },
    ]);
    expect(bench.server.lease('external-lease').spec).toEqual({ holderIdentity: 'x' });
    await bench.clock.advance(1_000);
    expect(Object.keys(entriesIn(bench.server))).toEqual(['good']);
  });

  test('a named shard that is gone is told, and the rest is found', async () => {
    const bench = createBench();
    await fill(bench);
    const [shard = ''] = shardsOf(bench.server);
    bench.server.leases.delete(shard);
    const second = bench.process('two');
    expect((await second.journal.takeOver(bench.signal)).length).toBeGreaterThan(0);
    expect(second.log.messages('warn')).toEqual(['shard of the journal is gone']);
    expect(await second.journal.record('a', bulky(1), bench.signal)).toBe('recorded');
    await bench.clock.advance(10_000);
    expect(shardsOf(bench.server)).not.toContain(shard);
  });
});
