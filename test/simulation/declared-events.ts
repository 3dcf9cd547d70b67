/** `events-are-declared`: docs/events.md, which is made from the tables of the programs, says the truth of every event that is recorded. */
import { ELECTION_EVENTS } from '../../lib/controller/leader-election.ts';
import type { EventRow } from '../../lib/controller/event-table.ts';
import type { CoreEvent } from '../../lib/kube/objects.ts';
import { PROVISIONER_EVENTS } from '../../provisioner/event-reasons.ts';
import { CONTROLLER_EVENTS, SIDECAR_EVENTS } from '../../snapshotter/event-reasons.ts';

/** A reason may stand in the tables of two programs, each with kinds of its own. */
const ROWS: ReadonlyMap<string, Pick<EventRow, 'type' | 'on'>> = [CONTROLLER_EVENTS, SIDECAR_EVENTS, PROVISIONER_EVENTS, ELECTION_EVENTS]
  .flatMap((table): EventRow[] => Object.values(table))
  .reduce((rows, { reason, type, on }) => rows.set(reason, { type, on: [...(rows.get(reason)?.on ?? []), ...on] }), new Map());

/** What no table says of this event; undefined where all of it is declared. */
export function undeclared({ reason = '', type = '', involvedObject }: CoreEvent): string | undefined {
  const row = ROWS.get(reason);
  const kind = involvedObject?.kind ?? '';
  if (row === undefined) return `an event of reason ${reason}, which stands in no table`;
  if (row.type !== type) return `${reason} is recorded as ${type}, its table says ${row.type}`;
  return row.on.includes(kind) ? undefined : `${reason} is recorded on ${kind}, its table says ${row.on.join(', ')}`;
}
