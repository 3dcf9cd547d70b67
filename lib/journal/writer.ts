/**
 * The one who writes: one request at a time, until what stands is what is wanted.
 *
 * Invariants: a value counts as recorded only by a confirmed write of its part that the confirmed head names. A write
 * without an answer is cleared up by one read; until the version has changed it may still arrive, and nothing
 * in its part counts as confirmed. What was not expected (another owner, a Lease that is gone) is met by
 * sealing everything again, if we still lead.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { StaleLease } from '../controller/step.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Entries, FoundText, Opening } from './entries.ts';
import { isContentRefused, isNotServed } from './requests.ts';
import { findCulprit } from './culprit.ts';
import { createPauses } from './pauses.ts';
import { nextWork, openingsOf } from './work.ts';
import type { Work } from './work.ts';
import type { PartWriter } from './part-writer.ts';
import { Displaced, Undone } from './part-writer.ts';
import type { Settle } from './until-signal.ts';
import { untilSignal } from './until-signal.ts';

export interface WriterOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  readonly entries: Entries;
  readonly parts: PartWriter;
  readonly elected: boolean;
  readonly leaseIsFresh: (sinceMs?: number) => boolean;
  readonly unwritable: (reason: string) => void;
  readonly refusedAgainMs: number;
  readonly leaseDurationMs: number;
  readonly found: (entries: readonly FoundText[]) => void;
  /** The server was restored from a backup: the journal has stopped, and nothing that is known here counts. */
  readonly undone: () => void;
}

export interface Writer {
  /** Seals the journal; resolves with what was found, rejects with the signal's reason. */
  takeOver(signal: AbortSignal): Promise<readonly FoundText[]>;
  /** Something is wanted that may not stand. */
  kick(): void;
  /** 'refused': the server does not serve the journal. 'fenced': somebody else may have taken it over. */
  state(): 'writable' | 'refused' | 'fenced';
  /** Resolves once nothing is left to be written, or it cannot be written. */
  flush(signal: AbortSignal): Promise<void>;
  stop(): void;
}

/** Closings wait so long for another write to ride with. */
export const CLOSE_WITHIN_MS = 1_000;
export function createWriter(options: WriterOptions): Writer {
  const { clock, log, entries, parts, elected } = options;
  const ending = new AbortController();
  const pauses = createPauses(options);
  const takers = new Set<Settle<readonly FoundText[]>>();
  const flushers = new Set<Settle<void>>();
  /** Without a leader nobody else writes our head: it is made when it is needed. */
  let ground: 'fenced' | 'wanted' | 'held' = elected ? 'fenced' : 'wanted';
  let running = false;
  let cancelTimer = (): void => {};
  let refusedUntil: number | undefined;
  let lazyAt: number | undefined;
  let renewAt = 0;
  /** When somebody else was last found to have it: a lease renewed before that says nothing of who leads now. */
  let displacedMs = Number.NEGATIVE_INFINITY;
  let lazyTurn = false;

  const now = (): number => clock.monotonic();

  const work = (): Work | undefined => {
    if (ground !== 'held') lazyAt = undefined;
    if (ground === 'fenced') return undefined;
    if (ground === 'wanted') return takers.size > 0 || elected || entries.isWaited || entries.size > 0 ? { kind: 'seal' } : undefined;
    const renews = !elected && entries.head.lease !== undefined && !entries.isEmpty;
    const { urgent, lazy } = nextWork(entries, { removeHead: !elected && flushers.size > 0 });
    if (lazy === undefined) lazyAt = undefined;
    else lazyAt ??= now() + CLOSE_WITHIN_MS;
    const due = lazy !== undefined && (flushers.size > 0 || (lazyAt ?? 0) <= now());
    // Neither may starve the other.
    lazyTurn = due && (urgent === undefined || !lazyTurn);
    if (lazyTurn) return lazy;
    if (urgent !== undefined) return urgent;
    return renews && renewAt <= now() ? { kind: 'put', part: entries.head } : undefined;
  };

  const abandonAll = (result: Error | 'unrecorded'): void => {
    for (const opening of entries.openings()) entries.abandon(opening, result);
  };

  const stop = (): void => {
    cancelTimer();
    ending.abort();
    abandonAll(stopped());
    for (const { reject } of takers) reject(stopped());
    for (const { resolve } of flushers) resolve();
    takers.clear();
    flushers.clear();
  };

  const finishTakeOver = (found: readonly FoundText[]): void => {
    const waiting = [...takers];
    takers.clear();
    if (waiting.length === 0 && found.length > 0) options.found(found);
    for (const { resolve } of waiting) resolve(found);
  };

  const refuse = (error: ApiError): void => {
    refusedUntil = now() + options.refusedAgainMs;
    pauses.clear();
    abandonAll('unrecorded');
    log.warn('journal cannot be written: a restart may leave volumes without a PersistentVolume', {
      lease: entries.head.name,
      error: error.message,
      remedy: 'grant get, list, create, update and delete on leases in this namespace',
    });
    options.unwritable(`${error.status} ${error.reason}: ${error.message}`);
    finishTakeOver([]);
  };

  const displaced = (): void => {
    displacedMs = now();
    // No clock decides: whoever sealed last writes, and one who leads seals again, once its lease says that it still does.
    if (!elected || takers.size > 0 || options.leaseIsFresh()) {
      ground = 'wanted';
      pauses.displaced();
      return;
    }
    ground = 'fenced';
    log.warn('journal was taken over by another process', { lease: entries.head.name });
    abandonAll(new StaleLease());
  };

  const failed = async (error: unknown, step: Work | undefined, openings: readonly Opening[]): Promise<void> => {
    if (ending.signal.aborted) return;
    if (error instanceof Displaced) {
      displaced();
      return;
    }
    if (error instanceof Undone) {
      stop();
      options.undone();
      return;
    }
    if (error instanceof StaleLease) {
      // Renewed or lost within a moment; whoever waits decides anew.
      abandonAll(error);
      pauses.stale();
      return;
    }
    // Where nothing new was to be written, it is not for an entry that the server refuses.
    if (isNotServed(error) || (isContentRefused(error) && step?.kind === 'seal')) {
      refuse(error);
      return;
    }
    if (isContentRefused(error)) {
      try {
        if ((await findCulprit({ entries, parts }, { error, openings }, ending.signal)) === 'unwritable') refuse(error);
      } catch (another) {
        await failed(another, undefined, []);
      }
      return;
    }
    const failure = error instanceof Error ? error : new Error(String(error));
    if (error instanceof ApiError && error.status === 409) {
      // Nobody hears of a conflict: what stands was read again.
      pauses.conflict();
      return;
    }
    log.debug(2, 'write of the journal failed', { lease: entries.head.name, error: failure.message });
    for (const opening of openings) entries.abandon(opening, failure);
    pauses.failed(error instanceof ApiError ? error.retryAfterMs : undefined);
  };

  const perform = async (step: Work): Promise<void> => {
    const { signal } = ending;
    // Who was stopped and wakes does not know yet who leads now (decision 003). A take-over was asked for by who does.
    if (takers.size === 0 && !options.leaseIsFresh(displacedMs)) throw new StaleLease();
    switch (step.kind) {
      case 'seal': {
        const found = await parts.seal(signal);
        ground = 'held';
        renewAt = now() + options.leaseDurationMs / 3;
        finishTakeOver(found);
        return;
      }
      case 'put': {
        await parts.put(step.part, {}, signal);
        if (step.part === entries.head) renewAt = now() + options.leaseDurationMs / 3;
        pauses.worked();
        return;
      }
      case 'remove':
        await parts.remove(step.part, signal);
        return;
      case 'remove-head':
        await parts.remove(entries.head, signal);
        ground = 'wanted';
        return;
      default:
        step satisfies never;
    }
  };

  const isBlocked = (): boolean => {
    if (refusedUntil !== undefined && refusedUntil <= now()) refusedUntil = undefined;
    return ending.signal.aborted || refusedUntil !== undefined || pauses.until > now();
  };

  const run = async (): Promise<void> => {
    running = true;
    for (let step = isBlocked() ? undefined : work(); step !== undefined; step = isBlocked() ? undefined : work()) {
      const openings = openingsOf(entries, step);
      try {
        await perform(step);
      } catch (error) {
        await failed(error, step, openings);
      }
    }
    running = false;
    rest();
  };

  /** Nothing to do now: tells who waits for that, and sets the one timer to when there may be. */
  const rest = (): void => {
    cancelTimer();
    if (ending.signal.aborted) return;
    const pending = refusedUntil === undefined && pauses.until > now() && ground !== 'fenced';
    if (!pending) {
      const waiting = [...flushers];
      flushers.clear();
      for (const { resolve } of waiting) resolve();
    }
    const renews = ground === 'held' && !elected && !entries.isEmpty;
    const times = [
      refusedUntil,
      pauses.until > now() ? pauses.until : undefined,
      ground === 'held' && refusedUntil === undefined ? lazyAt : undefined,
      renews ? renewAt : undefined,
    ].filter((time) => time !== undefined);
    if (times.length === 0) return;
    cancelTimer = clock.setTimer(Math.max(0, Math.max(Math.min(...times), refusedUntil ?? pauses.until) - now()), kick);
  };

  const kick = (): void => {
    if (!running && !ending.signal.aborted) void run();
  };

  return {
    takeOver: (signal) =>
      untilSignal(signal, (settle) => {
        if (ending.signal.aborted) settle.reject(stopped());
        else if (elected) {
          takers.add(settle);
          ground = 'wanted';
          refusedUntil = undefined;
          kick();
        } else settle.resolve([]);
        return () => {
          takers.delete(settle);
          if (takers.size === 0 && ground === 'wanted' && elected) ground = 'fenced';
        };
      }),
    kick: () => {
      // The closings before it wait already, and a timer with them.
      if (lazyAt !== undefined && flushers.size === 0 && !entries.isWaited) return;
      // One who leads and was fenced all the same takes the journal back, once it is needed.
      if (ground === 'fenced' && entries.isWaited && options.leaseIsFresh()) ground = 'wanted';
      kick();
    },
    state: () => {
      if (refusedUntil !== undefined && refusedUntil > now()) return 'refused';
      return options.leaseIsFresh(displacedMs) ? 'writable' : 'fenced';
    },
    flush: (signal) =>
      untilSignal(signal, (settle) => {
        if (ending.signal.aborted) settle.resolve();
        else {
          flushers.add(settle);
          kick();
        }
        return () => flushers.delete(settle);
      }),
    stop,
  };
}

export function stopped(): ApiError {
  return new ApiError({ status: 0, reason: 'Aborted', message: 'the journal is stopped', request: 'PUT leases' });
}
