import { describe, expect, test } from 'vitest';
import { afterAnswer } from './create-calls.ts';
import type { CreateCalls } from './create-calls.ts';

const MINUTE = 60_000;
const NONE: CreateCalls = { kind: 'none' };
const after = (calls: CreateCalls, answer: 'unknown' | number, atMs = 0, unmarked = false): ReturnType<typeof afterAnswer> =>
  afterAnswer(calls, {
    outcome: answer === 'unknown' ? 'unknown' : 'failed',
    grpcCode: answer === 'unknown' ? 4 : answer,
    nowMs: atMs,
    unmarked,
  });

describe('what an answer says of the calls', () => {
  test('a final one settles calls that were never ambiguous, also AlreadyExists and a refused login', () => {
    for (const code of [3, 6, 7, 13, 16]) expect(after(NONE, code).calls).toEqual(NONE);
  });

  test('an unknown one leaves a call running, a final one after it lets everybody go and leaves it uncertain', () => {
    const running = after(NONE, 'unknown').calls;
    expect(running.kind).toBe('running');
    for (const code of [3, 6, 13, 16]) expect(after(running, code).calls.kind).toBe('uncertain');
    expect(after(after(running, 13).calls, 'unknown').calls.kind).toBe('running');
  });

  test('a search for what was made makes nobody wait, whatever it answers', () => {
    const uncertain = after(after(NONE, 'unknown').calls, 13).calls;
    expect(after(uncertain, 'unknown', 1, true).calls.kind).toBe('uncertain');
  });

  test('it ends with the same final answer five times over ten minutes, and says so; AlreadyExists never ends it', () => {
    let { calls } = after(NONE, 'unknown');
    for (const minute of [1, 3, 6, 9, 10]) ({ calls } = after(calls, 13, minute * MINUTE, true));
    expect(calls.kind).toBe('uncertain');
    expect(after(calls, 13, 11 * MINUTE, true)).toEqual({ calls: NONE, gaveUp: true });
    for (let minute = 0; minute < 60; minute += 5) ({ calls } = after(calls, 6, minute * MINUTE, true));
    expect(calls.kind).toBe('uncertain');
  });
});
