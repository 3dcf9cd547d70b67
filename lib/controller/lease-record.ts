/**
 * What a Lease says, and what to write into it: the pure half of leader election. Fields and rules are
 * client-go's, so that Go programs and ours elect one leader between them.
 */
import type { Lease } from '../kube/objects.ts';
import { LEASES } from '../kube/resources.ts';
import { formatMicroTime } from '../kube/time.ts';

export interface LeaseClaim {
  readonly name: string;
  readonly namespace: string;
  readonly identity: string;
  readonly leaseDurationMs: number;
  /** Set on the lease at every write; other labels stay. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A lease as we saw it, on our own clock: the holder's clock is never trusted. */
export interface ObservedLease {
  readonly lease: Lease;
  /** Monotonic time at which its content was first seen. */
  readonly seenAtMs: number;
}

/** An observation is new if the content is: the time of the first sight of this content counts. */
export function observe(before: ObservedLease | undefined, lease: Lease, nowMs: number): ObservedLease {
  if (before !== undefined && fingerprint(before.lease) === fingerprint(lease)) return { lease, seenAtMs: before.seenAtMs };
  return { lease, seenAtMs: nowMs };
}

function fingerprint({ spec = {} }: Lease): string {
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = spec;
  return JSON.stringify([holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions]);
}

export function holderOf(lease: Lease): string {
  return lease.spec?.holderIdentity ?? '';
}

/** Monotonic time from which somebody else may take it. A released lease: at once. */
export function expiresAtMs({ lease, seenAtMs }: ObservedLease, fallbackMs: number): number {
  if (holderOf(lease) === '') return seenAtMs;
  const seconds = lease.spec?.leaseDurationSeconds;
  return seenAtMs + (seconds === undefined || seconds <= 0 ? fallbackMs : seconds * 1000);
}

/** The lease as we hold it: renewed if it is ours already, taken over otherwise. */
export function claimLease(present: Lease | undefined, claim: LeaseClaim, wallMs: number): Lease {
  const spec = present?.spec ?? {};
  const ours = present !== undefined && holderOf(present) === claim.identity;
  const now = formatMicroTime(wallMs);
  const transitions = spec.leaseTransitions ?? 0;
  return write(present, claim, {
    ...spec,
    holderIdentity: claim.identity,
    leaseDurationSeconds: Math.max(1, Math.ceil(claim.leaseDurationMs / 1000)),
    acquireTime: ours ? (spec.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: ours || present === undefined ? transitions : transitions + 1,
  });
}

/** Given back: no holder, and a duration of a second for those who look at the duration only. */
export function releaseLease(present: Lease, claim: LeaseClaim, wallMs: number): Lease {
  const now = formatMicroTime(wallMs);
  return write(present, claim, {
    ...present.spec,
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: now,
    renewTime: now,
  });
}

function write(present: Lease | undefined, claim: LeaseClaim, spec: NonNullable<Lease['spec']>): Lease {
  const metadata = { ...present?.metadata, name: claim.name, namespace: claim.namespace };
  if (claim.labels !== undefined) metadata.labels = { ...metadata.labels, ...claim.labels };
  return { ...present, apiVersion: 'coordination.k8s.io/v1', kind: LEASES.kind, metadata, spec };
}
