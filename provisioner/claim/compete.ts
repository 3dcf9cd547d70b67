/** The effects of a competition between nodes for a claim: see node-choice.ts. */
import { SELECTED_NODE } from '../facts/names.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import type { CsiClient } from '../../lib/csi/client.ts';
import { isPrecondition } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import type { Logger } from '../../lib/doors/log.ts';
import type { Caches } from '../caches.ts';
import type { Settings } from '../facts/settings.ts';
import type { ClaimsInProgress } from '../intent/claims-in-progress.ts';
import type { Run } from './call.ts';
import type { CapacityQuestion, ClaimAnswer, ClaimState, ClaimStep } from './state.ts';

export interface CompeteDeps {
  readonly client: Pick<KubeClient, 'replace'>;
  readonly caches: Pick<Caches, 'claims'>;
  readonly driver: Pick<CsiClient, 'getCapacity'>;
  readonly progress: Pick<ClaimsInProgress, 'of' | 'update'>;
  readonly settings: () => Settings;
  readonly monotonic: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/** As in the Go program: it doubles up to the longest, less a random part of the first. */
export function drawWait({ progress, settings, monotonic, random }: CompeteDeps, { uid }: Pick<ClaimState, 'uid'>): ClaimAnswer {
  const { baseDelayMs = 0, maxDelayMs = 0 } = settings().node ?? {};
  const { tries } = progress.of(uid).competition ?? { tries: 0 };
  const full = Math.min(baseDelayMs * 2 ** Math.min(tries, 40), maxDelayMs);
  const waitMs = Math.max(0, full - random() * baseDelayMs);
  return {
    kind: 'wait',
    waitMs,
    progress: progress.update(uid, { competition: { tries: tries + 1, untilMs: monotonic() + waitMs } }),
  };
}

/** One place with room is enough. Where the driver does not say, the volume is tried for. */
export async function readCapacity(
  { driver, log }: CompeteDeps,
  { bytes, capabilities, parameters, places }: CapacityQuestion,
  signal: AbortSignal,
): Promise<ClaimAnswer> {
  const topologies = places.length === 0 ? [undefined] : places;
  try {
    for (const accessibleTopology of topologies) {
      const { availableCapacity } = await driver.getCapacity(
        { volumeCapabilities: [...capabilities], parameters: { ...parameters }, accessibleTopology },
        signal,
      );
      if (availableCapacity >= bytes) return { kind: 'room', room: 'some' };
    }
    return { kind: 'room', room: 'none' };
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    log.warn('GetCapacity failed, the claim is taken all the same', { error: error.message });
    return { kind: 'room', room: 'unknown' };
  }
}

/** The claim's version decides between nodes. Whoever lost waits longer, and by then sees who won. A conflict is thrown, as any: nobody is told of it. */
export async function selectNode(
  deps: CompeteDeps,
  { claim, node }: ClaimStep & { readonly kind: 'select-node' },
  { state, signal }: Run,
): Promise<ClaimAnswer> {
  const { client, caches, progress } = deps;
  const { uid } = state;
  const annotations = { ...claim.metadata?.annotations, [SELECTED_NODE]: node };
  try {
    const written = await client.replace(PERSISTENT_VOLUME_CLAIMS, { ...claim, metadata: { ...claim.metadata, annotations } }, { signal });
    caches.claims.absorb(written);
    // Should it be given back, other nodes go first.
    const { tries } = progress.of(uid).competition ?? { tries: 0 };
    return { kind: 'node-selected', claim: written, progress: progress.update(uid, { competition: { tries, untilMs: undefined } }) };
  } catch (error) {
    if (isPrecondition(error)) drawWait(deps, state);
    throw error;
  }
}
