/**
 * With a provisioner on every node: whose claim is it? The selected node's. A claim with immediate binding has none, so the
 * nodes compete: each waits for a time of its own, asks its driver for room and writes itself into the claim; the write
 * that carries the claim's version wins, and the others see it. Pure. Source: docs/peer-behaviour.md#one-provisioner-for-each-node.
 */
import { agreedNode } from '../facts/node.ts';
import type { ServedNode } from '../facts/settings.ts';
import type { Preparation } from './preparation.ts';
import { prepare } from './preparation.ts';
import { attemptInputs } from './inputs.ts';
import { sourceElsewhere } from './source-node.ts';
import type { CapacityQuestion, ClaimDecision, ClaimState } from './state.ts';
import { topologyFor } from './topology.ts';
import type { OwnClaim } from './verify.ts';

/** Undefined: the volume is made here. */
export function chooseNode(state: ClaimState, own: OwnClaim): ClaimDecision | undefined {
  const { node } = state.settings;
  if (node === undefined) return undefined;
  const agreed = agreedNode(own.claim);
  if (agreed === node.name) return undefined;
  if (agreed !== '') return { kind: 'done', reason: `the claim is for node ${agreed}` };
  if (!node.immediateBinding) return { kind: 'done', reason: 'no node is selected, and nodes do not compete' };
  if (state.topology?.allowed !== undefined && topologyFor(state.topology).kind === 'error')
    return { kind: 'done', reason: 'the class does not allow this node' };
  return compete(state, own, node);
}

function compete(state: ClaimState, own: OwnClaim, node: ServedNode): ClaimDecision {
  const held = { backoff: 'select-node', inputs: attemptInputs(state) } as const;
  const { nodeWaitMs } = state;
  if (nodeWaitMs === undefined) return { kind: 'draw-wait', ...held };
  if (nodeWaitMs > 0) return { kind: 'poll', ...held, afterMs: nodeWaitMs, reason: 'other nodes may be faster' };
  const later = (reason: string): ClaimDecision => ({ kind: 'poll', ...held, afterMs: Math.max(node.maxDelayMs, 1_000), reason });
  const preparation = prepare(state, own);
  if ('kind' in preparation) {
    const isRead = preparation.kind !== 'done' && preparation.kind !== 'retry' && preparation.kind !== 'poll';
    if (isRead) return preparation;
  } else {
    if (sourceElsewhere(state, preparation) !== undefined) return later('the source is on another node');
    const question = capacityQuestion(state, preparation);
    if (question !== undefined && state.room === undefined) return { kind: 'read-capacity', ...held, question };
    if (state.room === 'none') return later('there is no room on this node');
  }
  // What stands in the way is told by whoever has the claim.
  return { kind: 'select-node', ...held, claim: own.claim, node: node.name };
}

/** Undefined where every answer would do. */
function capacityQuestion({ settings }: ClaimState, { draft, topology }: Preparation): CapacityQuestion | undefined {
  if (draft.requestedBytes === 0n || !settings.capabilities.has('GET_CAPACITY')) return undefined;
  return {
    bytes: draft.requestedBytes,
    capabilities: draft.capabilities,
    parameters: draft.parameters,
    places: topology?.asked.requisite ?? [],
  };
}
