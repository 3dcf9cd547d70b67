/** One reconciler under the loop of production, on a clock that a test moves. What it tells is kept. */
import { createController } from '../../lib/controller/controller.ts';
import type { Effect, EventNote, Reconciler } from '../../lib/controller/step.ts';
import { fixedRandom } from '../../lib/controller/testing/fixed-random.ts';
import { ManualClock } from '../../lib/controller/testing/manual-clock.ts';
import { memoryLog } from '../../lib/controller/testing/memory-log.ts';

export const RETRY_MS = 1000;

export function startLoop<S, E extends Effect, A>(reconciler: Reconciler<S, E, A>) {
  const clock = new ManualClock();
  const log = memoryLog();
  const events: EventNote[] = [];
  const stop = new AbortController();
  const controller = createController({
    name: 'one',
    workers: 1,
    retryStartMs: RETRY_MS,
    retryMaxMs: 60_000,
    reconciler,
    doors: { clock, random: fixedRandom(0) },
    log,
    events: { record: (note) => events.push(note) },
    metrics: { opened: () => {}, added: () => {}, started: () => {}, finished: () => {}, retried: () => {} },
    leaseIsFresh: () => true,
    fatal: (error) => {
      throw error;
    },
  });
  controller.start(stop.signal);
  return {
    clock,
    events,
    errors: () => log.messages('error'),
    /** The present attempt, as far as it goes without waiting. */
    run: async (key: string): Promise<void> => {
      controller.enqueue(key);
      await clock.settle();
    },
    stop: () => stop.abort(),
    drain: () => controller.drain(),
    held: (key: string) => controller.pending().held.get(key) ?? [],
  };
}
