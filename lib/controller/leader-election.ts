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
import { ApiError, isAlreadyExists, isForbidden, isNotFound, isPrecondition } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { ConfigError } from '../kube/config-error.ts';
import type { Lease } from '../kube/objects.ts';
import { LEASES } from '../kube/resources.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { LeaseClaim, ObservedLease } from './lease-record.ts';
import { claimLease, expiresAtMs, holderOf, observe, releaseLease } from './lease-record.ts';
import { watchLease } from './lease-watch.ts';
import { TerminalError } from './terminal-error.ts';

export interface LeaderElectionOptions extends LeaseClaim {
  /** A client (and connection) of its own: load on the other one must not cost the lease. */
  readonly client: KubeClient;
  readonly doors: { readonly clock: Clock; readonly random: Random };
  readonly log: Logger;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  /** Tells who became leader, as client-go does. */
  readonly events?: EventRecorder;
  /** Another one holds the lease, or it could not be renewed in time: stop working at once. */
  readonly onLost: (error: TerminalError) => void;
}

export interface LeaderElection {
  /** Starts to compete. */
  start(): void;
  /** Resolves when this process leads; rejects when the signal fires or `stop` was called before that. */
  elected(signal: AbortSignal): Promise<void>;
  isLeader(): boolean;
  /** Leads, and renewed within the renew deadline by both clocks: only then may something be destroyed. */
  isFresh(): boolean;
  /** False if this process believes to lead, but its record is older than the lease plus `toleranceMs` (health check). */
  isHealthy(toleranceMs: number): boolean;
  /** Who holds the lease, as far as is known. */
  holder(): string;
  /** Competes no longer, and gives the lease back if it is ours. Bounded by `signal` and the renew deadline. */
  stop(signal: AbortSignal): Promise<void>;
}

/** client-go's spread of retries: up to 2.2 periods. */
const JITTER = 1.2;
const RACE_MS = 100;

type Attempt = 'ours' | 'held' | 'raced' | 'failed';

interface Renewal {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, log, renewDeadlineMs, retryPeriodMs } = options;
  const { clock, random } = options.doors;
  checkDurations(options);
  const target = { name: options.name, namespace: options.namespace };
  const ending = new AbortController();
  const waiting = new Set<() => void>();
  let observed: ObservedLease | undefined;
  let renewal: Renewal | undefined;
  let leading = false;
  let lost = false;
  let watchable = true;
  let loop: Promise<void> | undefined;

  const see = (lease: Lease): ObservedLease => {
    observed = observe(observed, lease, clock.monotonic());
    return observed;
  };

  const pollMs = (): number => retryPeriodMs * (1 + JITTER * random.next());

  /** Runs one request under its own limit: a half-open connection must leave time for another try. */
  const limited = async <A>(signal: AbortSignal, request: (signal: AbortSignal) => Promise<A>): Promise<A> => {
    const limit = deadline(clock, renewDeadlineMs / 2, signal);
    try {
      return await request(limit.signal);
    } finally {
      limit.clear();
    }
  };

  /** Writes our claim over `present`. The time that counts is that before the request. */
  const put = async (present: Lease | undefined, signal: AbortSignal): Promise<void> => {
    const sent = { wallMs: clock.now(), monotonicMs: clock.monotonic() };
    const body = claimLease(present, options, sent.wallMs);
    const stored = await limited(signal, (limit) =>
      present === undefined ? client.create(LEASES, body, { signal: limit }) : client.replace(LEASES, body, { signal: limit }),
    );
    see(stored);
    renewal = sent;
  };

  /** Takes or renews the lease if it may. Answers whether it is ours now; throws what the server refused. */
  const acquireOrRenew = async (signal: AbortSignal): Promise<boolean> => {
    if (leading && observed !== undefined) {
      try {
        // No read while nobody interferes: a conflict says when somebody did.
        await put(observed.lease, signal);
        return true;
      } catch (error) {
        log.debug(2, 'lease renewal without a read failed', { lease: nameOf(options), error: messageOf(error) });
        if (signal.aborted) throw error;
      }
    }
    let present: Lease | undefined;
    try {
      present = await limited(signal, (limit) => client.get(LEASES, target, limit));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (present !== undefined) {
      see(present);
      const holder = holderOf(present);
      const expired = observed === undefined || expiresAtMs(observed, options.leaseDurationMs) <= clock.monotonic();
      if (holder !== '' && holder !== options.identity && !expired) return false;
    } else observed = undefined;
    await put(present, signal);
    return true;
  };

  const attempt = async (signal: AbortSignal): Promise<Attempt> => {
    try {
      return (await acquireOrRenew(signal)) ? 'ours' : 'held';
    } catch (error) {
      if (signal.aborted) return 'failed';
      const fields = { lease: nameOf(options), error: messageOf(error) };
      if (isForbidden(error)) log.warn('lease is refused', { ...fields, remedy: 'grant get, create and update on leases' });
      else log.debug(2, 'lease could not be taken or renewed', fields);
      return isPrecondition(error) || isAlreadyExists(error) ? 'raced' : 'failed';
    }
  };

  /** Until the lease is ours. */
  const acquire = async (signal: AbortSignal): Promise<void> => {
    log.info('waiting for the lease', { lease: nameOf(options), identity: options.identity });
    let told: string | undefined;
    while (!signal.aborted) {
      const result = await attempt(signal);
      if (result === 'ours' || signal.aborted) return;
      const holder = observed === undefined ? '' : holderOf(observed.lease);
      if (holder !== told && holder !== '') log.info('lease is held by another', { lease: nameOf(options), holder });
      told = holder;
      if (result === 'held') await standBy(signal);
      // Somebody else wrote at the same moment: look soon who won.
      else await sleep(clock, result === 'raced' ? RACE_MS * (1 + random.next()) : pollMs(), signal);
    }
  };

  /** Waits until it is worth trying again: released, gone, expired, or (unwatched) after a retry period. */
  const standBy = async (signal: AbortSignal): Promise<void> => {
    if (observed === undefined || !watchable) return sleep(clock, pollMs(), signal);
    const end = await watchLease({
      client,
      clock,
      target,
      from: observed.lease,
      expiresAtMs: expiresAtMs(observed, options.leaseDurationMs),
      changed: (lease) => expiresAtMs(see(lease), options.leaseDurationMs),
      signal,
    });
    if (end === 'forbidden') {
      watchable = false;
      log.info('lease cannot be watched, polling instead', { lease: nameOf(options), remedy: 'grant watch on leases for faster takeover' });
    }
    if (end !== 'look') await sleep(clock, pollMs(), signal);
  };

  /** Until the lease is lost or given back. */
  const hold = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await sleep(clock, retryPeriodMs, signal);
      if (signal.aborted) return;
      const spent = clock.monotonic() - (renewal?.monotonicMs ?? 0);
      // A process that was paused for longer has one try: if nobody took the lease meanwhile, all is well.
      const limit = deadline(clock, Math.max(retryPeriodMs, renewDeadlineMs - spent), signal);
      let result: Attempt = 'failed';
      while (!limit.signal.aborted) {
        result = await attempt(limit.signal);
        if (result === 'ours' || isHeldByOther()) break;
        await sleep(clock, retryPeriodMs, limit.signal);
      }
      limit.clear();
      if (result !== 'ours' && !signal.aborted) return lose();
    }
  };

  const isHeldByOther = (): boolean => {
    const holder = observed === undefined ? '' : holderOf(observed.lease);
    return holder !== '' && holder !== options.identity;
  };

  const giveBack = async (signal: AbortSignal): Promise<void> => {
    try {
      const lease = await limited(signal, (limit) => client.get(LEASES, target, limit));
      // A read first: the renewal that `stop` cut short may have been applied.
      if (holderOf(lease) !== options.identity) return;
      await limited(signal, (limit) => client.replace(LEASES, releaseLease(lease, options, clock.now()), { signal: limit }));
      log.info('lease is given back', { lease: nameOf(options) });
    } catch (error) {
      // It expires by itself.
      log.warn('lease could not be given back', { lease: nameOf(options), error: messageOf(error) });
    }
  };

  const lose = (): void => {
    leading = false;
    lost = true;
    const holder = observed === undefined ? '' : holderOf(observed.lease);
    const why = isHeldByOther() ? `${holder} holds it` : 'it could not be renewed within the renew deadline';
    options.onLost(new TerminalError(`lease ${nameOf(options)} is lost: ${why}`));
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    await acquire(signal);
    if (signal.aborted) return;
    leading = true;
    log.info('lease is ours', { lease: nameOf(options), identity: options.identity });
    if (observed !== undefined) {
      options.events?.record({
        type: 'Normal',
        reason: 'LeaderElection',
        message: `${options.identity} became leader`,
        regarding: observed.lease,
      });
    }
    for (const settle of [...waiting]) settle();
    await hold(signal);
  };

  return {
    start: () => {
      loop ??= run(ending.signal);
    },
    elected: (signal) =>
      new Promise((resolve, reject) => {
        const settle = (): void => {
          waiting.delete(settle);
          signal.removeEventListener('abort', settle);
          if (leading) resolve();
          else reject(new Error(`lease ${nameOf(options)} was not acquired: the program is ending`));
        };
        if (leading || signal.aborted || ending.signal.aborted) {
          settle();
          return;
        }
        waiting.add(settle);
        signal.addEventListener('abort', settle);
      }),
    isLeader: () => leading,
    isFresh: () =>
      leading &&
      !lost &&
      renewal !== undefined &&
      clock.monotonic() - renewal.monotonicMs < renewDeadlineMs &&
      // A wall clock set back says nothing; one that ran on while the other stood still says "paused".
      clock.now() - renewal.wallMs < renewDeadlineMs,
    isHealthy: (toleranceMs) =>
      !leading || observed === undefined || clock.monotonic() - observed.seenAtMs <= options.leaseDurationMs + toleranceMs,
    holder: () => (observed === undefined ? '' : holderOf(observed.lease)),
    stop: async (signal) => {
      ending.abort();
      for (const settle of [...waiting]) settle();
      await loop;
      if (!leading) return;
      leading = false;
      await giveBack(signal);
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

function nameOf({ namespace, name }: LeaseClaim): string {
  return `${namespace}/${name}`;
}

function messageOf(error: unknown): string {
  return error instanceof ApiError ? `${error.status} ${error.reason}: ${error.message}` : String(error);
}
