/** A claim that others are cloned from, and what can be done about its protection. */
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import type { Effect, Rest } from '../../lib/controller/step.ts';

export interface CloneProtectionState {
  readonly claim: PersistentVolumeClaim;
  /** The volume of the claim is of our driver, or there is none any more. */
  readonly ours: boolean;
  /** A pending claim names it as its source, and may use it. */
  readonly awaited: boolean;
  /** Claims (uid) with an open case that reads from it. */
  readonly users: readonly string[];
}

export type CloneProtectionStep = Effect<'release'> & { readonly kind: 'release' };
export type CloneProtectionDecision = CloneProtectionStep | Rest<'release'>;
