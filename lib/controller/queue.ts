/**
 * Which key is worked on next. One key is in work at most once; a key added while in work is due again
 * when it ends; a delayed key keeps its soonest time. First come, first served, but that
 * - a worker goes to the group of keys that has the fewest: where thousands of one group hang, one of another waits for one of them;
 * - keys which come back after a while never have all workers, nor the event loop for long: where thousands come back together,
 *   because something hangs or fails, a new one does not wait for them.
 *
 * The queue starts nothing by itself: `ready` tells its owner that `take` may answer something.
 */
import type { Clock } from '../doors/clock.ts';
import { DelayHeap } from './delay-heap.ts';
import { createFifo, type Fifo } from './fifo.ts';

/** What the work queue reports; see lib/process/metrics for the families (workqueue_*). */
export interface QueueMetrics {
  /** A queue begins: what it has is asked when somebody wants to know. */
  opened(queue: string, look: QueueLook): void;
  added(queue: string): void;
  started(queue: string, waitedMs: number): void;
  finished(queue: string, workedMs: number): void;
  retried(queue: string): void;
}

export interface QueueLook {
  /** Keys that are due. */
  depth(): number;
  /** When the work on each key that is in work began; monotonic ms. */
  startsOfWork(): readonly number[];
}

export interface QueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly metrics: QueueMetrics;
  /** So many keys are in work at once. */
  readonly workers: number;
  /** A key has become due. Called synchronously. */
  readonly ready: () => void;
  /** What a key may share its fate with: keys of one StorageClass, say. Default: all keys are one group. */
  readonly groupOf?: (key: string) => string;
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
  readonly key: string;
  readonly group: Group;
  readonly isRetry: boolean;
  readonly addedAt: number;
  /** Of arrival. */
  readonly order: number;
}

interface Group {
  readonly name: string;
  /** In the order of arrival: keys that something new is known of, and keys that come back after their delay. */
  readonly fresh: Fifo<Due>;
  readonly retries: Fifo<Due>;
  working: number;
}

export function createQueue({ name, clock, metrics, workers, ready, groupOf = () => '' }: QueueOptions): Queue {
  const mostRetries = workers - Math.floor(workers / WORKERS_TO_SPARE_ONE);
  /** Those that have something due or in work. */
  const groups = new Map<string, Group>();
  const due = new Set<string>();
  const working = new Map<string, { readonly startedAt: number; readonly isRetry: boolean; readonly group: Group }>();
  const again = new Map<string, number>();
  const delayed = new DelayHeap();
  let order = 0;
  let retriesDue = 0;
  let retriesInWork = 0;
  /** Taken in this turn while more of them waited. */
  let crowd = 0;
  let cancelTurn = (): void => {};
  let cancelTimer = (): void => {};
  let timerAt = Number.POSITIVE_INFINITY;
  let closed = false;

  const groupNamed = (groupName: string): Group => {
    const group = groups.get(groupName) ?? { name: groupName, fresh: createFifo(), retries: createFifo(), working: 0 };
    groups.set(groupName, group);
    return group;
  };

  const become = (key: string, { isRetry, addedAt }: Pick<Due, 'isRetry' | 'addedAt'>): void => {
    order += 1;
    const group = groupNamed(groupOf(key));
    due.add(key);
    (isRetry ? group.retries : group.fresh).push({ key, group, isRetry, addedAt, order });
    if (isRetry) retriesDue += 1;
    ready();
  };

  const add = (key: string, isRetry: boolean): void => {
    if (closed || due.has(key) || again.has(key)) return;
    metrics.added(name);
    if (working.has(key)) again.set(key, clock.monotonic());
    else become(key, { isRetry, addedAt: clock.monotonic() });
  };

  /** What to take next, of what there is a worker for. */
  const next = (): Due | undefined => {
    if (working.size >= workers) return undefined;
    const takesRetries = retriesInWork < mostRetries && crowd < RETRIES_A_TURN;
    let best: Due | undefined;
    for (const { fresh, retries } of groups.values()) {
      best = sooner(best, fresh.first());
      if (takesRetries) best = sooner(best, retries.first());
    }
    return best;
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
      for (const key of delayed.takeDue(clock.monotonic())) add(key, true);
      arm();
    });
  };

  metrics.opened(name, { depth: () => due.size, startsOfWork: () => [...working.values()].map(({ startedAt }) => startedAt) });
  return {
    add: (key) => add(key, false),
    addAfter: (key, delayMs) => {
      if (closed) return;
      if (delayMs <= 0) {
        add(key, true);
        return;
      }
      metrics.retried(name);
      delayed.set(key, clock.monotonic() + delayMs);
      arm();
    },
    take: () => {
      const taken = closed ? undefined : next();
      if (taken === undefined) return undefined;
      const { key, group, isRetry, addedAt } = taken;
      due.delete(key);
      (isRetry ? group.retries : group.fresh).shift();
      delayed.delete(key);
      const now = clock.monotonic();
      group.working += 1;
      working.set(key, { startedAt: now, isRetry, group });
      if (isRetry) {
        retriesDue -= 1;
        retriesInWork += 1;
        crowd = retriesDue > 0 ? crowd + 1 : 0;
        if (crowd === RETRIES_A_TURN) cancelTurn = clock.setTimer(0, endTurn);
      }
      metrics.started(name, now - addedAt);
      return key;
    },
    finish: (key) => {
      const work = working.get(key);
      if (work === undefined) return;
      working.delete(key);
      if (work.isRetry) retriesInWork -= 1;
      const { group } = work;
      group.working -= 1;
      if (group.working + group.fresh.size + group.retries.size === 0) groups.delete(group.name);
      metrics.finished(name, clock.monotonic() - work.startedAt);
      const addedAt = again.get(key);
      if (addedAt === undefined || closed) return;
      again.delete(key);
      become(key, { isRetry: false, addedAt });
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
      cancelTurn();
    },
  };
}

function sooner(one: Due | undefined, other: Due | undefined): Due | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return isBefore(other, one) ? other : one;
}

/** The group with the fewest workers first, and in it whoever came first. */
function isBefore(one: Due, other: Due): boolean {
  return one.group.working === other.group.working ? one.order < other.order : one.group.working < other.group.working;
}
