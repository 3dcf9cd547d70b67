/** The operating system's clock and chance, for the driver as a process. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Random } from '../../lib/doors/random.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = { next: () => Math.random(), uuid: () => randomUUID() };
