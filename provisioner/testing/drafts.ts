import { draftOf, wishOf } from '../claim/request.ts';
import type { DraftInput, DraftResult } from '../claim/request.ts';

/** Both halves at once, with nothing looked at between them. */
export function wholeDraftOf(input: DraftInput): DraftResult {
  const wished = wishOf(input);
  return wished.kind === 'invalid' ? wished : draftOf(wished.wish, input);
}
