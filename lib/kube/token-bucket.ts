/** Client-side limit for `--kube-api-qps/-burst`. Absent by default: the server's own fairness decides. */
import type { Clock } from '../doors/clock.ts';
import { sleep } from '../doors/sleep.ts';

export interface TokenBucket {
  /** Waits for a turn, first come first served; returns early when the signal fires. */
  take(signal: AbortSignal): Promise<void>;
}

export function createTokenBucket(clock: Clock, limit: { readonly qps: number; readonly burst: number }): TokenBucket {
  const msPerToken = 1000 / limit.qps;
  // The time at which the bucket would be full again: one number instead of a count and a timestamp.
  let fullAt = clock.monotonic();
  return {
    take: async (signal) => {
      const now = clock.monotonic();
      fullAt = Math.max(fullAt, now) + msPerToken;
      const wait = fullAt - now - Math.max(1, limit.burst) * msPerToken;
      if (wait > 0) await sleep(clock, wait, signal);
    },
  };
}
