/**
 * Requests that may still arrive. A process that died, or lost an answer, may have had a write under way, and
 * the API server may apply it up to a request's longest life later: after somebody has looked and found
 * nothing. For updates and deletes a resourceVersion guards against that; for the POST of an object under a
 * fixed name only the object itself does, or time.
 */
import type { Clock } from '../doors/clock.ts';

export interface LateRequests {
  /** The work begins: whoever worked before has ended. */
  began(): void;
  /** A POST about this key got no answer. */
  unanswered(key: string): void;
  /**
   * When the last POST about this key can have been sent, in milliseconds of the monotonic clock; -Infinity:
   * none is under way. `inherited`: an earlier process may have been at it.
   */
  lastSentMs(key: string, inherited: boolean): number;
  /** Milliseconds until a request that was sent then can arrive no more. */
  waitMs(sentMs: number): number;
  /** Milliseconds until nothing of an earlier process can arrive any more. */
  youngMs(): number;
}

export function createLateRequests(clock: Pick<Clock, 'monotonic'>, requestLifeMs: number): LateRequests {
  const asked = new Map<string, number>();
  let begin = Number.NEGATIVE_INFINITY;
  const waitMs = (sentMs: number): number => Math.max(0, sentMs + requestLifeMs - clock.monotonic());

  return {
    began: () => {
      begin = clock.monotonic();
    },
    unanswered: (key) => {
      for (const [other, sentMs] of asked) if (waitMs(sentMs) === 0) asked.delete(other);
      asked.set(key, clock.monotonic());
    },
    lastSentMs: (key, inherited) => Math.max(inherited ? begin : Number.NEGATIVE_INFINITY, asked.get(key) ?? Number.NEGATIVE_INFINITY),
    waitMs,
    youngMs: () => waitMs(begin),
  };
}
