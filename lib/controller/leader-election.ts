/**
 * Leader election on a Lease, by client-go's algorithm, so that Go programs and ours are replicas of each
 * other. One difference: a standby watches the Lease, and so takes over a released one at once instead of
 * at its next poll; where watching is forbidden it polls.
 *
 * Invariants: the other's clock is never trusted, only how long its record has stayed the same on ours; a
 * leader that could not renew within the renew deadline has lost before anybody else can have won (the
 * lease lasts longer than the deadline); `isFresh` counts from the moment a renewal was *sent*, on the wall
 * and the monotonic clock, so that a paused process knows; a loss is final for this object.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { deadline, sleep } from '../doors/sleep.ts';
import { isAlreadyExists, isPrecondition } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { EventRow } from './event-table.ts';
import { reasonsOf } from './event-table.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Renewal } from './lease-lock.ts';
import { createLeaseLock, describe, leaseName } from './lease-lock.ts';
import type { LeaseClaim } from './lease-record.ts';
import { expiresAtMs } from './lease-record.ts';
import { leaseRemedy } from './lease-refusal.ts';
import { watchLease } from './lease-watch.ts';
import { TerminalError } from '../errors/terminal-error.ts';

export const ELECTION_EVENTS = {
  becameLeader: {
    reason: 'LeaderElection',
    type: 'Normal',
    on: ['Lease'],
    about: 'Another process leads from now on; the message has its identity.',
    origin: 'peer',
  },
} as const satisfies Readonly<Record<string, EventRow>>;

const REASON = reasonsOf(ELECTION_EVENTS);

export interface LeaderElectionOptions extends LeaseClaim {
  /** A client (and connection) of its own: load on the other one must not cost the lease. */
  readonly client: KubeClient;
  readonly doors: { readonly clock: Clock; readonly random: Random };
  readonly log: Logger;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  /** Tells who became leader, as client-go does. */
  readonly events?: EventRecorder;
  /** Who says so in these events. */
  readonly eventComponent: string;
  /** Another one holds the lease, or it could not be renewed in time: stop working at once. */
  readonly onLost: (error: TerminalError) => void;
}

export interface LeaderElection {
  /** Starts to compete. */
  start(): void;
  /** Resolves when this process leads; rejects when the signal fires or `stop` is called before that. */
  elected(signal: AbortSignal): Promise<void>;
  isLeader(): boolean;
  /**
   * Leads, and renewed within the renew deadline by both clocks: only then may something be destroyed. `sinceMs`: and the
   * renewal was sent no earlier than this (monotonic).
   */
  isFresh(sinceMs?: number): boolean;
  /** False if this process believes to lead, but its record is older than the lease plus `toleranceMs` (health check). */
  isHealthy(toleranceMs: number): boolean;
  /** What the server refuses, for as long as it does so; undefined otherwise. */
  refusal(): string | undefined;
  /** Who holds the lease, as far as is known. */
  holder(): string;
  /** Competes no longer, and gives the lease back if it is ours. Bounded by `signal` and the renew deadline. */
  stop(signal: AbortSignal): Promise<void>;
}

/** client-go's spread of retries: up to 2.2 periods. */
const JITTER = 1.2;
const RACE_MS = 100;
/** A failed renewal is repeated faster than a good one: with client-go's defaults only one more period is left. */
const RETRIES_IN_PERIOD = 5;
/** A refusal is told at once and, for as long as it lasts, this often. */
const TELL_AGAIN_MS = 60_000;

type Attempt = 'ours' | 'held' | 'raced' | 'failed';

export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, log, renewDeadlineMs, retryPeriodMs } = options;
  const { clock, random } = options.doors;
  checkDurations(options);
  const lease = leaseName(options);
  // Half of the renew deadline is client-go's limit of every request.
  const limits = { requestMs: renewDeadlineMs / 2, renewRequestMs: (renewDeadlineMs - retryPeriodMs) / 2 };
  const lock = createLeaseLock({ client, clock, log, claim: options, ...limits });
  const ending = new AbortController();
  const waiting = new Set<() => void>();
  let leading = false;
  let watchable = true;
  let loop: Promise<void> | undefined;

  const pollMs = (): number => retryPeriodMs * (1 + JITTER * random.next());

  let refusal: { readonly text: string; readonly toldAtMs: number } | undefined;

  /** True if the failure is a refusal: told when it is new, and then now and then. */
  const refused = (error: unknown): boolean => {
    const remedy = leaseRemedy(error, options);
    if (remedy === undefined) return false;
    const text = describe(error);
    const now = clock.monotonic();
    if (refusal?.text === text && now - refusal.toldAtMs < TELL_AGAIN_MS) return true;
    refusal = { text, toldAtMs: now };
    log.warn('lease is refused', { lease, error: text, remedy });
    return true;
  };

  const attempt = async (signal: AbortSignal): Promise<Attempt> => {
    try {
      const ours = await (leading ? lock.renew(signal) : lock.acquire(signal));
      refusal = undefined;
      return ours ? 'ours' : 'held';
    } catch (error) {
      if (signal.aborted) return 'failed';
      if (!refused(error)) log.debug(2, 'lease could not be taken or renewed', { lease, error: describe(error) });
      return isPrecondition(error) || isAlreadyExists(error) ? 'raced' : 'failed';
    }
  };

  /** Until the lease is ours. */
  const acquire = async (signal: AbortSignal): Promise<void> => {
    log.info('waiting for the lease', { lease, identity: options.identity });
    let told = '';
    while (!signal.aborted) {
      const result = await attempt(signal);
      if (result === 'ours' || signal.aborted) return;
      if (lock.holder !== told && lock.holder !== '') log.info('lease is held by another', { lease, holder: lock.holder });
      told = lock.holder;
      if (result === 'held') await standBy(signal);
      // Somebody else wrote at the same moment: look soon who won.
      else await sleep(clock, result === 'raced' ? RACE_MS * (1 + random.next()) : pollMs(), signal);
    }
  };

  /** Waits until it is worth trying again: released, gone, expired, or (unwatched) after a retry period. */
  const standBy = async (signal: AbortSignal): Promise<void> => {
    if (lock.observed === undefined || !watchable) return sleep(clock, pollMs(), signal);
    const end = await watchLease({
      client,
      clock,
      target: { name: options.name, namespace: options.namespace },
      from: lock.observed.lease,
      expiresAtMs: expiresAtMs(lock.observed, options.leaseDurationMs),
      changed: (changed) => expiresAtMs(lock.see(changed), options.leaseDurationMs),
      signal,
    });
    if (end === 'forbidden') {
      watchable = false;
      log.info('lease cannot be watched, polling instead', { lease, remedy: 'grant watch on leases for faster takeover' });
    }
    if (end !== 'look') await sleep(clock, pollMs(), signal);
  };

  /** Until the lease is lost or given back. */
  const hold = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await sleep(clock, retryPeriodMs, signal);
      if (signal.aborted) return;
      const spent = clock.monotonic() - (lock.renewal?.monotonicMs ?? 0);
      // A process that was paused for longer has one try: if nobody took the lease meanwhile, all is well.
      const limit = deadline(clock, Math.max(retryPeriodMs, renewDeadlineMs - spent), signal);
      let result: Attempt = 'failed';
      while (!limit.signal.aborted) {
        result = await attempt(limit.signal);
        if (result === 'ours' || result === 'held') break;
        await sleep(clock, retryPeriodMs / RETRIES_IN_PERIOD, limit.signal);
      }
      limit.clear();
      if (result !== 'ours' && !signal.aborted) return lose(result === 'held');
    }
  };

  const lose = (taken: boolean): void => {
    leading = false;
    const why = taken ? `${lock.holder === '' ? 'somebody' : lock.holder} took it` : 'it could not be renewed within the renew deadline';
    options.onLost(new TerminalError('LEASE_LOST', `lease ${lease} is lost: ${why}`));
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    await acquire(signal);
    if (lock.renewal === undefined) return;
    leading = true;
    // Stopped in the very moment: `stop` gives it back.
    if (signal.aborted) return;
    log.info('lease is ours', { lease, identity: options.identity });
    if (lock.observed !== undefined) {
      const message = `${options.identity} became leader`;
      options.events?.record({
        type: 'Normal',
        reason: REASON.becameLeader,
        message,
        regarding: lock.observed.lease,
        component: options.eventComponent,
      });
    }
    for (const settle of [...waiting]) settle();
    await hold(signal);
  };

  const isRecent = ({ wallMs, monotonicMs }: Renewal): boolean =>
    clock.monotonic() - monotonicMs < renewDeadlineMs &&
    // A wall clock set back says nothing; one that ran on while the other stood still says "suspended".
    clock.now() - wallMs < renewDeadlineMs;

  return {
    start: () => {
      loop ??= run(ending.signal);
    },
    elected: (signal) =>
      new Promise((resolve, reject) => {
        const settle = (): void => {
          waiting.delete(settle);
          signal.removeEventListener('abort', settle);
          if (leading && !ending.signal.aborted) resolve();
          else reject(new Error(`lease ${lease} was not acquired: the program is ending`));
        };
        if (leading || signal.aborted || ending.signal.aborted) {
          settle();
          return;
        }
        waiting.add(settle);
        signal.addEventListener('abort', settle);
      }),
    isLeader: () => leading,
    isFresh: (sinceMs = Number.NEGATIVE_INFINITY) =>
      leading && lock.renewal !== undefined && isRecent(lock.renewal) && lock.renewal.monotonicMs >= sinceMs,
    isHealthy: (toleranceMs) =>
      !leading || lock.observed === undefined || clock.monotonic() - lock.observed.seenAtMs <= options.leaseDurationMs + toleranceMs,
    refusal: () => refusal?.text,
    holder: () => lock.holder,
    stop: async (signal) => {
      ending.abort();
      for (const settle of [...waiting]) settle();
      await loop;
      if (!leading && !lock.undecided) return;
      leading = false;
      await lock.giveBack(signal);
    },
  };
}

/** client-go's own conditions: without them two may lead for a moment. */
function checkDurations({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: LeaderElectionOptions): void {
  if (leaseDurationMs > renewDeadlineMs && renewDeadlineMs > JITTER * retryPeriodMs) return;
  throw new ConfigError(
    `leader election needs lease duration (${leaseDurationMs} ms) > renew deadline (${renewDeadlineMs} ms) > 1.2 × retry period (${retryPeriodMs} ms): ` +
      'change --leader-election-lease-duration, --leader-election-renew-deadline or --leader-election-retry-period',
  );
}
