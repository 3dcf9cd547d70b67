/** Records core/v1 Events: asynchronous, aggregated, bounded, and never in the way of object writes. */
import type { EventNote } from './step.ts';

export interface EventRecorder {
  /** Returns at once. Repeats of the same (object, reason, message) become a count. */
  record(note: EventNote): void;
}
