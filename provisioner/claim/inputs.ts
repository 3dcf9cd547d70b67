/**
 * Fingerprints of what an attempt depends on (contract: lib/controller/step.ts). What is in them may bring
 * a call forward; what is not (labels, status, other annotations, the churn of nodes) never does.
 */
import { selectedNodeOf } from '../facts/ownership.ts';
import type { ClaimState } from './state.ts';
import { isPlaced } from './topology.ts';

/** Of an attempt, its reads and its call: the claim's wish, its class, whether its node says where it is, and what the source says of itself. */
export function attemptInputs({ uid, claim, class: storageClass, source, topology }: ClaimState): string {
  const { volumeName: _, ...spec } = claim?.spec ?? {};
  const { snapshot } = source;
  return JSON.stringify([
    uid,
    spec,
    claim?.metadata?.deletionTimestamp !== undefined,
    claim === undefined ? undefined : selectedNodeOf(claim),
    topology === undefined ? undefined : isPlaced(topology),
    storageClass?.metadata?.uid,
    storageClass?.mountOptions,
    storageClass?.allowedTopologies,
    snapshot?.metadata?.uid,
    snapshot?.metadata?.deletionTimestamp !== undefined,
    snapshot?.status?.boundVolumeSnapshotContentName,
    snapshot?.status?.readyToUse,
    snapshot?.status?.restoreSize,
    source.claim?.metadata?.uid,
  ]);
}
