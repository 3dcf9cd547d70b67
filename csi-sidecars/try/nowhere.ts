/** Ids that no driver ever gave: what is asked about them must not be found. */
const MARK = 'csi-sidecars-try-is-not-there';

export const NOWHERE = MARK;

export function isNowhere(id: string): boolean {
  return id.startsWith(MARK);
}
