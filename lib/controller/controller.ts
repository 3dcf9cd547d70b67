/**
 * A controller: one queue, one reconciler, `workers` keys at a time. Made by `createController`; the
 * informer handlers of a role call `enqueue`.
 */
import type { Doors } from '../doors/doors.ts';
import type { Logger } from '../doors/log.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { QueueMetrics } from './queue.ts';
import type { Effect, Reconciler } from './step.ts';

export interface ControllerOptions<S, E extends Effect, A> {
  /** Queue and metric name, as the peer's: `snapshot-controller-snapshot`. */
  readonly name: string;
  readonly workers: number;
  readonly retryStartMs: number;
  readonly retryMaxMs: number;
  readonly reconciler: Reconciler<S, E, A>;
  readonly doors: Doors;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly metrics: QueueMetrics;
  /** Called for errors that must end the process (TerminalError). */
  readonly fatal: (error: unknown) => void;
}

export interface Controller {
  /** Marks the key as due now (its not-before times still hold). Before `start` keys are only collected. */
  enqueue(key: string): void;
  start(signal: AbortSignal): void;
  drain(): Promise<void>;
  /** Keys waiting or in work, and the effects held back, for tests, metrics and `explain`. */
  pending(): { readonly queued: number; readonly working: number; readonly held: ReadonlyMap<string, readonly HeldEffect[]> };
}

export interface HeldEffect {
  readonly effect: string;
  readonly failures: number;
  /** On the monotonic clock. */
  readonly notBeforeMs: number;
}
