/** The volume lane: one key per PV. What it promises is said in decide.ts. */
import type { Controller, ControllerOptions } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import { decide } from './decide.ts';
import type { VolumeExecuteWorld } from './execute.ts';
import { absorb, createExecute } from './execute.ts';
import { gather } from './gather.ts';
import type { VolumeAnswer, VolumeState, VolumeStep } from './state.ts';

export type LaneOptions = Omit<ControllerOptions<never, never, never>, 'name' | 'reconciler'>;

export function createVolumeController(world: VolumeExecuteWorld, options: LaneOptions): Controller {
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
