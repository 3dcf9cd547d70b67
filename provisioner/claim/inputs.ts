/**
 * Fingerprints of what an attempt depends on (contract: lib/controller/step.ts). What is in them may bring
 * a call forward; what is not (labels, status, other annotations, node churn) never does.
 */
import { selectedNodeOf } from './ownership.ts';
import type { ClaimState } from './state.ts';

/** Of the calls that make a volume: the claim's wish, its class, and whether it is still wanted. */
export function callInputs({ uid, claim, class: storageClass }: ClaimState): string {
  if (claim === undefined) return `gone ${uid}`;
  const { volumeName: _, ...spec } = claim.spec ?? {};
  return JSON.stringify([
    uid,
    spec,
    claim.metadata?.deletionTimestamp !== undefined,
    selectedNodeOf(claim),
    storageClass?.metadata?.uid,
    storageClass?.mountOptions,
    storageClass?.allowedTopologies,
  ]);
}

/** Of the live reads that precede a call: also what the source says of itself. */
export function sourceInputs(state: ClaimState): string {
  const { snapshot, claim } = state.source;
  return JSON.stringify([
    callInputs(state),
    snapshot?.metadata?.uid,
    snapshot?.metadata?.deletionTimestamp !== undefined,
    snapshot?.status?.boundVolumeSnapshotContentName,
    snapshot?.status?.readyToUse,
    snapshot?.status?.restoreSize,
    claim?.metadata?.uid,
  ]);
}
