import { describe, expect, test } from 'vitest';
import { apiError } from '../controller/testing/memory-api.ts';
import { headName } from './lease.ts';
import type { Bench, TestProcess } from '../../provisioner/intent/testing/workbench.ts';
import { createBench, DRIVER, entriesIn, HEAD, leader, watched } from '../../provisioner/intent/testing/workbench.ts';

const VALUE = { request: 'r' };
const bulky = (n: number): { n: number; text: string } => ({ n, text: 'x'.repeat(15_000) });
const ALONE = { elected: false, leaseIsFresh: () => true };
const headOf = (identity: string): string => headName(DRIVER, identity);

function alone(bench: Bench, identity: string): TestProcess {
  return bench.process(identity, ALONE);
}

const show = (bench: Bench, { journal }: TestProcess): void => journal.observe([...bench.server.leases.values()]);

describe('without a leader', () => {
  test('a process has a head of its own, made at its first entry, and renewed only while it holds entries', async () => {
    const bench = createBench();
    const { journal } = alone(bench, 'one');
    expect(await journal.takeOver(bench.signal)).toEqual([]);
    expect(bench.server.calls).toEqual([]);
    await journal.record('a', VALUE, bench.signal);
    const head = headOf('one');
    expect(bench.server.lease(head)).toMatchObject({
      metadata: { labels: { 'csi-sidecars/journal-kind': 'process' } },
      spec: { holderIdentity: 'one', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' },
    });
    const { writes } = bench.server;
    await bench.clock.advance(20_000);
    expect(bench.server.writes - writes).toBe(4);
    expect(bench.server.lease(head).spec?.renewTime).toBe('2026-01-01T00:00:20.000000Z');
    journal.close('a');
    await bench.clock.advance(1_000);
    const rest = bench.server.writes;
    await bench.clock.advance(60_000);
    expect(bench.server.writes).toBe(rest);
    await journal.flush(bench.signal);
    expect(bench.server.leases.size).toBe(0);
    expect(await journal.record('b', VALUE, bench.signal)).toBe('recorded');
  });

  test('a head whose POST arrives late holds nothing', async () => {
    const bench = createBench();
    const { journal } = alone(bench, 'one');
    bench.server.fault = ({ verb }) => (verb === 'create' ? 'late' : undefined);
    const state = watched(journal.record('a', VALUE, bench.signal));
    await bench.clock.advance(1_000);
    expect(state.error).toMatchObject({ status: 0 });
    journal.stop();
    bench.server.arrive();
    expect(entriesIn(bench.server, headOf('one'))).toEqual({});
  });

  test('a journal that is not renewed for its duration is taken over; one that is, is not', async () => {
    const bench = createBench();
    const gone = alone(bench, 'gone');
    await Promise.all([0, 1, 2, 3, 4].map((n) => gone.journal.record(`uid-${n}`, bulky(n), bench.signal)));
    gone.journal.stop();
    const living = alone(bench, 'living');
    await living.journal.record('lives', VALUE, bench.signal);
    const heir = alone(bench, 'heir');
    await heir.journal.record('own', VALUE, bench.signal);
    for (let seconds = 0; seconds < 14; seconds += 1) {
      show(bench, heir);
      await bench.clock.advance(1_000);
    }
    expect(heir.found).toEqual([]);
    show(bench, heir);
    await bench.clock.advance(1_500);
    expect(heir.found.map(({ uid }) => uid).sort()).toEqual(['uid-0', 'uid-1', 'uid-2', 'uid-3', 'uid-4']);
    const names = [...bench.server.leases.keys()];
    expect(names.filter((name) => name.startsWith(headOf('gone')))).toEqual([]);
    expect(names).toContain(headOf('living'));
    expect(heir.journal.holds('uid-4')).toBe(true);
    expect(heir.journal.figures()).toMatchObject({ entries: 6 });
  });

  test('a journal that was renewed without our seeing it is not taken over', async () => {
    const bench = createBench();
    const living = alone(bench, 'living');
    await living.journal.record('lives', VALUE, bench.signal);
    const heir = alone(bench, 'heir');
    show(bench, heir);
    await bench.clock.advance(20_000);
    expect(heir.found).toEqual([]);
    expect(bench.server.lease(headOf('living')).spec).toMatchObject({ holderIdentity: 'living' });
  });

  test('a standby takes over nothing until it leads', async () => {
    const bench = createBench();
    const gone = alone(bench, 'gone');
    await gone.journal.record('a', VALUE, bench.signal);
    gone.journal.stop();
    const standby = bench.process('standby');
    standby.fresh = false;
    show(bench, standby);
    await bench.clock.advance(40_000);
    expect(bench.server.calls.filter(({ by }) => by === 'standby')).toEqual([]);
    standby.fresh = true;
    await bench.clock.advance(15_000);
    expect(standby.found).toEqual([{ uid: 'a', value: VALUE }]);
  });

  test('an expired empty one is deleted', async () => {
    const bench = createBench();
    const gone = alone(bench, 'gone');
    await gone.journal.record('a', VALUE, bench.signal);
    gone.journal.close('a');
    await bench.clock.advance(1_000);
    gone.journal.stop();
    const heir = alone(bench, 'heir');
    show(bench, heir);
    await bench.clock.advance(15_000);
    expect(bench.server.leases.size).toBe(0);
    expect(heir.found).toEqual([]);
  });

  test('it is deleted only after its entries are recorded in ours', async () => {
    const bench = createBench();
    const gone = alone(bench, 'gone');
    await gone.journal.record('a', VALUE, bench.signal);
    gone.journal.stop();
    const heir = alone(bench, 'heir');
    bench.server.fault = ({ verb, name }) => (verb === 'replace' && name === headOf('heir') ? apiError(429, 'x') : undefined);
    show(bench, heir);
    await bench.clock.advance(15_000);
    expect(entriesIn(bench.server, headOf('gone'))).toEqual({ a: VALUE });
    bench.server.fault = () => undefined;
    show(bench, heir);
    await bench.clock.advance(16_000);
    expect(heir.found).toContainEqual({ uid: 'a', value: VALUE });
    expect([...bench.server.leases.keys()]).toEqual([headOf('heir')]);
  });

  test('who was taken over all the same begins anew and loses nothing', async () => {
    const bench = createBench();
    const paused = alone(bench, 'paused');
    await Promise.all([0, 1, 2, 3].map((n) => paused.journal.record(`uid-${n}`, bulky(n), bench.signal)));
    const heir = alone(bench, 'heir');
    // The paused process does not renew; its timers fire later.
    bench.server.fault = ({ by }) => (by === 'paused' ? apiError(0, 'Unreachable') : undefined);
    show(bench, heir);
    await bench.clock.advance(16_000);
    expect(heir.found).toHaveLength(4);
    bench.server.fault = () => undefined;
    await bench.clock.advance(10_000);
    expect(await paused.journal.record('uid-9', VALUE, bench.signal)).toBe('recorded');
    const third = alone(bench, 'third');
    paused.journal.stop();
    heir.journal.stop();
    show(bench, third);
    await bench.clock.advance(16_000);
    expect([...new Set(third.found.map(({ uid }) => uid))].sort()).toEqual(['uid-0', 'uid-1', 'uid-2', 'uid-3', 'uid-9']);
  });

  test('a shard whose head is gone is removed after a while', async () => {
    const bench = createBench();
    const name = `${headOf('gone')}-abcde`;
    bench.server.put({ metadata: { name, labels: { 'csi-sidecars/journal-driver': DRIVER, 'csi-sidecars/journal-kind': 'shard' } } });
    const heir = alone(bench, 'heir');
    show(bench, heir);
    await bench.clock.advance(14_000);
    expect(bench.server.leases.has(name)).toBe(true);
    await bench.clock.advance(1_000);
    expect(bench.server.leases.has(name)).toBe(false);
  });

  test('the journal of a leader is taken over too, and a leader takes over those of processes', async () => {
    const bench = createBench();
    const led = await leader(bench, 'led');
    await led.journal.record('a', VALUE, bench.signal);
    led.journal.stop();
    const heir = alone(bench, 'heir');
    show(bench, heir);
    await bench.clock.advance(15_000);
    expect(heir.found).toEqual([{ uid: 'a', value: VALUE }]);
    heir.journal.stop();
    const standby = bench.process('standby');
    standby.fresh = false;
    const next = await leader(bench, 'next');
    show(bench, next);
    show(bench, standby);
    await bench.clock.advance(16_000);
    expect(next.found).toEqual([{ uid: 'a', value: VALUE }]);
    expect(standby.found).toEqual([]);
    expect(entriesIn(bench.server, HEAD)).toEqual({ a: VALUE });
    expect([...bench.server.leases.keys()]).toEqual([HEAD]);
  });
});
