/** The time of log lines: the wall clock counts milliseconds only, the monotonic one what is between two of them. */
import type { Clock } from '../doors/clock.ts';

/** Beyond this the wall clock was set: it is followed at once. */
const APART_MS = 2;

/** Milliseconds since the epoch with microseconds as the fraction. Lines keep their order unless the wall clock is set back. */
export function logTime(clock: Clock): () => number {
  let offset = Number.NaN;
  return () => {
    const [wall, monotonic] = [clock.now(), clock.monotonic()];
    if (!(Math.abs(offset + monotonic - wall) < APART_MS)) offset = wall - monotonic;
    return Math.round((offset + monotonic) * 1000) / 1000;
  };
}
