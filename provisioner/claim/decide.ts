/**
 * What to do next for one claim. Pure: state in, one Step out.
 *
 * The order is the safety argument:
 *  1. a volume that was made is saved before anything else is looked at;
 *  2. a PV that exists closes the case, and only then the record goes;
 *  3. a call whose outcome is unknown is repeated as it was, whatever has become of the claim since, so that
 *     what it made ends in a PV, and the PV in the ordinary deletion. Nothing is ever rolled back;
 *  4. only a claim that is ours, alive, without a volume and with a closed past gets a new attempt.
 */
import { REASON } from '../names.ts';
import { attempt, isLost, protectSource } from './attempt.ts';
import { afterCall } from './after-call.ts';
import { callInputs } from './inputs.ts';
import { isHandedTo, reasonToLeave, waitsForConsumer } from './ownership.ts';
import { createStep, dropRecord, failureNote, note, problem } from './steps.ts';
import type { CaseRecord, ClaimDecision, ClaimState } from './state.ts';
import { toRequirement, topologyFor } from './topology.ts';
import type { OwnClaim } from './verify.ts';

/** Where this process may no longer be the leader, it learns soon. */
const LEASE_POLL_MS = 1_000;

export function decide(state: ClaimState): ClaimDecision {
  if (state.leaseStale)
    return { kind: 'poll', backoff: 'create-volume', afterMs: LEASE_POLL_MS, reason: 'the lease was not renewed in time' };
  if (state.callFailure !== undefined) return afterCall(state, state.callFailure);
  if (state.memory.unsaved !== undefined) return save(state, state.memory.unsaved);
  const unsure = unsureOfRecord(state);
  if (unsure !== undefined) return unsure;
  if (state.memory.dropping !== undefined && state.memory.dropping === state.record?.lease?.uid) return dropRecord(state);
  if (state.volume !== undefined) return volumeExists(state, state.volume);
  if (state.record !== undefined && state.memory.doubt !== undefined) return replay(state, state.record);
  const own = ownClaim(state);
  if ('class' in own) return state.unreadable === undefined ? attempt(state, own) : blocked(state, state.unreadable.message);
  if (state.record !== undefined) return dropRecord(state);
  return { kind: 'done', reason: own.reason };
}

/**
 * A record was sent and no answer came: whether a case is open is known only once it can come no more. Until
 * then its source is held. A claim that still wants a volume sends it again meanwhile.
 */
function unsureOfRecord(state: ClaimState): ClaimDecision | undefined {
  if (!state.memory.recordUnsure || state.record !== undefined || state.unreadable !== undefined) return undefined;
  if (state.lateRecordMs === 0) return { kind: 'read-record', backoff: 'read-record', inputs: callInputs(state) };
  if (state.volume === undefined && 'class' in ownClaim(state)) return undefined;
  return { kind: 'poll', backoff: 'read-record', afterMs: state.lateRecordMs, reason: 'a record that was sent may still come' };
}

/** The claim with its class where it is to be provisioned now, or why it is not. */
function ownClaim({ claim, class: storageClass, settings }: ClaimState): OwnClaim | { readonly reason: string } {
  if (claim === undefined) return { reason: 'the claim is gone' };
  const reason = reasonToLeave(settings.driver, claim);
  if (reason !== undefined) return { reason };
  // Its coming wakes the claim; no event, as in the peer.
  if (storageClass === undefined) return { reason: 'the storage class is not found' };
  if (storageClass.provisioner !== settings.driver)
    return { reason: `the storage class belongs to ${storageClass.provisioner ?? 'nobody'}` };
  if (waitsForConsumer(claim, storageClass)) return { reason: 'no node is selected yet' };
  return { claim, class: storageClass };
}

function save(state: ClaimState, volume: NonNullable<ClaimState['memory']['unsaved']>): ClaimDecision {
  const name = volume.metadata?.name ?? '';
  const { saveFailure, live } = state;
  if (saveFailure === undefined) return { kind: 'save-volume', backoff: 'save-volume', inputs: name, volume };
  if (saveFailure.kind === 'refused') {
    return { kind: 'retry', backoff: 'save-volume', reason: saveFailure.message, events: failureNote(state, saveFailure.message) };
  }
  if (live.obstacle === undefined) return { kind: 'read-volume', backoff: 'read-volume', inputs: name, name };
  return { kind: 'retry', backoff: 'save-volume', reason: `PersistentVolume ${name} came and went while it was saved` };
}

function volumeExists(state: ClaimState, volume: NonNullable<ClaimState['volume']>): ClaimDecision {
  const name = volume.metadata?.name ?? '';
  if (volume.spec?.claimRef?.uid !== state.uid) {
    const reason = `PersistentVolume ${name} exists and belongs to another claim`;
    const wanted = state.claim !== undefined && reasonToLeave(state.settings.driver, state.claim) === undefined;
    return wanted ? problem(state, { message: reason }) : { kind: 'done', reason };
  }
  if (state.memory.yielding)
    return { kind: 'retry', backoff: 'create-volume', reason: `an earlier PersistentVolume ${name} is on its way out` };
  const told = state.saved
    ? note(state, { type: 'Normal', reason: REASON.provisioned, message: `Successfully provisioned volume ${name}` })
    : [];
  if (state.record !== undefined || state.unreadable !== undefined) return dropRecord(state, told);
  return { kind: 'done', reason: 'the volume is provisioned', events: told };
}

/** Sends again what the record says. The record of an earlier process is read live first: it may be gone, and its case closed. */
function replay(state: ClaimState, record: CaseRecord): ClaimDecision {
  if (record.lease !== undefined && !state.memory.recordConfirmed)
    return { kind: 'read-record', backoff: 'read-record', inputs: callInputs(state) };
  const { intent } = record;
  const unprotected = protectSource(state, intent);
  if (unprotected !== undefined) return unprotected;
  if (isLost(state, record)) return { kind: 'save-record', backoff: 'save-record', inputs: callInputs(state), intent, replaces: record };
  if (intent.omittedTopology === undefined || intent.request.accessibilityRequirements !== undefined) return createStep(state, intent);
  const topology = state.topology === undefined ? undefined : topologyFor(state.topology);
  if (topology?.kind === 'terms') {
    return createStep(state, { ...intent, request: { ...intent.request, accessibilityRequirements: toRequirement(topology) } });
  }
  const ours = state.claim !== undefined && isHandedTo(state.settings.driver, state.claim);
  const why = topology === undefined || topology.kind === 'any' ? 'the topology of its record is lost' : topology.message;
  // A volume that nobody waits for may lie anywhere; one for a living claim may not.
  return ours ? problem(state, { message: `no topology for the volume: ${why}` }) : createStep(state, intent);
}

function blocked(state: ClaimState, why: string): ClaimDecision {
  return problem(state, {
    message: `the record of an earlier attempt (Lease csi-intent-${state.uid}) cannot be read: ${why}; a volume may exist, delete the Lease once that is looked into`,
  });
}
