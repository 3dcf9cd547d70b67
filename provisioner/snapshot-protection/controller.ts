/** The controller of VolumeSnapshots that are restored: one key per VolumeSnapshot, `namespace/name`. See decide.ts. */
import { errorText } from '../../lib/errors/error-text.ts';
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import type { SharedOptions } from '../../lib/controller/shared-options.ts';
import type { Reconciler } from '../../lib/controller/step.ts';
import { VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { warning } from '../../lib/sidecar/event-notes.ts';
import { REASON } from '../facts/names.ts';
import { decide } from './decide.ts';
import type { SnapshotProtectionDeps } from './execute.ts';
import { absorb, execute } from './execute.ts';
import { gather } from './gather.ts';
import type { SnapshotProtectionAnswer, SnapshotProtectionState, SnapshotProtectionStep } from './state.ts';

export function reconciler(
  deps: SnapshotProtectionDeps,
): Reconciler<SnapshotProtectionState, SnapshotProtectionStep, SnapshotProtectionAnswer> {
  return {
    gather: (key) => gather(deps, key),
    decide,
    execute: (step, state, signal) => execute(deps, step, { state, signal }),
    absorb,
    failed: (_key, { error, state: { snapshot } }) => {
      if (snapshot === undefined) return [];
      const message = `the finalizer that protects the VolumeSnapshot while it is restored cannot be removed: ${errorText(error)}`;
      return [warning(VOLUME_SNAPSHOTS, snapshot, { reason: REASON.releaseFailed, message })];
    },
  };
}

export function createSnapshotProtection(deps: SnapshotProtectionDeps, options: SharedOptions): Controller {
  return createController({ ...options, name: 'snapshot-protection', reconciler: reconciler(deps) });
}
