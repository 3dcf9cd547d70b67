/**
 * The lease as a lock: reads it, takes it, renews it, gives it back, and remembers what it saw. When to do
 * which is leader-election.ts.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import { deadline } from '../doors/sleep.ts';
import { ApiError, isNotFound, isPrecondition, isUnknownOutcome } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Lease } from '../kube/objects.ts';
import { LEASES } from '../kube/resources.ts';
import type { LeaseClaim, ObservedLease } from './lease-record.ts';
import { claimLease, expiresAtMs, holderOf, observe, releaseLease } from './lease-record.ts';

export interface LeaseLockOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly claim: LeaseClaim;
  /** Limit of one request. Of a renewal: a half-open connection must leave time for another try before the renew deadline. */
  readonly renewRequestMs: number;
  /** Of any other nothing hurries, and one that is given up too soon costs a retry period before the record is seen. */
  readonly requestMs: number;
}

/** When a write that made the lease ours was sent. */
export interface Renewal {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export interface LeaseLock {
  /** Takes the lease if it is free or expired. True: it is ours. Throws what the server refused. */
  acquire(signal: AbortSignal): Promise<boolean>;
  /** Renews what was ours. False: somebody else had it since. Throws what the server refused. */
  renew(signal: AbortSignal): Promise<boolean>;
  /** Gives it back if it is still ours. Never throws: an unreleased lease expires. */
  giveBack(signal: AbortSignal): Promise<void>;
  /** A lease that a watch showed. */
  see(lease: Lease): ObservedLease;
  readonly observed: ObservedLease | undefined;
  readonly renewal: Renewal | undefined;
  /** The answer to the last claim never came: the lease may be ours. */
  readonly undecided: boolean;
  /** Empty: nobody, as far as is known. */
  readonly holder: string;
}

/** How long a request may take, and what ends it before that. */
interface Patience {
  readonly signal: AbortSignal;
  readonly ms: number;
}

export function createLeaseLock({ client, clock, log, claim, requestMs, renewRequestMs }: LeaseLockOptions): LeaseLock {
  const target = { name: claim.name, namespace: claim.namespace };
  let observed: ObservedLease | undefined;
  let renewal: Renewal | undefined;
  let undecided = false;

  const see = (lease: Lease): ObservedLease => {
    observed = observe(observed, lease, clock.monotonic());
    return observed;
  };

  const limited = async <A>({ signal, ms }: Patience, request: (signal: AbortSignal) => Promise<A>): Promise<A> => {
    const limit = deadline(clock, ms, signal);
    try {
      return await request(limit.signal);
    } finally {
      limit.clear();
    }
  };

  /** Undefined: there is none. */
  const read = async (patience: Patience): Promise<Lease | undefined> => {
    try {
      const lease = await limited(patience, (limit) => client.get(LEASES, target, limit));
      see(lease);
      return lease;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      observed = undefined;
      return undefined;
    }
  };

  /** Writes our claim over `present`. The time that counts is that before the request. */
  const write = async (present: Lease | undefined, patience: Patience): Promise<void> => {
    const sent = { wallMs: clock.now(), monotonicMs: clock.monotonic() };
    const body = claimLease(present, claim, sent.wallMs);
    undecided = true;
    try {
      const stored = await limited(patience, (limit) =>
        present === undefined ? client.create(LEASES, body, { signal: limit }) : client.replace(LEASES, body, { signal: limit }),
      );
      see(stored);
      renewal = sent;
      undecided = false;
    } catch (error) {
      undecided = isUnknownOutcome(error);
      throw error;
    }
  };

  const release = async (patience: Patience): Promise<void> => {
    const lease = await read(patience);
    if (lease === undefined || holderOf(lease) !== claim.identity) return;
    await limited(patience, (limit) => client.replace(LEASES, releaseLease(lease, claim, clock.now()), { signal: limit }));
    log.info('lease is given back', { lease: leaseName(claim) });
  };

  return {
    acquire: async (signal) => {
      const patience = { signal, ms: requestMs };
      const present = await read(patience);
      if (present !== undefined && observed !== undefined) {
        const holder = holderOf(present);
        const free = holder === '' || holder === claim.identity || expiresAtMs(observed, claim.leaseDurationMs) <= clock.monotonic();
        if (!free) return false;
      }
      try {
        await write(present, patience);
      } catch (error) {
        // Deleted since it was read. The 404 of a creation, in contrast, is about the namespace.
        if (present === undefined || !isNotFound(error)) throw error;
        await write(undefined, patience);
      }
      return true;
    },

    renew: async (signal) => {
      const patience = { signal, ms: renewRequestMs };
      if (observed !== undefined) {
        try {
          // No read while nobody interferes: a conflict says when somebody did.
          await write(observed.lease, patience);
          return true;
        } catch (error) {
          if (signal.aborted) throw error;
          log.debug(2, 'lease renewal without a read failed', { lease: leaseName(claim), error: describe(error) });
        }
      }
      const present = await read(patience);
      // Not even a lease without a holder is taken again: another may have led in between.
      if (present !== undefined && holderOf(present) !== claim.identity) return false;
      await write(present, patience);
      return true;
    },

    giveBack: async (signal) => {
      const patience = { signal, ms: requestMs };
      try {
        // A read first: a renewal that was cut short may have been applied, also between that read and the write.
        await release(patience).catch((error: unknown) => {
          if (!isPrecondition(error)) throw error;
          return release(patience);
        });
      } catch (error) {
        log.warn('lease could not be given back', { lease: leaseName(claim), error: describe(error) });
      }
    },

    see,
    get observed() {
      return observed;
    },
    get renewal() {
      return renewal;
    },
    get undecided() {
      return undecided;
    },
    get holder() {
      return observed === undefined ? '' : holderOf(observed.lease);
    },
  };
}

export function leaseName({ namespace, name }: LeaseClaim): string {
  return `${namespace}/${name}`;
}

export function describe(error: unknown): string {
  return error instanceof ApiError ? `${error.status} ${error.reason}: ${error.message}` : String(error);
}
