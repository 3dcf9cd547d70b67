/**
 * Which key is worked on next. One key is in work at most once; a key added while in work is due again
 * when it ends; a delayed key keeps its soonest time. First come, first served.
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
  /** A key has become due. Called synchronously. */
  readonly ready: () => void;
}

export interface Queue {
  /** Due now. */
  add(key: string): void;
  /** Due after a while; a sooner time that is already set stays. */
  addAfter(key: string, delayMs: number): void;
  /** The next due key, which is then in work; its delayed time is forgotten. */
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

export function createQueue({ name, clock, metrics, ready }: QueueOptions): Queue {
  // Insertion order is the order of service; the value is when the key was added.
  const due = new Map<string, number>();
  const working = new Map<string, number>();
  const again = new Map<string, number>();
  const delayed = new DelayHeap();
  let cancelTimer = (): void => {};
  let timerAt = Number.POSITIVE_INFINITY;
  let closed = false;

  const report = (): void => metrics.depth(name, due.size);

  const add = (key: string): void => {
    if (closed || due.has(key) || again.has(key)) return;
    metrics.added(name);
    if (working.has(key)) {
      again.set(key, clock.monotonic());
      return;
    }
    due.set(key, clock.monotonic());
    report();
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
      for (const key of delayed.takeDue(clock.monotonic())) add(key);
      arm();
    });
  };

  return {
    add,
    addAfter: (key, delayMs) => {
      if (closed) return;
      if (delayMs <= 0) {
        add(key);
        return;
      }
      metrics.retried(name);
      delayed.set(key, clock.monotonic() + delayMs);
      arm();
    },
    take: () => {
      const first = due.entries().next();
      if (first.done === true || closed) return undefined;
      const [key, addedAt] = first.value;
      due.delete(key);
      delayed.delete(key);
      const now = clock.monotonic();
      working.set(key, now);
      metrics.started(name, now - addedAt);
      report();
      return key;
    },
    finish: (key) => {
      const started = working.get(key);
      if (started === undefined) return;
      working.delete(key);
      metrics.finished(name, clock.monotonic() - started);
      const addedAt = again.get(key);
      if (addedAt === undefined || closed) return;
      again.delete(key);
      due.set(key, addedAt);
      report();
      ready();
    },
    get depth() {
      return due.size + again.size;
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
    },
  };
}
