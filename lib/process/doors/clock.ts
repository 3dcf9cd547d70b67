import type { Clock } from '../../doors/clock.ts';

/** Node's timers count in 32 bits and fire at once beyond that; a longer wait is made of several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function openClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer: (delayMs, fire) => {
      const end = performance.now() + delayMs;
      let timer: NodeJS.Timeout;
      const arm = (waitMs: number): void => {
        timer = setTimeout(
          () => {
            const left = end - performance.now();
            // A timer may fire a fraction of a millisecond early; only a cut wait is continued.
            if (left > 1) arm(left);
            else fire();
          },
          Math.min(Math.max(waitMs, 0), LONGEST_TIMER_MS),
        );
      };
      arm(delayMs);
      return () => clearTimeout(timer);
    },
  };
}
