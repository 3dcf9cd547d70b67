/** The volume lane: one key per PV. What it promises is said in decide.ts. */
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import type { Lane } from '../../lib/controller/lane.ts';
import { decide } from './decide.ts';
import type { VolumeExecuteWorld } from './execute.ts';
import { absorb, createExecute } from './execute.ts';
import { gather } from './gather.ts';
import type { VolumeAnswer, VolumeState, VolumeStep } from './state.ts';

export function createVolumeController(world: VolumeExecuteWorld, options: Lane): Controller {
  return createController<VolumeState, VolumeStep, VolumeAnswer>({
    ...options,
    name: 'volumes',
    reconciler: {
      gather: (name) => gather(world, name),
      decide,
      execute: createExecute(world),
      absorb,
    },
  });
}
