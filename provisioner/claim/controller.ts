/** The controller of claims: one key per claim uid, so that all that concerns one claim happens in one order. See decide.ts. */
import { errorText } from '../../lib/errors/error-text.ts';
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import type { SharedOptions } from '../../lib/controller/shared-options.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import { provisioningFailed } from '../facts/claim-events.ts';
import { agreedNode } from '../facts/node.ts';
import { classNameOf } from '../facts/ownership.ts';
import { attemptFailed } from './steps.ts';
import { isOpen } from '../intent/operation.ts';
import { absorb } from './absorb.ts';
import { decide } from './decide.ts';
import type { ClaimDeps } from './execute.ts';
import { execute } from './execute.ts';
import { failureWords } from './failure-words.ts';
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
        if (state.callFailure === undefined && state.topology !== undefined) progress.update(uid, { awaits: 'topology' });
      }
      forget(deps, uid);
    },
    failed: (uid, { error, state, step }) => {
      forget(deps, uid);
      if (step.backoff === 'settle') return [];
      metrics.provisionFailed(labelsOf(state));
      const why = failureWords(step, state, errorText(error));
      return LATER.has(step.kind) ? provisioningFailed(state, why) : attemptFailed(state, why);
    },
  };
}

/** Steps of which the attempt was told before. */
const LATER: ReadonlySet<ClaimStep['kind']> = new Set(['create-volume', 'delete-unwanted', 'save-volume', 'read-volume', 'close']);

/**
 * The cache shows the claim with its volume, or gone, and nothing of it is open; or an attempt ended before anything
 * was written down. What a live read said does not count: the cache may show the claim as it was before once more.
 */
function forget({ progress, caches, settings }: ClaimDeps, uid: string): void {
  if (progress.of(uid).protecting !== undefined) progress.update(uid, { protecting: undefined });
  const claim = caches.claims.store.byUid(uid);
  const { operation, competition } = progress.of(uid);
  // Whoever won may give it back: then the competition begins anew.
  if (claim !== undefined && competition !== undefined && !['', settings().node?.name].includes(agreedNode(claim)))
    progress.update(uid, { competition: undefined });
  if (!isOpen(operation) && (claim === undefined || (claim.spec?.volumeName ?? '') !== '')) progress.forget(uid);
}

export function createClaimController(deps: ClaimDeps, options: SharedOptions): Controller {
  const { claims } = deps.caches;
  return createController({
    ...options,
    name: 'claims',
    reconciler: reconciler(deps),
    // What hangs or fails in the storage does so for a class, as a rule.
    groupOf: (uid) => {
      const claim = claims.store.byUid(uid);
      return claim === undefined ? '' : (classNameOf(claim) ?? '');
    },
  });
}
