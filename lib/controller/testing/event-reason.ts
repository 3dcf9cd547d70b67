import type { EventReason } from '../event-table.ts';
import { reasonsOf } from '../event-table.ts';

/** A reason as a table would declare it. */
export function eventReason(reason: string): EventReason {
  return reasonsOf({ one: { reason, type: 'Normal', on: [], about: '', origin: 'ours' } }).one;
}
