/**
 * The events of a role, declared in one table: docs/events.md is made from it, and a reason that stands in no table is no
 * EventReason, so nobody can record it.
 */

export interface EventRow {
  /** CamelCase; dashboards and scripts look for it. */
  readonly reason: string;
  readonly type: 'Normal' | 'Warning';
  /** The kinds of object that it is recorded on. */
  readonly on: readonly string[];
  /** When it is recorded and, for a warning, what to do about it. For docs/events.md. */
  readonly about: string;
  /** `peer`: the Go program records it too. `ours`: in addition. */
  readonly origin: 'peer' | 'ours';
}

declare const declared: unique symbol;

/** A reason that stands in a table. */
export type EventReason = string & { readonly [declared]: true };

/** The reasons of a table, under the table's own short names. */
export function reasonsOf<T extends Readonly<Record<string, EventRow>>>(table: T): { readonly [K in keyof T]: EventReason } {
  // The one place where a string becomes a declared reason.
  return Object.fromEntries(Object.entries(table).map(([key, { reason }]) => [key, reason])) as { [K in keyof T]: EventReason };
}
