/** All clauses, and the verdict on each from the journal and from what the steps saw. */
import type { AnyCall } from '../journal/call.ts';
import type { ClauseResult, Observation } from '../record.ts';
import type { Clause } from './clause.ts';
import { IDENTITY_CLAUSES } from './identity.ts';
import { LIST_CLAUSES } from './lists.ts';
import { NODE_CLAUSES } from './node.ts';
import { SNAPSHOT_CLAUSES } from './snapshots.ts';
import { VOLUME_CLAUSES } from './volumes.ts';

export const CLAUSES: readonly Clause[] = [...IDENTITY_CLAUSES, ...VOLUME_CLAUSES, ...SNAPSHOT_CLAUSES, ...LIST_CLAUSES, ...NODE_CLAUSES];

export function judgeClauses(calls: readonly AnyCall[], observations: readonly Observation[]): ClauseResult[] {
  const settled = calls.filter(({ answer }) => answer.kind !== 'pending');
  return CLAUSES.map(({ id, section, sentence, judge }) => {
    const judged = judge?.(settled) ?? { seen: 0, breaches: [] };
    const own = observations.filter(({ clause }) => clause === id);
    const breaches = [
      ...judged.breaches,
      ...own.flatMap(({ breach, calls: shown = [] }) => (breach === undefined ? [] : [{ text: breach, calls: shown }])),
    ];
    const seen = judged.seen + own.length;
    return { id, section, sentence, verdict: breaches.length > 0 ? 'broken' : seen > 0 ? 'kept' : 'unseen', seen, breaches };
  });
}
