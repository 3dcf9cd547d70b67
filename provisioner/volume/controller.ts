/** The controller of PVs: one key per PV name. What it promises is said in decide.ts. */
import { errorText } from '../../lib/errors/error-text.ts';
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import type { SharedOptions } from '../../lib/controller/shared-options.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import { decide, failureNote } from './decide.ts';
import type { VolumeDeps } from './execute.ts';
import { absorb, execute } from './execute.ts';
import { gather } from './gather.ts';
import type { VolumeAnswer, VolumeState, VolumeStep } from './state.ts';

export function reconciler(deps: VolumeDeps): Reconciler<VolumeState, VolumeStep, VolumeAnswer> {
  const countFailure = ({ volume }: VolumeState): void => deps.metrics.deleteFailed(volume.spec?.storageClassName ?? '');
  return {
    gather: (name) => gather(deps, name),
    decide,
    execute: (step, state, signal) => execute(deps, step, { state, signal }),
    absorb,
    settled: (_name, state, { rest, attempt }) => {
      // What is only postponed has not failed.
      if (rest.kind === 'retry' && attempt && rest.events?.some(({ type }) => type === 'Warning') === true) countFailure(state);
    },
    failed: (_name, { error, state }) => {
      countFailure(state);
      return failureNote(state, errorText(error));
    },
  };
}

export function createVolumeController(deps: VolumeDeps, options: SharedOptions): Controller {
  return createController({ ...options, name: 'volumes', reconciler: reconciler(deps) });
}
