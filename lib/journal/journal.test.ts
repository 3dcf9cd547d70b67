import { describe, expect, test } from 'vitest';
import { apiError } from '../controller/testing/memory-api.ts';
import { StaleLease } from '../controller/step.ts';
import { EntryRefused } from './entry-refused.ts';
import { MAX_ENTRY_BYTES } from './lease.ts';
import { createBench, entriesIn, findAll, HEAD, leader, watched } from '../../provisioner/intent/testing/workbench.ts';

const VALUE = { request: 'r' };

/** A promise that the test resolves. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe('record', () => {
  test('resolves only after the write that holds the entry was confirmed', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    const held = gate();
    bench.server.fault = () => held.opened;
    const state = watched(journal.record('a', VALUE, bench.signal));
    await bench.clock.settle();
    expect(state.result).toBe('waiting');
    expect(journal.holds('a')).toBe(true);
    held.open();
    await bench.clock.settle();
    expect(state.result).toBe('recorded');
    expect(entriesIn(bench.server)).toEqual({ a: VALUE });
  });

  test('is written at once when it is alone, and with its closing costs two writes', async () => {
    const bench = createBench();
    const { journal, closed } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    expect(bench.server.calls.map(({ verb }) => verb)).toEqual(['replace']);
    journal.close('a');
    journal.close('a');
    expect(journal.holds('a')).toBe(true);
    await bench.clock.advance(999);
    expect(closed).toEqual([]);
    await bench.clock.advance(1);
    expect(closed).toEqual(['a']);
    expect(journal.holds('a')).toBe(false);
    expect(entriesIn(bench.server)).toEqual({});
    await bench.clock.advance(60_000);
    expect(bench.server.calls.map(({ verb }) => verb)).toEqual(['replace', 'replace']);
  });

  test('of 32 claims at once is at most two writes', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    const all = Array.from({ length: 32 }, (_, index) => journal.record(`uid-${index}`, { index }, bench.signal));
    expect(new Set(await Promise.all(all))).toEqual(new Set(['recorded']));
    expect(bench.server.writes).toBeLessThanOrEqual(2);
    expect(Object.keys(entriesIn(bench.server))).toHaveLength(32);
    expect(journal.figures()).toMatchObject({ entries: 32, shards: 0 });
  });

  test('of the very same value writes nothing and cancels a closing', async () => {
    const bench = createBench();
    const { journal, closed } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    journal.close('a');
    await journal.record('a', { ...VALUE }, bench.signal);
    await bench.clock.advance(10_000);
    expect(bench.server.writes).toBe(1);
    expect(closed).toEqual([]);
    await journal.record('a', { request: 'other' }, bench.signal);
    expect(entriesIn(bench.server)).toEqual({ a: { request: 'other' } });
  });

  test('of the same value waits where a write that takes it away is under way', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    journal.close('a');
    const held = gate();
    bench.server.fault = ({ verb }) => (verb === 'replace' ? held.opened : undefined);
    await bench.clock.advance(1_000);
    const state = watched(journal.record('a', VALUE, bench.signal));
    await bench.clock.settle();
    expect(state.result).toBe('waiting');
    held.open();
    await bench.clock.settle();
    expect(state.result).toBe('recorded');
    expect(entriesIn(bench.server)).toEqual({ a: VALUE });
  });

  test('of a value without an answer that may still take it away is written again first', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    journal.close('a');
    bench.server.fault = ({ verb }) => (verb === 'replace' ? 'late' : undefined);
    const flushed = watched(journal.flush(bench.signal));
    await bench.clock.settle();
    bench.server.fault = () => undefined;
    expect(flushed.result).toBe('waiting');
    const state = watched(journal.record('a', VALUE, bench.signal));
    await bench.clock.advance(5_000);
    expect(state.result).toBe('recorded');
    bench.server.arrive();
    expect(entriesIn(bench.server)).toEqual({ a: VALUE });
  });

  test('of another value keeps the older one where it fails', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    await journal.record('a', { v: 1 }, bench.signal);
    bench.server.fault = ({ verb }) => (verb === 'replace' ? apiError(429, 'TooManyRequests') : undefined);
    await expect(journal.record('a', { v: 2 }, bench.signal)).rejects.toMatchObject({ status: 429 });
    bench.server.fault = () => undefined;
    await bench.clock.advance(60_000);
    expect(entriesIn(bench.server)).toEqual({ a: { v: 1 } });
    expect(journal.holds('a')).toBe(true);
  });

  test('that was given up goes again, even if its write was applied', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    const held = gate();
    bench.server.fault = () => held.opened;
    const giving = new AbortController();
    const state = watched(journal.record('a', VALUE, giving.signal));
    await bench.clock.settle();
    giving.abort(new Error('no time'));
    await bench.clock.settle();
    expect(state.error).toEqual(new Error('no time'));
    held.open();
    await bench.clock.advance(1_000);
    expect(entriesIn(bench.server)).toEqual({});
    expect(journal.holds('a')).toBe(false);
  });

  test('refuses what can never be an entry, without a request', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    const tooLong = { text: 'ü'.repeat(MAX_ENTRY_BYTES / 2) };
    for (const value of [tooLong, 'text', null, [1]]) await expect(journal.record('a', value, bench.signal)).rejects.toThrow(EntryRefused);
    await expect(journal.record('../a', VALUE, bench.signal)).rejects.toThrow(EntryRefused);
    expect(bench.server.calls).toEqual([]);
    expect(journal.holds('a')).toBe(false);
  });

  test('before anybody took the journal over seals it first, or is fenced', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('a', VALUE, bench.signal);
    const second = bench.process('two');
    second.fresh = false;
    await expect(second.journal.record('b', VALUE, bench.signal)).rejects.toThrow(StaleLease);
    second.fresh = true;
    expect(await second.journal.record('b', VALUE, bench.signal)).toBe('recorded');
    expect(second.found).toEqual([{ uid: 'a', value: VALUE }]);
  });
});

describe('an answer that is lost', () => {
  test('of a write that was applied is cleared up by one read', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    let faults = 1;
    bench.server.fault = ({ verb }) => (verb === 'replace' && faults-- > 0 ? 'lost' : undefined);
    expect(await journal.record('a', VALUE, bench.signal)).toBe('recorded');
    expect(bench.server.calls.map(({ verb }) => verb)).toEqual(['replace', 'get']);
  });

  test('of a write that was not applied has it written again, and it cannot arrive late any more', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    let faults = 1;
    bench.server.fault = ({ verb }) => (verb === 'replace' && faults-- > 0 ? 'late' : undefined);
    expect(await journal.record('a', VALUE, bench.signal)).toBe('recorded');
    expect(bench.server.calls.map(({ verb }) => verb)).toEqual(['replace', 'get', 'replace']);
    const { version } = bench.server;
    bench.server.arrive();
    expect(bench.server.version).toBe(version);
  });

  test('twice rejects the record, and the journal sees to it that it does not stay', async () => {
    const bench = createBench();
    const { journal, closed } = await leader(bench);
    let faults = 2;
    bench.server.fault = ({ verb }) => (verb === 'replace' && faults-- > 0 ? 'late' : undefined);
    await expect(journal.record('a', VALUE, bench.signal)).rejects.toMatchObject({ status: 0 });
    expect(journal.holds('a')).toBe(true);
    await bench.clock.advance(2_000);
    bench.server.arrive();
    expect(entriesIn(bench.server)).toEqual({});
    expect(journal.holds('a')).toBe(false);
    expect(closed).toEqual(['a']);
  });

  test('of a write that arrives between read and write is met as a conflict', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    let writes = 0;
    bench.server.fault = ({ verb }) => {
      if (verb !== 'replace') return undefined;
      writes += 1;
      if (writes === 1) return 'late';
      if (writes === 2) bench.server.arrive();
      return undefined;
    };
    expect(await journal.record('a', VALUE, bench.signal)).toBe('recorded');
    expect(entriesIn(bench.server)).toEqual({ a: VALUE });
  });

  test('of a closing, whose read fails too, is told as its end once the Lease is read again', async () => {
    const bench = createBench();
    const { journal, closed } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    const faults: ('lost' | ReturnType<typeof apiError>)[] = ['lost', apiError(500, 'InternalError')];
    bench.server.fault = ({ verb }) => (verb === 'replace' || verb === 'get' ? faults.shift() : undefined);
    journal.close('a');
    await bench.clock.advance(10_000);
    expect(faults).toEqual([]);
    expect(entriesIn(bench.server)).toEqual({});
    expect(closed).toEqual(['a']);
    expect(journal.holds('a')).toBe(false);
  });

  test('while the read fails too is told once, then cleared up with growing pauses', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    bench.server.fault = () => apiError(500, 'InternalError');
    await expect(journal.record('a', VALUE, bench.signal)).rejects.toMatchObject({ status: 500 });
    const calls = bench.server.calls.length;
    await bench.clock.advance(60_000);
    expect(bench.server.calls.length - calls).toBeLessThan(60);
    expect(bench.server.calls.length - calls).toBeGreaterThan(10);
    bench.server.fault = () => undefined;
    await bench.clock.advance(10_000);
    expect(entriesIn(bench.server)).toEqual({});
    const rest = bench.server.calls.length;
    await bench.clock.advance(60_000);
    expect(bench.server.calls.length).toBe(rest);
    expect(await journal.record('b', VALUE, bench.signal)).toBe('recorded');
  });
});

describe('a refusal', () => {
  test.each([403, 404, 405])('with %i makes the journal unwritable, and it is tried again after a while', async (status) => {
    const bench = createBench();
    const { journal, reasons } = await leader(bench);
    bench.server.fault = ({ verb }) =>
      verb === 'replace' || verb === 'create' || verb === 'get' ? apiError(status, 'Refused') : undefined;
    expect(await journal.record('a', VALUE, bench.signal)).toBe('unrecorded');
    expect(reasons).toHaveLength(1);
    expect(journal.holds('a')).toBe(false);
    const { length } = bench.server.calls;
    expect(await journal.record('b', VALUE, bench.signal)).toBe('unrecorded');
    await bench.clock.advance(599_000);
    expect(bench.server.calls.length).toBe(length);
    bench.server.fault = () => undefined;
    await bench.clock.advance(1_000);
    expect(await journal.record('c', VALUE, bench.signal)).toBe('recorded');
    expect(reasons).toHaveLength(1);
  });

  test.each([401, 429, 409])('with %i is told to nobody but who waits, and leaves nothing', async (status) => {
    const bench = createBench();
    const { journal } = await leader(bench);
    let faults = 1;
    bench.server.fault = ({ verb }) => (verb === 'replace' && faults-- > 0 ? apiError(status, 'x') : undefined);
    const state = watched(journal.record('a', VALUE, bench.signal));
    await bench.clock.advance(5_000);
    if (status === 409) expect(state.result).toBe('recorded');
    else expect(state.error).toMatchObject({ status });
    expect(entriesIn(bench.server)).toEqual(status === 409 ? { a: VALUE } : {});
    expect(journal.holds('a')).toBe(status === 409);
  });

  test.each([401, 409, 429])('with %i of a write whose entry was closed meanwhile is told as its end', async (status) => {
    const bench = createBench();
    const { journal, closed } = await leader(bench);
    let refuse: (error: Error) => void = () => undefined;
    const refused = new Promise<void>((_, reject) => {
      refuse = reject;
    });
    let faults = 1;
    bench.server.fault = ({ verb }) => (verb === 'replace' && faults-- > 0 ? refused : undefined);
    const state = watched(journal.record('a', VALUE, bench.signal));
    await bench.clock.settle();
    journal.close('a');
    expect(journal.holds('a')).toBe(true);
    refuse(apiError(status, 'x'));
    await bench.clock.advance(5_000);
    expect(state.error).toBeInstanceOf(Error);
    expect(journal.holds('a')).toBe(false);
    expect(closed).toEqual(['a']);
  });

  test.each([400, 413, 422])('of one entry with %i among many concerns that one alone', async (status) => {
    const bench = createBench();
    const { journal, reasons } = await leader(bench);
    bench.server.fault = ({ body }) => (JSON.stringify(body ?? {}).includes('culprit') ? apiError(status, 'Invalid') : undefined);
    const all = ['a', 'culprit-1', 'b', 'culprit-2', 'c'].map((uid) => watched(journal.record(uid, VALUE, bench.signal)));
    await bench.clock.advance(5_000);
    expect(all.map(({ result, error }) => (error instanceof EntryRefused ? error.uid : result))).toEqual([
      'recorded',
      'culprit-1',
      'recorded',
      'culprit-2',
      'recorded',
    ]);
    expect(reasons).toEqual([]);
    expect(Object.keys(entriesIn(bench.server))).toEqual(['a', 'b', 'c']);
  });

  test('of whatever is written is no entry’s fault', async () => {
    const bench = createBench();
    const { journal, reasons } = await leader(bench);
    bench.server.fault = ({ verb }) => (verb === 'replace' ? apiError(422, 'Invalid') : undefined);
    expect(await journal.record('a', VALUE, bench.signal)).toBe('unrecorded');
    expect(reasons).toHaveLength(1);
  });

  test('at a take-over resolves with nothing; what was left is told when it can be read', async () => {
    const bench = createBench();
    const first = await leader(bench, 'one');
    await first.journal.record('a', VALUE, bench.signal);
    bench.server.fault = () => apiError(403, 'Forbidden');
    const second = bench.process('two');
    expect(await second.journal.takeOver(bench.signal)).toEqual([]);
    expect(await second.journal.record('b', VALUE, bench.signal)).toBe('unrecorded');
    bench.server.fault = () => undefined;
    await bench.clock.advance(600_000);
    expect(second.found).toEqual([{ uid: 'a', value: VALUE }]);
  });
});

describe('forged and edited', () => {
  test('entries in our head are dropped with one warning and never told', async () => {
    const bench = createBench();
    const { journal, found, log } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    bench.server.edit(HEAD, (lease) => {
      Object.assign(lease.metadata?.annotations ?? {}, { 'csi-sidecars/entries': JSON.stringify({ a: { forged: 1 }, evil: VALUE }) });
    });
    await journal.record('b', VALUE, bench.signal);
    expect(entriesIn(bench.server)).toEqual({ a: VALUE, b: VALUE });
    expect(found).toEqual([]);
    expect(log.messages('warn')).toEqual(['entries that this process did not record are dropped']);
  });

  test('text in our head is written over', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    bench.server.edit(HEAD, (lease) => {
      Object.assign(lease.metadata?.annotations ?? {}, { 'csi-sidecars/journal': 'x', 'csi-sidecars/entries': '[' });
    });
    await journal.record('b', VALUE, bench.signal);
    expect(await findAll(bench, 'two')).toEqual(
      new Map([
        ['a', VALUE],
        ['b', VALUE],
      ]),
    );
  });

  test('a head that was deleted is made again with everything that stood in it', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    bench.server.leases.delete(HEAD);
    await journal.record('b', VALUE, bench.signal);
    expect(entriesIn(bench.server)).toEqual({ a: VALUE, b: VALUE });
  });
});

describe('flush and stop', () => {
  test('flush writes closings at once, and resolves without a request where nothing is pending', async () => {
    const bench = createBench();
    const { journal, closed } = await leader(bench);
    await journal.flush(bench.signal);
    expect(bench.server.calls).toEqual([]);
    await journal.record('a', VALUE, bench.signal);
    journal.close('a');
    await journal.flush(bench.signal);
    expect(closed).toEqual(['a']);
  });

  test('flush rejects when its signal fires, and resolves where the journal cannot be written', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    journal.close('a');
    bench.server.fault = () => apiError(500, 'x');
    const giving = new AbortController();
    const state = watched(journal.flush(giving.signal));
    await bench.clock.advance(3_000);
    expect(state.result).toBe('waiting');
    giving.abort(new Error('late'));
    await bench.clock.settle();
    expect(state.error).toEqual(new Error('late'));
    bench.server.fault = () => apiError(403, 'Forbidden');
    await bench.clock.advance(6_000);
    await journal.flush(bench.signal);
  });

  test('after stop nothing is written, no timer is left, and who waits hears of it', async () => {
    const bench = createBench();
    const { journal } = await leader(bench);
    await journal.record('a', VALUE, bench.signal);
    journal.close('a');
    const held = gate();
    bench.server.fault = () => held.opened;
    const state = watched(journal.record('b', VALUE, bench.signal));
    journal.stop();
    held.open();
    await bench.clock.settle();
    expect(state.error).toMatchObject({ status: 0, reason: 'Aborted' });
    const { length } = bench.server.calls;
    await expect(journal.record('c', VALUE, bench.signal)).rejects.toMatchObject({ reason: 'Aborted' });
    await bench.clock.advance(60_000);
    expect(bench.server.calls.length).toBe(length);
    expect(bench.clock.timers).toBe(0);
  });
});

test('a Lease of ours that is older than it was ends the work: what is known here may never have been', async () => {
  const bench = createBench();
  const first = await leader(bench, 'one');
  await first.journal.record('a', { n: 1 }, bench.signal);
  const backup = structuredClone(bench.server.lease(HEAD));
  first.journal.close('a');
  await first.journal.flush(bench.signal);
  bench.server.put(backup);
  await expect(first.journal.record('b', { n: 2 }, bench.signal)).rejects.toThrow('stopped');
  expect(first.undone).toBe(1);
  await bench.clock.advance(60_000);
  expect(entriesIn(bench.server), 'the next process finds what was undone').toEqual({ a: { n: 1 } });
});
