/**
 * Is what the cache says of this claim recent enough to make a volume by it? A claim whose volume was made,
 * bound and deleted while our cache lagged still looks unprovisioned, and would get a second volume.
 *
 * Two cases are in doubt: this process has seen a PV of the claim, or the cached claim is older than the
 * moment we became leader (the last leader may have finished it). Then, and only then, one live read.
 */
import type { PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import { callInputs } from './inputs.ts';
import type { ClaimState, ClaimStep } from './state.ts';

/** A claim that was found to be ours, with its class. */
export interface OwnClaim {
  readonly claim: PersistentVolumeClaim;
  readonly class: StorageClass;
}

export function verify(state: ClaimState, claim: PersistentVolumeClaim): ClaimStep | undefined {
  const { memory, settings, floor } = state;
  if (memory.verified) return undefined;
  if (memory.finished) return { kind: 'read-claim', backoff: 'read-claim', inputs: callInputs(state) };
  // An open case of this process began with a claim that was recent then.
  if (!settings.elected || memory.opened) return undefined;
  if (floor === undefined) return { kind: 'read-floor', backoff: 'read-floor', inputs: callInputs(state) };
  const version = claim.metadata?.resourceVersion;
  const newer = version !== undefined && /^\d{1,40}$/.test(version) && BigInt(version) > floor;
  return newer ? undefined : { kind: 'read-claim', backoff: 'read-claim', inputs: callInputs(state) };
}
