/** What the journal has to write next, from what stands and what is wanted. Pure but for marking shards as given up. */
import type { Entries, Opening } from './entries.ts';
import type { Part } from './part.ts';
import { differs, lacks } from './part.ts';

export type Work =
  | { readonly kind: 'seal' }
  /** Of a shard that is not there: POST. */
  | { readonly kind: 'put'; readonly part: Part }
  | { readonly kind: 'remove'; readonly part: Part }
  | { readonly kind: 'remove-head' };

/** So many new shards are made before the head names them: their claims wait for that. */
const SHARDS_PER_HEAD_WRITE = 8;

export interface NextWork {
  /** Somebody waits for it. */
  readonly urgent: Work | undefined;
  /** It may wait for another write to ride with. */
  readonly lazy: Work | undefined;
}

export function nextWork(entries: Entries, { removeHead }: { readonly removeHead: boolean }): NextWork {
  return { urgent: urgentWork(entries), lazy: lazyWork(entries, removeHead) };
}

function urgentWork({ head, shards, named, contentOf, isWaited }: Entries): Work | undefined {
  const unnamed = shards.filter(({ name, lease, retired }) => lease !== undefined && !retired && !named.has(name));
  // Not all that is wanted may be for the next write: then what is there has to be named first.
  const isNeeded = (part: Part): boolean =>
    (isWaited && part.isUnsettled) || (differs(part) && lacks(part.wanted, part) && lacks(contentOf(part).texts, part));
  // Those that stand already are quick to write, and theirs is the usual case.
  const present = [head, ...shards].find((part) => part.lease !== undefined && !part.retired && isNeeded(part));
  if (present !== undefined) return { kind: 'put', part: present };
  const absent = shards.find((part) => part.lease === undefined && !part.retired && isNeeded(part));
  if (absent !== undefined && unnamed.length < SHARDS_PER_HEAD_WRITE) return { kind: 'put', part: absent };
  return unnamed.some(({ wanted }) => wanted.size > 0) ? { kind: 'put', part: head } : undefined;
}

function lazyWork(entries: Entries, removeHead: boolean): Work | undefined {
  const { head, named } = entries;
  entries.retire();
  const part = entries.shards.find((shard) => shard.lease !== undefined && !shard.retired && differs(shard));
  if (part !== undefined) return { kind: 'put', part };
  const names = entries.names();
  if (differs(head) || names.length !== named.size || names.some((name) => !named.has(name))) return { kind: 'put', part: head };
  // While a write of the head may still arrive that names it, it has to be there.
  const gone = entries.shards.find((shard) => shard.retired && !named.has(shard.name));
  if (gone !== undefined) return { kind: 'remove', part: gone };
  return removeHead && entries.size === 0 && head.lease !== undefined ? { kind: 'remove-head' } : undefined;
}

/** The values that a failure of this write is told to. */
export function openingsOf({ head, shards, named, openings, contentOf }: Entries, work: Work): readonly Opening[] {
  if (work.kind === 'seal') return openings();
  if (work.kind !== 'put') return [];
  const own = contentOf(work.part).openings;
  if (work.part !== head) return own;
  // Those of shards that this write would have named fail with it.
  const waiting = shards.filter((shard) => !named.has(shard.name) && shard.lease !== undefined);
  return [...own, ...waiting.flatMap((shard) => contentOf(shard).openings)];
}
