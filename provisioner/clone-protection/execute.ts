/** Takes the finalizer off a claim that protects its clones. */
import type { KubeClient } from '../../lib/kube/client.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import { withoutFinalizer } from '../../lib/sidecar/finalizers.ts';
import { CLONE_FINALIZER } from '../facts/names.ts';
import type { CloneGatherDeps } from './gather.ts';
import type { CloneProtectionState } from './state.ts';

export interface CloneProtectionDeps extends CloneGatherDeps {
  readonly client: Pick<KubeClient, 'replace'>;
}

export async function release(
  { client, caches }: CloneProtectionDeps,
  { claim }: CloneProtectionState,
  signal: AbortSignal,
): Promise<CloneProtectionState['claim']> {
  const written = await client.replace(PERSISTENT_VOLUME_CLAIMS, withoutFinalizer(claim, CLONE_FINALIZER), { signal });
  caches.claims.absorb(written);
  return written;
}
