/** The one effect of a claim's loop. A conflict (the claim changed, or is another one by now) gathers again. */
import type { KubeClient } from '../../lib/kube/client.ts';
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import type { ApplyWrite } from '../apply-write.ts';
import type { ProtectionEffect, ProtectionState } from './state.ts';

export interface ProtectionExecuteDeps {
  readonly client: KubeClient;
  readonly applyWrite: ApplyWrite;
}

export async function execute(
  { client, applyWrite }: ProtectionExecuteDeps,
  { claim }: ProtectionEffect,
  signal: AbortSignal,
): Promise<PersistentVolumeClaim> {
  const object = await client.replace(PERSISTENT_VOLUME_CLAIMS, claim, { signal });
  applyWrite(PERSISTENT_VOLUME_CLAIMS, object);
  return object;
}

export function absorb(state: ProtectionState, _: ProtectionEffect, claim: PersistentVolumeClaim): ProtectionState {
  return { ...state, claim };
}
