/** One Lease of the journal, head or shard: what stands in it, what a write may have put there, what is wanted. */
import type { Lease } from '../kube/objects.ts';
import type { Texts } from './lease.ts';
import { entryBytes } from './lease.ts';

export interface Part {
  /** Changes only before the first POST of a shard, where somebody else has the name. */
  name: string;
  /** As the server last showed it. Undefined: there is none, as far as is known. */
  lease: Lease | undefined;
  /** Entries that certainly stand in `lease`. */
  standing: Texts;
  /** What the write in flight holds. */
  sending: Texts | undefined;
  /**
   * Uids of writes whose outcome is unknown. They may still arrive, until another write has changed the version:
   * so long nothing that stands counts as confirmed, and the Lease is written even where nothing differs.
   */
  readonly unsettled: Set<string>;
  /** Such a write may still arrive (it may hold no uid at all). */
  isUnsettled: boolean;
  /** It gets no entries any more, and the head is to name it no longer. */
  retired: boolean;
  /** What the next write holds; the values that are being recorded among them. */
  readonly wanted: Texts;
  /** True if bytes more fit in, instead of what `uid` has now. */
  fits(uid: string, bytes: number): boolean;
  /** `atLeast`: what the place must be kept for, should an older value come back. */
  set(uid: string, text: string, atLeast?: number): void;
  unset(uid: string): void;
  readonly freeBytes: number;
  /** `wanted` and `standing` were compared, and are the same: with thousands of entries that is asked often. */
  isSame: boolean;
}

export function createPart(name: string, limitBytes: number): Part {
  const wanted = new Map<string, string>();
  const sizes = new Map<string, number>();
  let bytes = 0;
  let standing: Texts = new Map();
  let isSame = false;
  const unset = (uid: string): void => {
    if (!wanted.has(uid)) return;
    isSame = false;
    bytes -= sizes.get(uid) ?? 0;
    sizes.delete(uid);
    wanted.delete(uid);
  };
  return {
    name,
    lease: undefined,
    get standing() {
      return standing;
    },
    set standing(texts) {
      isSame = false;
      standing = texts;
    },
    get isSame() {
      return isSame;
    },
    set isSame(same) {
      isSame = same;
    },
    sending: undefined,
    unsettled: new Set(),
    isUnsettled: false,
    retired: false,
    wanted,
    fits: (uid, more) => bytes - (sizes.get(uid) ?? 0) + more <= limitBytes,
    set: (uid, text, atLeast = 0) => {
      isSame = false;
      const size = Math.max(entryBytes(uid, text), atLeast);
      bytes += size - (sizes.get(uid) ?? 0);
      sizes.set(uid, size);
      // The order stays that of the first opening.
      wanted.set(uid, text);
    },
    unset,
    get freeBytes() {
      return limitBytes - bytes;
    },
  };
}

/** Something of `texts` does not stand. */
export function lacks(texts: Texts, { standing }: Part): boolean {
  for (const [uid, text] of texts) if (standing.get(uid) !== text) return true;
  return false;
}

/** What stands is not exactly what is wanted, or may yet change. */
export function differs(part: Part): boolean {
  if (!part.isSame) part.isSame = part.wanted.size === part.standing.size && !lacks(part.wanted, part);
  return part.isUnsettled || !part.isSame;
}

/** The uid stands here, or a write may have put it here. */
export function mayHold({ standing, sending, unsettled }: Part, uid: string): boolean {
  return standing.has(uid) || unsettled.has(uid) || sending?.has(uid) === true;
}
