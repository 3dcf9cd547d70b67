/**
 * One line for each call that the driver answered or died in: what was asked, what was answered, and
 * what truly happened. Secrets and mount flags never reach it.
 */
import type { Fault } from './faults/fault.ts';
import type { Change } from './model/records.ts';
import type { Message } from './wire.ts';

export interface JournalEntry {
  readonly number: number;
  /** RFC 3339 with milliseconds, when the call came. */
  readonly time: string;
  readonly ms: number;
  readonly rpc: string;
  readonly request: Message;
  readonly code: string;
  readonly message?: string;
  /** What was committed, in order; empty for a call that changed nothing, whatever it answered. */
  readonly effect: readonly string[];
  readonly fault?: Fault;
  /** Absent: the call was answered. */
  readonly died?: string;
}

/** A Change in few words. */
export function effectOf(change: Change): string {
  switch (change.op) {
    case 'create-volume':
    case 'update-volume':
      return `${change.op} ${change.volume.id}`;
    case 'create-snapshot':
      return `${change.op} ${change.snapshot.id}`;
    case 'create-group':
      return `${change.op} ${change.group.id} with ${change.snapshots.map(({ id }) => id).join(', ')}`;
    case 'put-node':
      return `${change.op} ${change.node.id}`;
    case 'delete-volume':
    case 'delete-snapshot':
    case 'delete-group':
      return `${change.op} ${change.id}`;
    default: {
      const never: never = change;
      throw new Error(`unknown change ${JSON.stringify(never)}`);
    }
  }
}

// CSI marks `secrets` with csi_secret wherever it occurs; mount flags may carry credentials too.
const HIDDEN = new Set(['secrets', 'mount_flags']);

/** A request without what must not be seen and without what was not set. */
export function visible(message: Message): Message {
  const kept: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(message)) {
    if (HIDDEN.has(field) || isEmpty(value)) continue;
    kept[field] = visibleValue(value);
  }
  return kept;
}

function visibleValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(visibleValue);
  return typeof value === 'object' && value !== null ? visible({ ...value }) : value;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '' || value === '0' || value === 0 || value === false) return true;
  return Array.isArray(value) && value.length === 0;
}
