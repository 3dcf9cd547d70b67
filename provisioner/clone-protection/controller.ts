/** The lane of claims that protect their clones: one key per source claim, `namespace/name`. See decide.ts. */
import type { Controller } from '../../lib/controller/controller.ts';
import { createController } from '../../lib/controller/controller.ts';
import type { Lane } from '../../lib/controller/lane.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import { withoutFinalizer } from '../claim/bodies.ts';
import { CLONE_FINALIZER } from '../names.ts';
import { decide } from './decide.ts';
import type { CloneGatherWorld } from './gather.ts';
import { gather } from './gather.ts';
import type { CloneProtectionState, CloneProtectionStep } from './state.ts';

export interface CloneProtectionWorld extends CloneGatherWorld {
  readonly client: Pick<KubeClient, 'replace'>;
}

export function createCloneProtection(world: CloneProtectionWorld, options: Lane): Controller {
  return createController<CloneProtectionState, CloneProtectionStep, CloneProtectionState['claim']>({
    ...options,
    name: 'clone-protection',
    reconciler: {
      gather: (key) => gather(world, key),
      decide,
      execute: async (_step, { claim }, signal) => {
        const written = await world.client.replace(PERSISTENT_VOLUME_CLAIMS, withoutFinalizer(claim, CLONE_FINALIZER), { signal });
        world.caches.claims.absorb(written);
        return written;
      },
      absorb: (state, _step, claim) => ({ ...state, claim }),
    },
  });
}
