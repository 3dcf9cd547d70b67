/**
 * Journals of processes that are gone, where no leader is elected: each has one of its own, renewed while it holds
 * entries. One that was not renewed for its duration, by our own clock since its present version was first
 * seen, is sealed, its entries are recorded in ours, and then it is deleted. Should its process live all the
 * same, its next write answers 409 or 404 and it begins anew: the clock decides who works, not what is true.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import { isNotFound, isPrecondition, orNothing } from '../kube/api-error.ts';
import type { Lease } from '../kube/objects.ts';
import type { FoundText, SealedPart } from './entries.ts';
import { headOfShard, JOURNAL_KIND_LABEL } from './lease.ts';
import type { JournalRequests } from './requests.ts';
import type { SealWorld } from './seal.ts';
import { sealJournal } from './seal.ts';

export interface OtherJournalsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of our own head. */
  readonly head: string;
  readonly requests: JournalRequests;
  readonly sealing: Omit<SealWorld, 'foreign'>;
  readonly elected: boolean;
  /** We lead; without a leader everybody takes over. */
  readonly leaseIsFresh: () => boolean;
  readonly leaseDurationMs: number;
  /** A shard of ours. */
  readonly isKnown: (name: string) => boolean;
  /** Deletes what looks like a shard of ours and is none: a POST that came late. */
  readonly removeStrays: (signal: AbortSignal) => Promise<void>;
  readonly record: (uid: string, value: unknown) => Promise<'recorded' | 'unrecorded'>;
  /** What is to stand in our journal for these entries: their claims may be in work here, too. */
  readonly takeUp: (entries: readonly FoundText[]) => readonly { readonly uid: string; readonly value: unknown }[];
  /** Nothing of the claim is open here (any more). */
  readonly isOver: (uid: string) => boolean;
}

export interface OtherJournals {
  /** Every Lease of the driver, as a watch shows them. */
  observe(leases: readonly Lease[]): void;
  stop(): void;
}

interface Seen {
  readonly lease: Lease;
  readonly expiresAtMs: number;
}

export function createOtherJournals(options: OtherJournalsOptions): OtherJournals {
  const { clock, log, head, requests, leaseDurationMs } = options;
  const ending = new AbortController();
  let seen = new Map<string, Seen>();
  let cancelTimer = (): void => {};
  let running = false;

  const expiry = ({ spec }: Lease): number => {
    const seconds = spec?.leaseDurationSeconds;
    return clock.monotonic() + (seconds === undefined || seconds <= 0 ? leaseDurationMs : seconds * 1000);
  };

  const isOther = ({ metadata }: Lease): boolean => {
    const name = metadata?.name ?? '';
    const kind = metadata?.labels?.[JOURNAL_KIND_LABEL];
    if (kind === 'shard') return headOfShard(name) !== head || !options.isKnown(name);
    return (kind === 'process' || kind === 'leader') && name !== head;
  };

  const takeOver = async (lease: Lease): Promise<void> => {
    const { signal } = ending;
    const name = lease.metadata?.name ?? '';
    const present = await requests.get(name, signal);
    // It was renewed: the watch will show it.
    if (present.metadata?.resourceVersion !== lease.metadata?.resourceVersion) return;
    const world = { ...options.sealing, foreign: new Set<string>() };
    const kind = present.metadata?.labels?.[JOURNAL_KIND_LABEL] === 'leader' ? 'leader' : 'process';
    const parts = await sealJournal(world, { head: name, kind, create: false, expires: true, shards: [] }, signal);
    const texts = new Map(parts.flatMap((part) => [...part.texts]));
    const ours = options.takeUp([...texts].map(([uid, text]) => ({ uid, text })));
    const results = await Promise.allSettled(ours.map(({ uid, value }) => options.record(uid, value)));
    // What could not be recorded stays where it is, and is tried again when this Lease expires.
    const isSafe = (result: PromiseSettledResult<string>): boolean => result.status === 'fulfilled' && result.value === 'recorded';
    // Meanwhile its claim may have been settled.
    if (ours.some(({ uid }, index) => !(results[index] !== undefined && isSafe(results[index])) && !options.isOver(uid))) return;
    log.info('journal of a process that is gone is taken over', { lease: name, entries: texts.size });
    await removeAll(parts);
  };

  /** The head first: a shard without a head is nobody's. */
  const removeAll = async (parts: readonly SealedPart[]): Promise<void> => {
    for (const { lease } of parts) await remove(lease);
  };

  const remove = async (lease: Lease): Promise<void> => {
    try {
      await requests.delete(lease, ending.signal);
    } catch (error) {
      if (!isNotFound(error) && !isPrecondition(error)) throw error;
    }
  };

  /** A shard whose head is gone. Its process, if it lives, writes its shards again before a new head names them. */
  const removeStray = async (lease: Lease): Promise<void> => {
    const itsHead = headOfShard(lease.metadata?.name ?? '');
    if (itsHead === head) {
      await options.removeStrays(ending.signal);
      return;
    }
    if ((await orNothing(requests.get(itsHead, ending.signal))) === undefined) await remove(lease);
  };

  const run = async (): Promise<void> => {
    running = true;
    for (const [name, { lease, expiresAtMs }] of [...seen]) {
      if (ending.signal.aborted) break;
      if (seen.get(name)?.lease !== lease) continue;
      if (expiresAtMs > clock.monotonic() || (options.elected && !options.leaseIsFresh())) continue;
      // Whatever comes of it, not again before it could have expired once more.
      seen.set(name, { lease, expiresAtMs: expiry(lease) });
      try {
        await (lease.metadata?.labels?.[JOURNAL_KIND_LABEL] === 'shard' ? removeStray(lease) : takeOver(lease));
      } catch (error) {
        log.debug(2, 'journal of another process could not be taken over', { lease: name, error: String(error) });
      }
    }
    running = false;
    schedule();
  };

  const schedule = (): void => {
    cancelTimer();
    if (seen.size === 0 || ending.signal.aborted) return;
    const first = Math.min(...[...seen.values()].map(({ expiresAtMs }) => expiresAtMs));
    // A standby looks again in a while, not at once.
    const waitMs = first > clock.monotonic() ? first - clock.monotonic() : leaseDurationMs;
    cancelTimer = clock.setTimer(waitMs, () => {
      if (!running) void run();
    });
  };

  return {
    observe: (leases) => {
      const before = seen;
      seen = new Map();
      for (const lease of leases.filter(isOther)) {
        const name = lease.metadata?.name ?? '';
        const known = before.get(name);
        const same = known?.lease.metadata?.resourceVersion === lease.metadata?.resourceVersion;
        seen.set(name, same && known !== undefined ? known : { lease, expiresAtMs: expiry(lease) });
      }
      if (!running) schedule();
    },
    stop: () => {
      cancelTimer();
      ending.abort();
    },
  };
}
