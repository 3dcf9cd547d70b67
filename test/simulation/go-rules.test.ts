import { describe, expect, it } from 'vitest';
import type { Answer, Calls, Life } from './go-rules.ts';
import { backoffMs, owedToClaim, owedToDeletedSnapshot, owedToReleasedVolume } from './go-rules.ts';

const OK = 0;
const INVALID_ARGUMENT = 3;
const ALREADY_EXISTS = 6;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

const life: Life = { sinceMs: 0, bornMs: 0, longBackoff: false, driverless: [] };
const NONE: Calls = { answers: [], running: false, lost: false };
const calls = (...answers: readonly (readonly [number, number])[]): Calls => ({
  ...NONE,
  answers: answers.map(([atMs, code]): Answer => ({ atMs, code })),
});
const content = { retained: false, cut: false, marked: false };
const deleted = (create: Calls, remove: Calls = NONE, facts: Partial<typeof content> = {}) =>
  owedToDeletedSnapshot({ deletedMs: 5_000, content: { ...content, ...facts }, begunMs: undefined, clearedMs: [], create, remove }, life);

describe('the Go programs', () => {
  it('wait a second, and twice as long each time, up to five minutes', () => {
    expect([1, 2, 3, 9, 10, 40].map(backoffMs)).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
  });

  it('let a deleted snapshot go where nothing was sent, and as soon as the latest answer is final', () => {
    expect(deleted(NONE)).toEqual({ what: 'gone', dueMs: 5_000 });
    expect(deleted(calls([1_000, UNAVAILABLE], [3_000, ALREADY_EXISTS]))).toEqual({ what: 'gone', dueMs: 5_000 });
    expect(deleted(calls([1_000, UNAVAILABLE], [8_000, INVALID_ARGUMENT]))).toEqual({ what: 'gone', dueMs: 8_000 });
    expect(deleted(calls([8_000, INVALID_ARGUMENT], [9_000, UNAVAILABLE]))).toEqual({ what: 'gone', dueMs: 8_000 });
    expect(deleted(NONE, NONE, { retained: true, cut: true })).toEqual({ what: 'gone', dueMs: 5_000 });
  });

  it('ask again what may be in the making, and delete what was cut', () => {
    expect(deleted(calls([4_000, UNAVAILABLE], [7_000, RESOURCE_EXHAUSTED]))).toEqual({ what: 'call CreateSnapshot', dueMs: 9_000 });
    expect(deleted(NONE, NONE, { marked: true })).toEqual({ what: 'call CreateSnapshot', dueMs: 5_000 });
    expect(deleted(calls([4_000, OK]))).toEqual({ what: 'call DeleteSnapshot', dueMs: 5_000 });
    expect(deleted(calls([4_000, OK]), calls([6_000, UNAVAILABLE]))).toEqual({ what: 'call DeleteSnapshot', dueMs: 8_000 });
    expect(deleted(calls([4_000, OK]), calls([6_000, OK]))).toEqual({ what: 'gone', dueMs: 6_000 });
    expect(deleted({ ...NONE, running: true })).toBeUndefined();
  });

  it('wait for the answer to a call that was begun before the deletion, whatever the one before it said', () => {
    const owed = (create: Calls) =>
      owedToDeletedSnapshot(
        { deletedMs: 5_000, content: { ...content, marked: true }, begunMs: 4_900, clearedMs: [3_001], create, remove: NONE },
        life,
      );
    expect(owed(calls([3_000, INVALID_ARGUMENT], [5_100, UNAVAILABLE]))?.what).toBe('call CreateSnapshot');
    expect(owed(calls([3_000, INVALID_ARGUMENT], [5_100, INVALID_ARGUMENT]))).toEqual({ what: 'gone', dueMs: 5_100 });
  });

  it('know a final answer over a restart only if the mark went off before the next call', () => {
    const owed = (create: Calls, clearedMs: readonly number[]) =>
      owedToDeletedSnapshot(
        { deletedMs: 2_000, content: { ...content, marked: clearedMs.length === 0 }, begunMs: 1_900, clearedMs, create, remove: NONE },
        { ...life, sinceMs: 9_000, bornMs: 6_000 },
      );
    const heard = calls([3_000, INVALID_ARGUMENT]);
    expect(owed(heard, [])).toEqual({ what: 'call CreateSnapshot', dueMs: 9_000 });
    expect(owed(heard, [3_100])).toEqual({ what: 'gone', dueMs: 9_000 });
    const again = calls([3_000, INVALID_ARGUMENT], [12_000, INVALID_ARGUMENT]);
    expect(owed(again, [12_100])).toEqual({ what: 'gone', dueMs: 12_000 });
  });

  it('give the node back at the first answer that there is no room', () => {
    const create = calls([1_000, UNAVAILABLE], [3_000, RESOURCE_EXHAUSTED]);
    expect(owedToClaim({ create, askedMs: 0, selectedMs: 0, mendedMs: undefined }, life)).toEqual({ what: 'another node', dueMs: 3_000 });
    expect(owedToClaim({ create, askedMs: 0, selectedMs: undefined, mendedMs: undefined }, life)).toEqual({
      what: 'call CreateVolume',
      dueMs: 5_000,
    });
  });

  it('pause after an invalid argument, unless the class is replaced', () => {
    const create = calls([1_000, INVALID_ARGUMENT]);
    expect(owedToClaim({ create, askedMs: 0, selectedMs: undefined, mendedMs: undefined }, life)?.dueMs).toBe(301_000);
    expect(owedToClaim({ create, askedMs: 0, selectedMs: undefined, mendedMs: 11_000 }, life)?.dueMs).toBe(22_000);
  });

  it('ask for a claim as soon as it is there, or somebody leads', () => {
    const owed = (sinceMs: number) =>
      owedToClaim({ create: NONE, askedMs: 4_000, selectedMs: undefined, mendedMs: undefined }, { ...life, sinceMs });
    expect(owed(0)).toEqual({ what: 'call CreateVolume', dueMs: 4_000 });
    expect(owed(18_000)?.dueMs).toBe(18_000);
  });

  it('remember no failure over a restart', () => {
    const create = calls([1_000, UNAVAILABLE], [3_000, UNAVAILABLE], [7_000, INVALID_ARGUMENT]);
    const next = { ...life, sinceMs: 23_000, bornMs: 20_000 };
    expect(owedToClaim({ create, askedMs: 0, selectedMs: undefined, mendedMs: undefined }, next)).toEqual({
      what: 'call CreateVolume',
      dueMs: 23_000,
    });
  });

  it('count what is due while there is no driver, and no more', () => {
    const remove = calls([10_000, UNAVAILABLE], [25_000, UNAVAILABLE]);
    const owed = (...driverless: Life['driverless']) => owedToReleasedVolume(9_000, remove, { ...life, driverless })?.dueMs;
    expect(owed()).toBe(27_000);
    // Due at 11, 13 and 17 s: after the call at 25 s it is the fifth failure.
    expect(owed({ fromMs: 10_500, toMs: 20_000 })).toBe(41_000);
    expect(owed({ fromMs: 10_100, toMs: 10_900 })).toBe(27_000);
    expect(owed({ fromMs: 26_000, toMs: 28_000 })).toBe(31_000);
  });

  it('delete a volume as soon as it is released', () => {
    expect(owedToReleasedVolume(9_000, NONE, life)).toEqual({ what: 'call DeleteVolume', dueMs: 9_000 });
    expect(owedToReleasedVolume(9_000, calls([9_500, UNAVAILABLE]), life)).toEqual({ what: 'call DeleteVolume', dueMs: 10_500 });
  });
});
