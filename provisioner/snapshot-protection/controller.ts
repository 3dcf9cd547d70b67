/** The lane of VolumeSnapshots that are restored: one key per VolumeSnapshot, `namespace/name`. See decide.ts. */
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import type { Lane } from '../../lib/controller/lane.ts';
import { decide } from './decide.ts';
import type { SnapshotProtectionWorld } from './execute.ts';
import { absorb, createExecute } from './execute.ts';
import { gather } from './gather.ts';
import type { SnapshotProtectionAnswer, SnapshotProtectionState, SnapshotProtectionStep } from './state.ts';

export function createSnapshotProtection(world: SnapshotProtectionWorld, options: Lane): Controller {
  return createController<SnapshotProtectionState, SnapshotProtectionStep, SnapshotProtectionAnswer>({
    ...options,
    name: 'snapshot-protection',
    reconciler: {
      gather: (key) => gather(world, key),
      decide,
      execute: createExecute(world),
      absorb,
    },
  });
}
