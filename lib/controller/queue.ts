/**
 * Which key is worked on next. One key is in work at most once; a key added while in work is due again
 * when it ends; a delayed key keeps its soonest time. First come, first served, but that keys which come back
 * after a while never have all workers, nor the event loop for long: where thousands come back together, because something
 * hangs or fails, a new one does not wait for them.
 *
 * The queue starts nothing by itself: `ready` tells its owner that `take` may answer something.
 */
import type { Clock } from '../doors/clock.ts';
import { DelayHeap } from './delay-heap.ts';

/** What the work queue reports; see lib/process/metrics for the families (workqueue_*). */
export interface QueueMetrics {
  depth(queue: string, depth: number): void;
  added(queue: string): void;
  started(queue: string, waitedMs: number): void;
  finished(queue: string, workedMs: number): void;
  retried(queue: string): void;
}

export interface QueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly metrics: QueueMetrics;
  /** So many keys are in work at once. */
  readonly workers: number;
  /** A key has become due. Called synchronously. */
  readonly ready: () => void;
}

export interface Queue {
  /** Due now. */
  add(key: string): void;
  /** Due after a while; a sooner time that is already set stays. */
  addAfter(key: string, delayMs: number): void;
  /** The next due key that there is a worker for, which is then in work; its delayed time is forgotten. */
  take(): string | undefined;
  /** The work on a key that `take` answered has ended. */
  finish(key: string): void;
  /** Due keys, and keys that are due again once their work ends. */
  readonly depth: number;
  readonly delayed: number;
  readonly working: number;
  /** No timer is left behind, and nothing becomes due any more. */
  close(): void;
}

/** One worker of so many is kept for keys that do not come back. Fewer workers have none to spare. */
const WORKERS_TO_SPARE_ONE = 10;
/** So many of a crowd of keys that come back are taken in one turn of the event loop: what they start all ends in one later. */
const RETRIES_A_TURN = 10;

interface Due {
  readonly addedAt: number;
  /** Of arrival. */
  readonly order: number;
}

export function createQueue({ name, clock, metrics, workers, ready }: QueueOptions): Queue {
  const mostRetries = workers - Math.floor(workers / WORKERS_TO_SPARE_ONE);
  // In the order of arrival: keys that something new is known of, and keys that come back after their delay.
  const fresh = new Map<string, Due>();
  const retries = new Map<string, Due>();
  const working = new Map<string, { readonly startedAt: number; readonly isRetry: boolean }>();
  const again = new Map<string, number>();
  const delayed = new DelayHeap();
  let order = 0;
  let retriesInWork = 0;
  /** Taken in this turn while more of them waited. */
  let crowd = 0;
  let cancelTurn = (): void => {};
  let cancelTimer = (): void => {};
  let timerAt = Number.POSITIVE_INFINITY;
  let closed = false;

  const report = (): void => metrics.depth(name, fresh.size + retries.size);

  const become = (due: Map<string, Due>, key: string, addedAt: number): void => {
    order += 1;
    due.set(key, { addedAt, order });
    report();
    ready();
  };

  const add = (key: string, due: Map<string, Due>): void => {
    if (closed || fresh.has(key) || retries.has(key) || again.has(key)) return;
    metrics.added(name);
    if (working.has(key)) again.set(key, clock.monotonic());
    else become(due, key, clock.monotonic());
  };

  /** The key to take next, of those that there is a worker for. */
  const next = (): readonly [string, Due] | undefined => {
    if (working.size >= workers) return undefined;
    const [first] = fresh;
    const [retry] = retriesInWork < mostRetries && crowd < RETRIES_A_TURN ? retries : [];
    if (first === undefined || retry === undefined) return first ?? retry;
    return first[1].order < retry[1].order ? first : retry;
  };

  const endTurn = (): void => {
    crowd = 0;
    ready();
  };

  const arm = (): void => {
    const next = delayed.next();
    if (next === timerAt) return;
    cancelTimer();
    timerAt = next;
    if (next === Number.POSITIVE_INFINITY || closed) return;
    cancelTimer = clock.setTimer(Math.max(0, next - clock.monotonic()), () => {
      timerAt = Number.POSITIVE_INFINITY;
      for (const key of delayed.takeDue(clock.monotonic())) add(key, retries);
      arm();
    });
  };

  return {
    add: (key) => add(key, fresh),
    addAfter: (key, delayMs) => {
      if (closed) return;
      if (delayMs <= 0) {
        add(key, retries);
        return;
      }
      metrics.retried(name);
      delayed.set(key, clock.monotonic() + delayMs);
      arm();
    },
    take: () => {
      const taken = closed ? undefined : next();
      if (taken === undefined) return undefined;
      const [key, { addedAt }] = taken;
      const isRetry = retries.delete(key);
      fresh.delete(key);
      delayed.delete(key);
      const now = clock.monotonic();
      working.set(key, { startedAt: now, isRetry });
      if (isRetry) {
        retriesInWork += 1;
        crowd = retries.size > 0 ? crowd + 1 : 0;
        if (crowd === RETRIES_A_TURN) cancelTurn = clock.setTimer(0, endTurn);
      }
      metrics.started(name, now - addedAt);
      report();
      return key;
    },
    finish: (key) => {
      const work = working.get(key);
      if (work === undefined) return;
      working.delete(key);
      if (work.isRetry) retriesInWork -= 1;
      metrics.finished(name, clock.monotonic() - work.startedAt);
      const addedAt = again.get(key);
      if (addedAt === undefined || closed) return;
      again.delete(key);
      become(fresh, key, addedAt);
    },
    get depth() {
      return fresh.size + retries.size + again.size;
    },
    get delayed() {
      return delayed.size;
    },
    get working() {
      return working.size;
    },
    close: () => {
      closed = true;
      cancelTimer();
      cancelTurn();
    },
  };
}
