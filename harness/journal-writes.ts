/** What became of the journal of one program, from the audit log of a real API server. Pure. */
import type { CountedCall } from './call-table.ts';
import { isJournal } from './journal-entries.ts';

export interface WriteCall extends CountedCall {
  readonly bodyBytes: number;
}

export interface JournalWrites {
  readonly puts: number;
  readonly posts: number;
  readonly deletes: number;
  /** Of those, refused. */
  readonly refused: number;
  readonly largestBytes: number;
  /** Leases beside the head that were there at once. */
  readonly mostShards: number;
}

/** `calls` in the order of the log; `user`: the program whose journal it is, the only one there. */
export function journalWrites(calls: readonly WriteCall[], user: string): JournalWrites {
  const present = new Set<string>();
  const counts = { create: 0, update: 0, delete: 0 };
  let [refused, largestBytes, mostLeases] = [0, 0, 0];
  for (const { user: who, resource, name, verb, code, bodyBytes } of calls) {
    if (who !== user || resource !== 'leases' || !isJournal(name)) continue;
    if (verb !== 'create' && verb !== 'update' && verb !== 'delete') continue;
    counts[verb] += 1;
    largestBytes = Math.max(largestBytes, bodyBytes);
    if (code >= 300) refused += 1;
    else if (verb === 'delete') present.delete(name);
    else present.add(name);
    mostLeases = Math.max(mostLeases, present.size);
  }
  const { create: posts, update: puts, delete: deletes } = counts;
  return { puts, posts, deletes, refused, largestBytes, mostShards: Math.max(0, mostLeases - 1) };
}
