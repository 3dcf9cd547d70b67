/** Records of claims in work, by state, for the gauge. Asked at a scrape. */
import type { Caches } from './caches.ts';
import { readIntent } from './claim/intent.ts';
import type { Ledger } from './ledger.ts';
import type { RecordCounts } from './metrics.ts';

export function countRecords({ records }: Pick<Caches, 'records'>, ledger: Ledger): RecordCounts {
  let unreadable = 0;
  let open = 0;
  for (const lease of records?.store.list() ?? []) {
    if (readIntent(lease).kind === 'intent') open += 1;
    else unreadable += 1;
  }
  let secretMissing = 0;
  for (const [, memory] of ledger.entries()) if (memory.secretMissing) secretMissing += 1;
  return { open, unreadable, secretMissing };
}
