/**
 * Pages over sorted ids. A token names the last id that was returned, so a page stays right when that
 * object, or any other, comes or goes in between.
 */
import { Refusal } from './status.ts';

const TOKEN = /^after:([a-z]+-[0-9a-f-]+)$/;

export interface Page {
  readonly ids: readonly string[];
  /** Empty on the last page. */
  readonly nextToken: string;
}

export function page(ids: readonly string[], maxEntries: number, startingToken: string): Page {
  if (maxEntries < 0) throw new Refusal('INVALID_ARGUMENT', 'max_entries is negative');
  const start = startingToken === '' ? 0 : firstAfter(ids, tokenId(startingToken));
  const end = maxEntries === 0 ? ids.length : Math.min(ids.length, start + maxEntries);
  const entries = ids.slice(start, end);
  const last = entries.at(-1);
  return { ids: entries, nextToken: end < ids.length && last !== undefined ? `after:${last}` : '' };
}

function tokenId(token: string): string {
  const id = TOKEN.exec(token)?.[1];
  if (id === undefined) throw new Refusal('ABORTED', 'starting_token was not given out by this driver');
  return id;
}

/** Binary search: the index of the first id greater than the given one. */
function firstAfter(ids: readonly string[], id: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] ?? '') <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
