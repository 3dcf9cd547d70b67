/** A journal on a server in memory, with a clock that stands still and the process's other half: a second journal. */
import { fixedRandom } from '../../../lib/controller/testing/fixed-random.ts';
import { ManualClock } from '../../../lib/controller/testing/manual-clock.ts';
import { memoryLog } from '../../../lib/controller/testing/memory-log.ts';
import type { MemoryLog } from '../../../lib/controller/testing/memory-log.ts';
import { expectManyListeners } from '../../../lib/controller/shared-signal.ts';
import type { Random } from '../../../lib/doors/random.ts';
import type { FoundEntry, Journal, JournalOptions } from '../../../lib/journal/journal.ts';
import { createJournal } from '../../../lib/journal/journal.ts';
import { ENTRIES_ANNOTATION, JOURNAL_ANNOTATION } from '../../../lib/journal/lease.ts';
import { LeaseServer } from './lease-server.ts';

export const DRIVER = 'disk.example.com';
export const HEAD = `csi-journal-${DRIVER}`;
export const NAMESPACE = 'storage';

export interface Bench {
  readonly server: LeaseServer;
  readonly clock: ManualClock;
  readonly signal: AbortSignal;
  process(identity: string, overrides?: Partial<JournalOptions>): TestProcess;
}

export interface TestProcess {
  readonly identity: string;
  readonly journal: Journal;
  readonly log: MemoryLog;
  readonly closed: string[];
  readonly found: FoundEntry[];
  readonly reasons: string[];
  /** Whether it leads. */
  fresh: boolean;
  /** When it renewed its lease last (monotonic). */
  renewedMs: number;
  /** How often it was told that the server was restored from a backup. */
  undone: number;
}

/** Chances that never repeat a name. */
export function countingRandom(): Random {
  let state = 1;
  return {
    ...fixedRandom(),
    next: () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    },
  };
}

export function createBench(): Bench {
  const server = new LeaseServer();
  const clock = new ManualClock();
  const random = countingRandom();
  const { signal } = new AbortController();
  expectManyListeners(signal);
  return {
    server,
    clock,
    signal,
    process: (identity, overrides = {}) => {
      const log = memoryLog();
      const process: { fresh: boolean; renewedMs: number; undone: number } & Omit<
        TestProcess,
        'fresh' | 'renewedMs' | 'undone' | 'journal'
      > = {
        identity,
        log,
        closed: [],
        found: [],
        reasons: [],
        fresh: true,
        renewedMs: Number.POSITIVE_INFINITY,
        undone: 0,
      };
      const journal = createJournal({
        client: server.client(identity),
        clock,
        log,
        random,
        driver: DRIVER,
        namespace: NAMESPACE,
        identity,
        elected: true,
        leaseIsFresh: (sinceMs = 0) => process.fresh && process.renewedMs >= sinceMs,
        undone: () => {
          process.undone += 1;
        },
        unwritable: (reason) => process.reasons.push(reason),
        refusedAgainMs: 600_000,
        leaseDurationMs: 15_000,
        takeUp: (entries) => {
          process.found.push(...entries);
          return entries;
        },
        isOver: () => false,
        ...overrides,
      });
      journal.onClosed((uid) => process.closed.push(uid));
      journal.onFound((entries) => process.found.push(...entries));
      return Object.assign(process, { journal });
    },
  };
}

/** A process that leads and has sealed the journal. */
export async function leader(bench: Bench, identity = 'one', overrides: Partial<JournalOptions> = {}): Promise<TestProcess> {
  const process = bench.process(identity, overrides);
  await process.journal.takeOver(bench.signal);
  bench.server.calls.length = 0;
  bench.server.sizes.length = 0;
  return process;
}

/** What stands in a Lease: uid → value. */
export function entriesIn(server: LeaseServer, name = HEAD): Record<string, unknown> {
  return JSON.parse(server.lease(name).metadata?.annotations?.[ENTRIES_ANNOTATION] ?? '{}') as Record<string, unknown>;
}

export function shardsOf(server: LeaseServer, name = HEAD): readonly string[] {
  const text = server.lease(name).metadata?.annotations?.[JOURNAL_ANNOTATION] ?? '{}';
  return (JSON.parse(text) as { shards?: string[] }).shards ?? [];
}

/** What a take-over now would find, entry by entry. */
export async function findAll(bench: Bench, identity: string): Promise<Map<string, unknown>> {
  const { journal } = bench.process(identity);
  const found = await journal.takeOver(bench.signal);
  journal.stop();
  return new Map(found.map(({ uid, value }) => [uid, value]));
}

/** How a promise stands after everything that can settle has. */
export function watched<A>(promise: Promise<A>): { result: A | 'waiting'; error: unknown } {
  const state: { result: A | 'waiting'; error: unknown } = { result: 'waiting', error: undefined };
  promise.then(
    (result) => {
      state.result = result;
    },
    (error: unknown) => {
      state.error = error;
    },
  );
  return state;
}
