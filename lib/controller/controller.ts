/**
 * A controller: one queue, one reconciler, `workers` keys at a time. Made by `createController`; the
 * informer handlers of a role call `enqueue`.
 *
 * Invariants: a key is in work at most once; after the start signal fires no key is taken and no further
 * effect executed, but the present ones end by themselves (`drain` waits for them).
 */
import type { Doors } from '../doors/doors.ts';
import type { Logger } from '../doors/log.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Inspectable } from './inspection.ts';
import type { HeldEffect } from './not-before.ts';
import type { QueueMetrics } from './queue.ts';
import { createQueue } from './queue.ts';
import type { KeyMemory } from './reconcile.ts';
import { newMemory, runKey } from './reconcile.ts';
import { expectManyListeners } from './shared-signal.ts';
import type { Effect, Reconciler } from './step.ts';

export interface ControllerOptions<S, E extends Effect, A> {
  /** Queue and metric name, as the peer's: `snapshot-controller-snapshot`. */
  readonly name: string;
  readonly workers: number;
  readonly retryStartMs: number;
  readonly retryMaxMs: number;
  readonly reconciler: Reconciler<S, E, A>;
  readonly doors: Pick<Doors, 'clock' | 'random'>;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly metrics: QueueMetrics;
  /** See the queue. */
  readonly groupOf?: (key: string) => string;
  /** False while another process may lead: nothing is executed then. True always where there is no election. */
  readonly leaseIsFresh: () => boolean;
  /** Hears of the controller as it is made: it can be asked about its keys. */
  readonly inspected?: (controller: Inspectable) => void;
  /** Called for errors that must end the process (TerminalError). */
  readonly fatal: (error: unknown) => void;
}

export interface Controller {
  /** Marks the key as due now (its not-before times still hold). Before `start` keys are only collected. */
  enqueue(key: string): void;
  start(signal: AbortSignal): void;
  /**
   * Resolves when no key is in work. Keys in work finish their present effect, unless `cancel` fires: then
   * it is given up, too.
   */
  drain(cancel?: AbortSignal): Promise<void>;
  /** Keys waiting or in work, and the back-offs that hold effects, for tests. What users are told is in inspection.ts. */
  pending(): { readonly queued: number; readonly working: number; readonly held: ReadonlyMap<string, readonly HeldEffect[]> };
}

export function createController<S, E extends Effect, A>(options: ControllerOptions<S, E, A>): Controller {
  const { clock, random } = options.doors;
  const log = options.log.child({ controller: options.name });
  const loop = {
    reconciler: options.reconciler,
    clock,
    random,
    log,
    events: options.events,
    backoff: { startMs: options.retryStartMs, maxMs: options.retryMaxMs },
    leaseIsFresh: options.leaseIsFresh,
    fatal: options.fatal,
  };
  const memories = new Map<string, KeyMemory>();
  const cancelling = new AbortController();
  expectManyListeners(cancelling.signal);
  const drained = new Set<() => void>();
  let running: AbortSignal | undefined;

  const work = async (key: string, stop: AbortSignal): Promise<void> => {
    const memory = memories.get(key) ?? newMemory();
    memories.set(key, memory);
    const end = await runKey(loop, { key, memory }, { stop, cancel: cancelling.signal });
    if (end.kind === 'again') queue.addAfter(key, end.afterMs);
    else if (end.kind === 'forget') memories.delete(key);
    queue.finish(key);
    pump();
    if (queue.working === 0) for (const resolve of [...drained]) resolve();
  };

  const pump = (): void => {
    if (running === undefined || running.aborted) return;
    for (let key = queue.take(); key !== undefined; key = queue.take()) void work(key, running);
  };

  // Informer handlers run to their end before the first key is looked at: they all see one state.
  const { name, workers, metrics, groupOf } = options;
  const ready = (): void => queueMicrotask(pump);
  const queue = createQueue({ name, workers, clock, metrics, ready, ...(groupOf === undefined ? {} : { groupOf }) });

  options.inspected?.({
    controller: name,
    inspect: () =>
      [...memories].flatMap(([key, { underWay, notBefore }]) => {
        const heldBack = notBefore
          .list()
          .flatMap(({ backoff, failures, notBeforeMs }) =>
            notBeforeMs > clock.monotonic() ? [{ effect: backoff, failures, untilMs: notBeforeMs }] : [],
          );
        return underWay === undefined && heldBack.length === 0 ? [] : [{ key, underWay, heldBack }];
      }),
  });

  return {
    enqueue: queue.add,
    start: (signal) => {
      if (running !== undefined) throw new Error(`controller ${options.name} was started twice`);
      running = signal;
      expectManyListeners(signal);
      if (signal.aborted) queue.close();
      else signal.addEventListener('abort', () => queue.close(), { once: true });
      pump();
    },
    drain: (cancel) =>
      new Promise((resolve) => {
        const giveUp = (): void => cancelling.abort();
        if (cancel?.aborted === true) giveUp();
        else cancel?.addEventListener('abort', giveUp, { once: true });
        const settle = (): void => {
          drained.delete(settle);
          cancel?.removeEventListener('abort', giveUp);
          resolve();
        };
        if (queue.working === 0) settle();
        else drained.add(settle);
      }),
    pending: () => ({
      queued: queue.depth + queue.delayed,
      working: queue.working,
      held: new Map([...memories].filter(([, memory]) => memory.notBefore.size > 0).map(([key, memory]) => [key, memory.notBefore.list()])),
    }),
  };
}
