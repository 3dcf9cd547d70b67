/** Which claims are in the middle of something, for the controllers that must not cross their way. */
import type { Caches } from './caches.ts';
import { BY_SOURCE, sourceValue } from './caches.ts';
import type { Ledger } from './ledger.ts';
import { claimUidOfIntent, intentName } from './names.ts';

export interface OpenCases {
  /** A volume of this claim is being made, or may have been made and has no PV yet. */
  isOpen(claimUid: string): boolean;
  /** Claims with an open case that is filled from this source. */
  usersOf(kind: 'snapshot' | 'claim', key: string): readonly string[];
}

export function openCases({
  caches,
  ledger,
  leaseNamespace,
}: {
  readonly caches: Pick<Caches, 'records'>;
  readonly ledger: Ledger;
  readonly leaseNamespace: string;
}): OpenCases {
  /** A Lease that we deleted may still be in the cache. */
  const stands = (claimUid: string, leaseUid: string | undefined): boolean =>
    leaseUid !== undefined && ledger.of(claimUid).droppedLease !== leaseUid;
  return {
    isOpen: (claimUid) => {
      const memory = ledger.of(claimUid);
      if (memory.yielding) return false;
      if (memory.calling || memory.intent !== undefined || memory.unsaved !== undefined) return true;
      return stands(claimUid, caches.records?.store.get(`${leaseNamespace}/${intentName(claimUid)}`)?.metadata?.uid);
    },
    usersOf: (kind, key) => {
      const recorded = (caches.records?.store.byIndex(BY_SOURCE, sourceValue(kind, key)) ?? []).flatMap(({ metadata }) => {
        const claimUid = claimUidOfIntent(metadata?.name ?? '');
        return claimUid !== undefined && stands(claimUid, metadata?.uid) ? [claimUid] : [];
      });
      return [...new Set([...ledger.usersOf(kind, key), ...recorded])];
    },
  };
}
