import type { Clock } from './clock.ts';
import { ENDED } from './ended.ts';

/** Resolves after `delayMs`, or at once when `signal` aborts (it never rejects: look at the signal). */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.setTimer(delayMs, done);
    signal.addEventListener('abort', done);
  });
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** True once the deadline (and not the parent) ended it. */
  expired(): boolean;
  /** Must be called when the work is over, else the timer stays. */
  clear(): void;
}

/** A signal that aborts with its parent or after `delayMs`, whichever is first. */
export function deadline(clock: Clock, delayMs: number, parent: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const cancel = clock.setTimer(delayMs, () => {
    expired = true;
    controller.abort(ENDED);
  });
  const follow = (): void => controller.abort(ENDED);
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow);
  return {
    signal: controller.signal,
    expired: () => expired,
    clear: () => {
      cancel();
      parent.removeEventListener('abort', follow);
    },
  };
}
