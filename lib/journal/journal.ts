/**
 * The journal of a driver: what calls that may be under way can leave behind, one JSON object per uid of an API object,
 * in a Lease that grows into shards (decision 008).
 *
 * It is written before the call and read by whoever comes next. Whoever takes it over seals it first: from then on
 * a predecessor confirms nothing, and what it confirmed has been read. An entry is a note, not an authority:
 * its values are opaque here, and whoever executes one checks it.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { StaleLease } from '../controller/step.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Lease } from '../kube/objects.ts';
import { EntryRefused } from './entry-refused.ts';
import type { FoundText, Opening, Settled } from './entries.ts';
import { createEntries } from './entry-book.ts';
import { bytesOf, headName, isObject, isUid, MAX_ENTRY_BYTES, randomName } from './lease.ts';
import { createJournalRequests } from './requests.ts';
import { createWriter, stopped } from './writer.ts';
import { createOtherJournals } from './other-journals.ts';
import { createPartWriter } from './part-writer.ts';
import { untilSignal } from './until-signal.ts';

/** A JSON object, opaque here. */
export type JsonValue = unknown;

export interface FoundEntry {
  readonly uid: string;
  readonly value: JsonValue;
}

export interface Journal {
  /**
   * Seals the predecessor's journal: quorum read, then PUT (or POST where there is none) under our identity, every
   * shard likewise. Resolves with what predecessors left; it stays in the journal until it is closed. Unknown
   * outcomes, 429 and 5xx are tried again with growing pauses (50 ms to 5 s) until it succeeds; rejects with
   * the signal's reason. Resolves with nothing, and the journal is unwritable, where the server refuses (403,
   * 404 of the namespace, 405). Without a leader there is nothing to seal: see observe().
   */
  takeOver(signal: AbortSignal): Promise<readonly FoundEntry[]>;
  /**
   * Resolves once a write that holds exactly this value was confirmed ('recorded'), without a write where the very
   * same value stands confirmed and we lead for sure (a closing that waits is cancelled); 'unrecorded' where the journal cannot be
   * written at all. Rejects with EntryRefused where the entry is refused for what it is (above MAX_ENTRY_BYTES,
   * no JSON object, no uid; or 400, 413, 422 for a write that held it alone, or the journal is full), with
   * StaleLease where we were fenced and do not lead, with the signal's reason, else with the ApiError of the
   * write. Then the value does not stand as far as the caller is concerned, and the journal sees to it that it
   * does not stay. A value that was confirmed before, and not closed, stays.
   */
  record(uid: string, value: JsonValue, signal: AbortSignal): Promise<'recorded' | 'unrecorded'>;
  /** Rides with the next write of its Lease, within CLOSE_WITHIN_MS. Idempotent. A record() that waits rejects. */
  close(uid: string): void;
  /** True from record() until a confirmed write lacks the uid; false for entries that were never written. */
  holds(uid: string): boolean;
  /** Writes what is pending at once; resolves when nothing is, or the journal cannot be written. Rejects with the signal's reason. */
  flush(signal: AbortSignal): Promise<void>;
  /** Told after a confirmed write no longer holds a uid. */
  onClosed(listener: (uid: string) => void): void;
  /** Told of entries that came after takeOver(): of journals whose process is gone, of a leader that was in between. They are ours by then. */
  onFound(listener: (entries: readonly FoundEntry[]) => void): void;
  /** What a watch of the driver's Leases shows, all of it, as often as it changes. */
  observe(leases: readonly Lease[]): void;
  figures(): JournalFigures;
  /** Stops timers. After it nothing is written. */
  stop(): void;
}

export interface JournalFigures {
  /** Claims whose entry stands or may stand. */
  readonly entries: number;
  readonly shards: number;
  /** Requests that change something, sent so far. */
  readonly writes: number;
  readonly largestWriteBytes: number;
  /** Leases that could not be read and were copied aside. */
  readonly unreadable: number;
}

export interface JournalOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace' | 'delete' | 'list'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  readonly driver: string;
  readonly namespace: string;
  /** Unique for each process. */
  readonly identity: string;
  /** False: every process has a journal of its own. */
  readonly elected: boolean;
  /** We lead, and renewed in time, no earlier than `sinceMs` (monotonic). Without a leader always true. */
  readonly leaseIsFresh: (sinceMs?: number) => boolean;
  /** The server was restored from a backup: the journal has stopped, and the process must begin anew. */
  readonly undone: () => void;
  /** Told once for each period in which it cannot be written. */
  readonly unwritable: (reason: string) => void;
  /** How long 403, 404 and 405 count, before the journal is tried again. */
  readonly refusedAgainMs: number;
  /**
   * Entries of a journal whose process is gone: answers what is to stand in ours for them, before theirs is deleted.
   * A claim that is in work here, too, gets one entry that holds both.
   */
  readonly takeUp: (entries: readonly FoundEntry[]) => readonly FoundEntry[];
  /** Nothing of this claim is open any more, so that an entry of it need not stand. */
  readonly isOver: (uid: string) => boolean;
  /** Without a leader: when another's journal may be taken over. */
  readonly leaseDurationMs: number;
}

export function createJournal(options: JournalOptions): Journal {
  const { log, random, elected, driver, identity } = options;
  const head = headName(driver, elected ? undefined : identity);
  const requests = createJournalRequests(options);
  const closedListeners: ((uid: string) => void)[] = [];
  const entries = createEntries({
    headName: head,
    newName: () => randomName(head, random),
    gone: (uid) => {
      for (const listener of closedListeners) listener(uid);
    },
  });
  const foundListeners: ((entries: readonly FoundEntry[]) => void)[] = [];
  const ending = new AbortController();
  let unreadable = 0;
  const sealing = {
    requests,
    log,
    random,
    unreadable: (): void => {
      unreadable += 1;
    },
  };
  const found = (texts: readonly FoundText[]): void => {
    const values = texts.map(toFound);
    for (const listener of foundListeners) listener(values);
  };
  const parts = createPartWriter({ requests, entries, log, random, elected, sealing: { ...sealing, foreign: new Set() } });
  const writer = createWriter({
    ...options,
    entries,
    parts,
    found,
  });

  const record: Journal['record'] = async (uid, value, signal) => {
    const text = checkedText(uid, value);
    for (let other = entries.opening(uid); other !== undefined && other.text !== text; other = entries.opening(uid))
      await wait(other, signal);
    signal.throwIfAborted();
    const state = writer.state();
    if (entries.stands(uid, text)) {
      entries.reopen(uid, text);
      // Else somebody may have taken the journal over, and closed it there.
      if (state !== 'fenced') return 'recorded';
    }
    if (state === 'refused') return 'unrecorded';
    if (state === 'fenced') throw new StaleLease();
    if (ending.signal.aborted) throw stopped();
    const opening = entries.opening(uid) ?? entries.open(uid, text);
    if (opening === undefined) throw new EntryRefused(uid, 'the journal is full');
    opening.waiting += 1;
    writer.kick();
    try {
      const result = await wait(opening, signal);
      if (result instanceof Error) throw result;
      return result;
    } finally {
      opening.waiting -= 1;
      // Nobody waits for it any more: whether it was written or not, it goes.
      if (opening.waiting === 0) entries.abandon(opening, 'unrecorded');
      writer.kick();
    }
  };

  const others = createOtherJournals({
    ...options,
    head,
    requests,
    sealing,
    isKnown: (name) => entries.shards.some((shard) => shard.name === name),
    removeStrays: parts.removeStrays,
    // A signal each: thousands of listeners on one are slow. stop() ends them too.
    record: (uid, value) => record(uid, value, new AbortController().signal),
    takeUp: (texts) => options.takeUp(texts.map(toFound)),
  });

  return {
    takeOver: async (signal) => (await writer.takeOver(signal)).map(toFound),
    record,
    close: (uid) => {
      entries.close(uid);
      writer.kick();
    },
    holds: entries.holds,
    flush: writer.flush,
    onClosed: (listener) => {
      closedListeners.push(listener);
    },
    onFound: (listener) => {
      foundListeners.push(listener);
    },
    observe: others.observe,
    figures: () => ({ entries: entries.size, shards: entries.named.size, unreadable, ...requests.figures() }),
    stop: () => {
      writer.stop();
      others.stop();
      ending.abort(stopped());
    },
  };
}

/** Resolves with the outcome, rejects with the signal's reason. */
function wait({ settled }: Opening, signal: AbortSignal): Promise<Settled> {
  return untilSignal(signal, ({ resolve }) => {
    void settled.then(resolve);
    return () => {};
  });
}

function checkedText(uid: string, value: JsonValue): string {
  if (!isUid(uid)) throw new EntryRefused(uid, `"${uid}" is no uid`);
  if (!isObject(value)) throw new EntryRefused(uid, 'the entry is no JSON object');
  const text = JSON.stringify(value);
  const bytes = bytesOf(text);
  if (bytes > MAX_ENTRY_BYTES) throw new EntryRefused(uid, `the entry has ${bytes} bytes, more than ${MAX_ENTRY_BYTES}`);
  return text;
}

function toFound({ uid, text }: FoundText): FoundEntry {
  return { uid, value: JSON.parse(text) as JsonValue };
}
