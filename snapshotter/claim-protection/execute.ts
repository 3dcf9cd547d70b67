/** The one effect of a claim's loop. A conflict (the claim changed, or is another one by now) gathers again. */
import type { KubeClient } from '../../lib/kube/client.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import { refusalOf } from '../refusal.ts';
import type { Absorb } from '../refusal.ts';
import type { ProtectionAnswer, ProtectionEffect, ProtectionState } from './state.ts';

export interface ProtectionExecutor {
  readonly client: KubeClient;
  readonly absorb: Absorb;
  readonly refused: (message: string) => void;
}

export async function execute(
  { client, absorb: share, refused }: ProtectionExecutor,
  { claim }: ProtectionEffect,
  signal: AbortSignal,
): Promise<ProtectionAnswer> {
  try {
    const object = await client.replace(PERSISTENT_VOLUME_CLAIMS, claim, { signal });
    share(PERSISTENT_VOLUME_CLAIMS, object);
    return { kind: 'claim', object };
  } catch (error) {
    const message = refusalOf(error);
    if (message === undefined) throw error;
    refused(message);
    return { kind: 'refused', message };
  }
}

export function absorb(state: ProtectionState, _: ProtectionEffect, answer: ProtectionAnswer): ProtectionState {
  return answer.kind === 'claim' ? { ...state, claim: answer.object } : { ...state, refusal: answer.message };
}
