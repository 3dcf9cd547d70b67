/**
 * At an orderly end: records of volumes that are saved, and that only stand against late POSTs (late-records.ts),
 * go. Whoever is swapped in may know no records, and would leave them for ever.
 */
import type { KubeClient } from '../lib/kube/client.ts';
import { LEASES } from '../lib/kube/resources.ts';
import type { Logger } from '../lib/doors/log.ts';
import type { Caches } from './caches.ts';
import { readIntent } from './claim/intent.ts';
import type { Ledger } from './ledger.ts';
import { claimUidOfIntent } from './names.ts';

export interface SettledRecords {
  readonly caches: Pick<Caches, 'records' | 'volumes'>;
  readonly ledger: Pick<Ledger, 'of'>;
  readonly client: Pick<KubeClient, 'delete'>;
  readonly log: Logger;
}

/** Never rejects: what could not be deleted is found at the next start. */
export async function dropSettledRecords({ caches, ledger, client, log }: SettledRecords, signal: AbortSignal): Promise<void> {
  const settled = (caches.records?.store.list() ?? []).filter((lease) => {
    const uid = claimUidOfIntent(lease.metadata?.name ?? '');
    const read = readIntent(lease);
    if (uid === undefined || read.kind !== 'intent') return false;
    const { calling, unsaved, droppedLease } = ledger.of(uid);
    if (calling || unsaved !== undefined || droppedLease === lease.metadata?.uid) return false;
    // Only the PV of the very call says that the volume is accounted for.
    return caches.volumes.store.get(read.intent.request.name)?.spec?.claimRef?.uid === uid;
  });
  await Promise.all(
    settled.map(async ({ metadata }) => {
      const { namespace, name = '', uid = '', resourceVersion = '' } = metadata ?? {};
      try {
        await client.delete(LEASES, { namespace, name }, { uid, resourceVersion, signal });
      } catch (error) {
        log.info('a record is left for the next start', { object: name, reason: error instanceof Error ? error.message : String(error) });
      }
    }),
  );
}
