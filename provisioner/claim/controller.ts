/** The claim lane: one key per claim uid, so that all that concerns one claim happens in one order. See decide.ts. */
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import type { Lane } from '../../lib/controller/lane.ts';
import { absorb } from './absorb.ts';
import { decide } from './decide.ts';
import type { ExecuteWorld } from './execute.ts';
import { createExecute } from './execute.ts';
import { gather } from './gather.ts';
import type { ClaimAnswer, ClaimState, ClaimStep } from './state.ts';

export function createClaimController(world: ExecuteWorld, options: Lane): Controller {
  return createController<ClaimState, ClaimStep, ClaimAnswer>({
    ...options,
    name: 'claims',
    reconciler: {
      gather: (uid) => gather(world, uid),
      decide,
      execute: createExecute(world),
      absorb,
    },
  });
}
