/**
 * A write was refused for what it holds (400, 413, 422). The values that it was to bring are tried one by one; one
 * that is refused by itself is to blame, unless what stands already is refused as well: then it is no entry's
 * fault, and the journal cannot be written.
 */
import type { ApiError } from '../kube/api-error.ts';
import { EntryRefused } from './entry-refused.ts';
import type { Entries, Opening } from './entries.ts';
import { isContentRefused } from './requests.ts';
import type { PartWriter } from './part-writer.ts';

export interface Suspects {
  readonly error: ApiError;
  /** The values in the refused write that were new. */
  readonly openings: readonly Opening[];
}

/** 'unwritable': whatever is written is refused. 'known': it is, or will be after the next writes. Throws what else went wrong. */
export async function findCulprit(
  { entries, parts }: { readonly entries: Entries; readonly parts: PartWriter },
  { error, openings }: Suspects,
  signal: AbortSignal,
): Promise<'unwritable' | 'known'> {
  const [only, ...more] = openings;
  if (only === undefined) return 'unwritable';
  if (more.length > 0) {
    for (const opening of openings) opening.alone = true;
    return 'known';
  }
  const refused = new EntryRefused(only.uid, error.message, error);
  try {
    await parts.put(entries.head, { proof: true }, signal);
    entries.abandon(only, refused);
    return 'known';
  } catch (proof) {
    if (isContentRefused(proof)) return 'unwritable';
    entries.abandon(only, refused);
    throw proof;
  }
}
