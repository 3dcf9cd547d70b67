/**
 * The entries of the journal and the parts they are in; no request is made here.
 *
 * An entry that outgrows its part moves to a later one and its older value stays until the newer is confirmed. So
 * after a crash both may stand, and the last one in the order of the head counts.
 */
import { EntryRefused } from './entry-refused.ts';
import type { Entries, Opening, Settled } from './entries.ts';
import { entryBytes, HEAD_ENTRIES_BYTES, SHARD_ENTRIES_BYTES } from './lease.ts';
import type { Part } from './part.ts';
import { createPart, mayHold } from './part.ts';
import { findRoom, retireEmpty } from './room.ts';

interface Entry {
  part: Part;
  /** Where the older value stands while the newer one goes to another part. */
  before: Part | undefined;
  /** What was confirmed and not closed since. */
  kept: string | undefined;
  next: Opening | undefined;
}

export interface EntryBookOptions {
  readonly headName: string;
  /** Of the next shard. */
  readonly newName: () => string;
  /** An entry that was closed is held by nothing any more, whatever showed it: a write, one that was not applied, a take-over. */
  readonly gone: (uid: string) => void;
}

export function createEntries({ headName, newName, gone }: EntryBookOptions): Entries {
  const head = createPart(headName, HEAD_ENTRIES_BYTES);
  const entries = new Map<string, Entry>();
  /** Of `entries`, those with a value under way. */
  const opening = new Map<string, Opening>();
  let shards: Part[] = [];
  let named: ReadonlySet<string> = new Set();

  const counts = (part: Part): boolean => part === head || !part.retired || named.has(part.name);
  const isHeld = (uid: string): boolean => [head, ...shards].some((part) => counts(part) && mayHold(part, uid));

  const findPart = (uid: string, bytes: number, entry: Entry | undefined): Part | undefined => {
    if (entry !== undefined && !entry.part.retired && entry.part.fits(uid, bytes)) return entry.part;
    const room = findRoom([head, ...shards], { uid, bytes, isNew: entry === undefined });
    if (room !== 'new shard') return room;
    const shard = createPart(newName(), SHARD_ENTRIES_BYTES);
    shards.push(shard);
    return shard;
  };

  const unplace = (uid: string, entry: Entry): void => {
    for (const part of [head, ...shards]) part.unset(uid);
    entry.before = undefined;
    entry.kept = undefined;
    if (!isHeld(uid)) entries.delete(uid);
  };

  const settle = (uid: string, entry: Entry, result: Settled): void => {
    entry.next?.settle(result);
    entry.next = undefined;
    opening.delete(uid);
  };

  const stands = (uid: string, text: string): boolean => {
    const part = entries.get(uid)?.part;
    if (part === undefined || part.standing.get(uid) !== text) return false;
    const steady = (lease: Part): boolean => !lease.isUnsettled && lease.sending === undefined;
    return steady(part) && steady(head) && (part === head || (named.has(part.name) && !part.retired));
  };

  const place = (uid: string, text: string): Entry | undefined => {
    const entry = entries.get(uid);
    const older = entry?.kept === undefined ? 0 : entryBytes(uid, entry.kept);
    const bytes = Math.max(entryBytes(uid, text), older);
    const part = findPart(uid, bytes, entry);
    if (part === undefined) return undefined;
    part.set(uid, text, bytes);
    if (entry === undefined) {
      const added: Entry = { part, before: undefined, kept: undefined, next: undefined };
      entries.set(uid, added);
      return added;
    }
    if (entry.part !== part && entry.kept !== undefined) entry.before = entry.part;
    entry.part = part;
    return entry;
  };

  const settleWhatStands = (): void => {
    for (const { uid, text } of opening.values()) {
      const entry = entries.get(uid);
      if (entry === undefined || !stands(uid, text)) continue;
      entry.before?.unset(uid);
      entry.before = undefined;
      entry.kept = text;
      entry.part.set(uid, text);
      settle(uid, entry, 'recorded');
    }
  };

  /** What another process recorded last counts, and a value that we are recording comes after it. */
  const take = (uid: string, text: string, part: Part): void => {
    for (const other of [head, ...shards]) other.unset(uid);
    const entry = entries.get(uid) ?? { part, before: undefined, kept: undefined, next: undefined };
    Object.assign(entry, { part, before: undefined, kept: text });
    entries.set(uid, entry);
    part.set(uid, text);
    if (entry.next !== undefined && place(uid, entry.next.text) === undefined) settle(uid, entry, full(uid));
  };

  /** What was placed before it was known how much a predecessor left goes where there is room. */
  const makeRoom = (part: Part): void => {
    for (const { uid, text } of opening.values()) {
      if (part.freeBytes >= 0) return;
      const entry = entries.get(uid);
      if (entry?.part !== part) continue;
      if (entry.kept === undefined) part.unset(uid);
      else part.set(uid, entry.kept);
      if (place(uid, text) === undefined) settle(uid, entry, full(uid));
    }
  };

  /** Those that are wanted by nobody and held by nothing: after whatever may have shown that, of any part. */
  const forget = (): void => {
    for (const [uid, entry] of entries) {
      if (entry.kept !== undefined || entry.next !== undefined || isHeld(uid)) continue;
      entries.delete(uid);
      gone(uid);
    }
  };

  return {
    head,
    get shards() {
      return shards;
    },
    get named() {
      return named;
    },
    get size() {
      return entries.size;
    },
    get isEmpty() {
      return [head, ...shards].every(({ wanted }) => wanted.size === 0);
    },
    get isWaited() {
      return opening.size > 0;
    },
    openings: () => [...opening.values()],
    opening: (uid) => opening.get(uid),
    holds: (uid) => entries.has(uid),
    stands,
    open: (uid, text) => {
      const entry = place(uid, text);
      if (entry === undefined) return undefined;
      let resolve: (result: Settled) => void = () => {};
      const settled = new Promise<Settled>((done) => {
        resolve = done;
      });
      entry.next = { uid, text, alone: false, waiting: 0, settled, settle: resolve };
      opening.set(uid, entry.next);
      return entry.next;
    },
    reopen: (uid, text) => {
      const entry = entries.get(uid);
      if (entry === undefined) return;
      entry.kept = text;
      entry.part.set(uid, text);
    },
    abandon: (given, result) => {
      const entry = entries.get(given.uid);
      if (entry?.next !== given) return;
      settle(given.uid, entry, result);
      if (entry.kept === undefined) {
        unplace(given.uid, entry);
        return;
      }
      if (entry.before !== undefined) {
        entry.part.unset(given.uid);
        entry.part = entry.before;
        entry.before = undefined;
      }
      entry.part.set(given.uid, entry.kept);
    },
    close: (uid) => {
      const entry = entries.get(uid);
      if (entry === undefined) return;
      settle(uid, entry, new Error('the entry was closed while it was being recorded'));
      unplace(uid, entry);
    },
    contentOf: (part) => {
      const here = [...part.wanted.keys()].flatMap((uid) => {
        const entry = entries.get(uid);
        return entry?.next !== undefined && entry.part === part ? [{ entry, next: entry.next }] : [];
      });
      const single = here.find(({ next }) => next.alone);
      if (single === undefined) return { texts: new Map(part.wanted), openings: here.map(({ next }) => next) };
      const texts = new Map(part.wanted);
      for (const { entry, next } of here) {
        if (next === single.next) continue;
        if (entry.kept !== undefined && entry.before === undefined) texts.set(next.uid, entry.kept);
        else texts.delete(next.uid);
      }
      return { texts, openings: [single.next] };
    },
    confirm: (part, { lease, texts, names }) => {
      part.lease = lease;
      part.standing = texts;
      part.sending = undefined;
      part.unsettled.clear();
      part.isUnsettled = false;
      if (names !== undefined) named = new Set(names);
      settleWhatStands();
      forget();
    },
    unconfirmed: (part, applied) => {
      const sent = part.sending ?? new Map<string, string>();
      part.sending = undefined;
      if (applied === 'perhaps') {
        part.isUnsettled = true;
        for (const uid of sent.keys()) part.unsettled.add(uid);
      }
      settleWhatStands();
      forget();
    },
    rename: (names) => {
      named = new Set(names);
    },
    names: () => shards.filter(({ lease, retired }) => lease !== undefined && !retired).map(({ name }) => name),
    retire: () => retireEmpty([head, ...shards]),
    remove: (part) => {
      if (part === head) Object.assign(part, { lease: undefined, standing: new Map() });
      else shards = shards.filter((shard) => shard !== part);
      forget();
    },
    adopt: (sealed) => {
      const found = new Set<string>();
      const shown = new Map(sealed.map((part) => [part.name, part]));
      const known = new Map(shards.map((part) => [part.name, part]));
      const listed = sealed.filter(({ name }) => name !== head.name);
      const lost = shards.filter(({ name }) => !shown.has(name));
      shards = listed.map(({ name }) => known.get(name) ?? createPart(name, SHARD_ENTRIES_BYTES));
      named = new Set(listed.filter(({ named }) => named).map(({ name }) => name));
      for (const part of [head, ...shards]) {
        const { lease, texts, odd } = shown.get(part.name) ?? { lease: part.lease, texts: part.standing, odd: false };
        Object.assign(part, { lease, standing: texts, sending: undefined, isUnsettled: odd });
        part.unsettled.clear();
      }
      // What we wanted to stand in a shard that is gone has to stand elsewhere.
      for (const part of lost)
        for (const [uid, text] of part.wanted) {
          const entry = entries.get(uid);
          if (entry === undefined) continue;
          if (entry.before === part) entry.before = undefined;
          if (entry.part !== part) continue;
          entry.part = entry.before ?? head;
          place(uid, text);
        }
      for (const part of [head, ...shards]) {
        if (shown.get(part.name)?.foreign !== true) continue;
        for (const [uid, text] of part.standing) {
          const entry = entries.get(uid);
          if (entry?.kept === text && !found.has(uid)) continue;
          found.add(uid);
          take(uid, text, part);
        }
      }
      for (const part of [head, ...shards]) makeRoom(part);
      settleWhatStands();
      forget();
      return [...found].flatMap((uid) => {
        const text = entries.get(uid)?.kept;
        return text === undefined ? [] : [{ uid, text }];
      });
    },
  };
}

function full(uid: string): Error {
  return new EntryRefused(uid, 'the journal is full');
}
