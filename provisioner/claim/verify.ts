/**
 * Is what the cache says of this claim recent enough to make a volume by it? A claim whose volume was made,
 * bound and deleted while our cache lagged still looks unprovisioned, and would get a second volume.
 *
 * Two cases are in doubt: this process has seen a PV of the claim, or the cached claim is older than the
 * moment we became leader (the last leader may have finished it). Then, and only then, one live read.
 */
import type { PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import { attemptInputs } from './inputs.ts';
import type { ClaimState, ClaimStep } from './state.ts';

/** A claim that was found to be ours, with its class. */
export interface OwnClaim {
  readonly claim: PersistentVolumeClaim;
  readonly class: StorageClass;
}

export function verify(state: ClaimState, claim: PersistentVolumeClaim): ClaimStep | undefined {
  const { progress, settings, minVersion } = state;
  const step = { backoff: 'create-volume', inputs: attemptInputs(state) } as const;
  if (progress.provisionedBefore === 'rechecked') return undefined;
  if (progress.provisionedBefore === 'seen') return { kind: 'read-claim', ...step };
  if (!settings.elected) return undefined;
  if (minVersion === undefined) return { kind: 'read-min-version', ...step };
  const version = claim.metadata?.resourceVersion;
  const newer = version !== undefined && /^\d{1,40}$/.test(version) && BigInt(version) > minVersion;
  return newer ? undefined : { kind: 'read-claim', ...step };
}
