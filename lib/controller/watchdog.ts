/** Ends a stream that fell silent: a half-open connection gives no error, only nothing. */
import type { Clock } from '../doors/clock.ts';
import { ENDED } from '../doors/ended.ts';

export interface Watchdog {
  /** Fires after silence, or with the parent signal. */
  readonly signal: AbortSignal;
  /** Something came. `silenceMs` sets a new limit from now on. */
  heard(silenceMs?: number): void;
  /** True once silence ended it. */
  barked(): boolean;
  stop(): void;
}

export function startWatchdog(clock: Clock, silenceMs: number, parent: AbortSignal): Watchdog {
  const controller = new AbortController();
  let limitMs = silenceMs;
  let heardAt = clock.monotonic();
  let barked = false;
  let cancel = (): void => {};
  // One timer that looks again, instead of one cancelled and set at every event of a busy stream.
  const arm = (): void => {
    const left = heardAt + limitMs - clock.monotonic();
    if (left <= 0) {
      barked = true;
      controller.abort(ENDED);
      return;
    }
    cancel = clock.setTimer(left, arm);
  };
  const follow = (): void => controller.abort(ENDED);
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow);
  arm();
  return {
    signal: controller.signal,
    heard: (newLimitMs) => {
      heardAt = clock.monotonic();
      if (newLimitMs === undefined || newLimitMs === limitMs) return;
      limitMs = newLimitMs;
      cancel();
      arm();
    },
    barked: () => barked,
    stop: () => {
      cancel();
      parent.removeEventListener('abort', follow);
    },
  };
}
