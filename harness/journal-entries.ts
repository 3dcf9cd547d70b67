/** What stands in the journals of csi-provisioner, read by eyes of our own: an annotation that holds an object by claim uid. */
import type { Lease } from '../lib/kube/objects.ts';

const JOURNAL_PREFIX = 'csi-journal-';

export function isJournal(name: string | undefined): boolean {
  return name?.startsWith(JOURNAL_PREFIX) === true;
}

/** Claim uids with an entry. */
export function openEntries(leases: readonly Lease[]): readonly string[] {
  return leases.flatMap(({ metadata }) => {
    const text = isJournal(metadata?.name) ? metadata?.annotations?.['csi-sidecars/entries'] : undefined;
    return text === undefined ? [] : Object.keys(JSON.parse(text) as object);
  });
}

/** For who wants none. */
export const openEntryLines = (leases: readonly Lease[]): readonly string[] =>
  openEntries(leases).map((uid) => `the journal holds an entry of claim uid ${uid}`);
