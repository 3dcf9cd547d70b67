/** How a person takes an entry out of the provisioner's journal, as docs/decisions/008-a-journal-sealed-at-take-over.md has it. */
import { ENTRIES_ANNOTATION } from '../../lib/journal/lease.ts';
import { kubectlName, type Place } from './place.ts';

export function releaseEntry(entry: {
  readonly lease: Place;
  readonly driver: string;
  readonly claimUid: string;
  readonly volume: string;
}): string {
  const { lease, driver, claimUid, volume } = entry;
  return (
    `look for ${volume} in the storage of ${driver} and delete it there, stop csi-provisioner, ` +
    `kubectl edit ${kubectlName(lease)} # take ${claimUid} out of its annotation ${ENTRIES_ANNOTATION}, and start csi-provisioner again`
  );
}
