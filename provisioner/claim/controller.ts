/** The controller of claims: one key per claim uid, so that all that concerns one claim happens in one order. See decide.ts. */
import { errorText } from '../../lib/errors/error-text.ts';
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import type { SharedOptions } from '../../lib/controller/shared-options.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import { provisioningFailed } from '../facts/claim-events.ts';
import { isOpen } from '../intent/operation.ts';
import { absorb } from './absorb.ts';
import { decide } from './decide.ts';
import type { ClaimDeps } from './execute.ts';
import { execute } from './execute.ts';
import { gather } from './gather.ts';
import type { ClaimAnswer, ClaimState, ClaimStep } from './state.ts';

export function reconciler(deps: ClaimDeps): Reconciler<ClaimState, ClaimStep, ClaimAnswer> {
  const { progress, metrics, labelsOf } = deps;
  return {
    gather: (uid) => gather(deps, uid),
    decide,
    execute: (step, state, signal) => execute(deps, step, { state, signal }),
    absorb,
    settled: (uid, state, { rest, attempt }) => {
      if (rest.kind === 'retry' && rest.backoff !== 'settle' && attempt) {
        metrics.provisionFailed(labelsOf(state));
        if (rest.backoff === 'report' && state.topology !== undefined) progress.update(uid, { awaits: 'topology' });
      }
      forget(deps, uid);
    },
    failed: (uid, { error, state, step }) => {
      forget(deps, uid);
      if (step.backoff === 'settle') return [];
      metrics.provisionFailed(labelsOf(state));
      return provisioningFailed(state, errorText(error));
    },
  };
}

/**
 * The cache shows the claim with its volume, or gone, and nothing of it is open; or an attempt ended before anything
 * was written down. What a live read said does not count: the cache may show the claim as it was before once more.
 */
function forget({ progress, caches }: ClaimDeps, uid: string): void {
  if (progress.of(uid).protecting !== undefined) progress.update(uid, { protecting: undefined });
  const claim = caches.claims.store.byUid(uid);
  if (!isOpen(progress.of(uid).operation) && (claim === undefined || (claim.spec?.volumeName ?? '') !== '')) progress.forget(uid);
}

export function createClaimController(deps: ClaimDeps, options: SharedOptions): Controller {
  return createController({ ...options, name: 'claims', reconciler: reconciler(deps) });
}
