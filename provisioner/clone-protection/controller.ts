/** The controller of claims that protect their clones: one key per source claim, `namespace/name`. See decide.ts. */
import { errorText } from '../../lib/errors/error-text.ts';
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import type { SharedOptions } from '../../lib/controller/shared-options.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import { provisioningFailed } from '../facts/claim-events.ts';
import { decide } from './decide.ts';
import type { CloneProtectionDeps } from './execute.ts';
import { release } from './execute.ts';
import { gather } from './gather.ts';
import type { CloneProtectionState, CloneProtectionStep } from './state.ts';

export function reconciler(
  deps: CloneProtectionDeps,
): Reconciler<CloneProtectionState, CloneProtectionStep, CloneProtectionState['claim']> {
  return {
    gather: (key) => gather(deps, key),
    decide,
    execute: (_step, state, signal) => release(deps, state, signal),
    absorb: (state, _step, claim) => ({ ...state, claim }),
    failed: (_key, { error, state: { claim } }) =>
      provisioningFailed({ claim }, `the finalizer that protects its clones cannot be removed: ${errorText(error)}`),
  };
}

export function createCloneProtection(deps: CloneProtectionDeps, options: SharedOptions): Controller {
  return createController({ ...options, name: 'clone-protection', reconciler: reconciler(deps) });
}
