/** What csi-provisioner still accounts for, as anybody can read it from its Leases. */
import type { Lease } from '../../lib/kube/objects.ts';

/** A Lease of its own per claim, in the first form. */
const RECORD_PREFIX = 'csi-intent-';
/** A JSON object of all open entries, in a Lease of the journal. */
const ENTRIES_ANNOTATION = 'csi-sidecars/entries';

/** One line an open account. */
export function openAccounts(leases: readonly Lease[]): string[] {
  return leases.flatMap(({ metadata = {} }) => {
    const place = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
    if (metadata.name?.startsWith(RECORD_PREFIX) === true) return [`record ${place}`];
    const entries = metadata.annotations?.[ENTRIES_ANNOTATION];
    if (entries === undefined) return [];
    return Object.keys(JSON.parse(entries) as object).map((entry) => `journal ${place} entry ${entry}`);
  });
}
