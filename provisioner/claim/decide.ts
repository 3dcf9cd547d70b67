/**
 * What to do next for one claim. Pure: state in, one Step out.
 *
 * The order is the safety argument:
 *  1. a volume that was made and that nobody wants is deleted before anything else is asked for;
 *  2. a volume that was made is saved before anything else is looked at;
 *  3. a PV that exists ends the operation, and only then its entry leaves the journal; one that came too late ends nothing;
 *  4. a claim that is ours, alive and without a volume gets a new attempt, as if nothing had been before;
 *  5. what earlier calls may have left for a claim that is gone, or has another volume, is settled by the recorded request, so
 *     that what it made ends in a PV, and the PV in the ordinary deletion.
 */
import type { EventNote } from '../../lib/controller/step.ts';
import { claimNotice, claimWarning, provisioningFailed } from '../facts/claim-events.ts';
import type { OpenOperation, Operation } from '../intent/operation.ts';
import { volumeNameOf } from '../intent/operation.ts';
import { isReachable } from '../facts/node.ts';
import { REASON } from '../facts/names.ts';
import { afterCall } from './after-call.ts';
import { attempt } from './attempt.ts';
import { attemptInputs } from './inputs.ts';
import { chooseNode } from './node-choice.ts';
import { isKnownAs } from '../migration/plugins.ts';
import { reasonToLeave, waitsForConsumer } from '../facts/ownership.ts';
import { planForNobody, SOURCE_MISSING } from './persistent-volume.ts';
import { createStep, heldBack, journalNote, problem, RETELL_MS, secretStep } from './steps.ts';
import type { ClaimDecision, ClaimState } from './state.ts';
import type { OwnClaim } from './verify.ts';

export function decide(state: ClaimState): ClaimDecision {
  const { operation } = state.progress;
  const noSecret = state.callFailure?.kind === 'no-secret';
  if (operation.phase === 'open' && operation.unwanted !== undefined && !noSecret) return deleteUnwanted(state, operation.unwanted);
  if (state.callFailure !== undefined) return afterCall(state, state.callFailure);
  if (operation.phase === 'created') return save(state, operation);
  if (state.volume !== undefined) return volumeExists(state, state.volume);
  const own = ownClaim(state);
  if ('class' in own) return chooseNode(state, own) ?? attempt(state, own);
  if (own.wantsVolume || operation.phase !== 'open') return { kind: 'done', reason: own.reason };
  return settle(state, operation, own.reason);
}

/** The claim with its class where it is to be provisioned now, or why it is not. */
function ownClaim({ claim, class: storageClass, settings }: ClaimState):
  | OwnClaim
  | {
      readonly reason: string;
      /** It is still waiting for a volume of ours, only not now. */
      readonly wantsVolume: boolean;
    } {
  if (claim === undefined) return { reason: 'the claim is gone', wantsVolume: false };
  const reason = reasonToLeave(settings.driver, claim);
  if (reason !== undefined) return { reason, wantsVolume: false };
  // Its coming wakes the claim; no event, as in the Go program.
  if (storageClass === undefined) return { reason: 'the storage class is not found', wantsVolume: true };
  if (!isKnownAs(settings.driver, storageClass.provisioner))
    return { reason: `the storage class belongs to ${storageClass.provisioner ?? 'nobody'}`, wantsVolume: true };
  if (waitsForConsumer(claim, storageClass)) return { reason: 'no node is selected yet', wantsVolume: true };
  return { claim, class: storageClass };
}

function couldBeBound(claim: ClaimState['claim']): boolean {
  return claim !== undefined && (claim.spec?.volumeName ?? '') === '';
}

function deleteUnwanted(state: ClaimState, { handle, madeBy }: NonNullable<OpenOperation['unwanted']>): ClaimDecision {
  const { deleteFailure, unwantedHeldBy } = state;
  if (deleteFailure !== undefined) {
    const reason = orphaned(state, handle, deleteFailure);
    return { kind: 'retry', backoff: 'create-volume', reason, events: provisioningFailed(state, reason) };
  }
  if (unwantedHeldBy !== undefined) {
    return problem(state, {
      before: 'attempt',
      message: `the driver answered with volume ${handle}, which is not what the claim asks for and belongs to PersistentVolume ${unwantedHeldBy}`,
    });
  }
  const secret = secretStep(state, madeBy.secret, 'attempt');
  if (secret !== undefined) return secret;
  return { kind: 'delete-unwanted', backoff: 'create-volume', inputs: attemptInputs(state), handle };
}

/** In the Go program's words where the answer that brought the volume is of this run. */
function orphaned({ callFailure, progress }: ClaimState, handle: string, why: string): string {
  const known = callFailure?.kind === 'unfit' ? callFailure.message : undefined;
  if (known === undefined) return `volume ${handle} is not what the claim asks for, and cannot be deleted: ${why}`;
  const cleanup = known === SOURCE_MISSING ? 'cleanup' : 'Cleanup';
  return `${known}. ${cleanup} of volume ${volumeNameOf(progress.operation) ?? ''} failed, volume is orphaned: ${why}`;
}

function save(state: ClaimState, { volume }: Operation & { phase: 'created' }): ClaimDecision {
  const name = volume.metadata?.name ?? '';
  const { saveFailure, live } = state;
  const held = { backoff: 'save-volume', inputs: name } as const;
  if (saveFailure === undefined) return { kind: 'save-volume', ...held, volume, finishes: true };
  if (saveFailure.kind === 'refused')
    return { kind: 'retry', backoff: 'save-volume', reason: saveFailure.message, events: provisioningFailed(state, saveFailure.message) };
  if (live.existingVolume === undefined) return { kind: 'read-volume', ...held, name };
  return { kind: 'retry', backoff: 'save-volume', reason: `PersistentVolume ${name} came and went while it was saved` };
}

function volumeExists(state: ClaimState, volume: NonNullable<ClaimState['volume']>): ClaimDecision {
  const name = volume.metadata?.name ?? '';
  const { operation } = state.progress;
  if (volume.spec?.claimRef?.uid !== state.uid) {
    const reason = `PersistentVolume ${name} exists and belongs to another claim`;
    const wanted = state.claim !== undefined && reasonToLeave(state.settings.driver, state.claim) === undefined;
    return wanted ? problem(state, { message: reason, before: 'attempt' }) : { kind: 'done', reason };
  }
  // What the driver of this node may have made is no volume of a PV on another node.
  if (operation.phase === 'open' && operation.uncertain !== undefined && !isReachable(volume, state.settings.node))
    return settle(state, operation, 'the volume of the claim is on another node');
  if (operation.phase === 'open' && operation.uncertain !== undefined && isLate(state, operation))
    return settle(state, operation, 'the claim is gone, and its PV came after it was found missing');
  if (operation.phase === 'open')
    return { kind: 'close', backoff: 'create-volume', inputs: attemptInputs(state), before: staleNote(state, name) };
  const events = state.saved ? claimNotice(state, { reason: REASON.provisioned, message: `Successfully provisioned volume ${name}` }) : [];
  return { kind: 'done', reason: 'the volume is provisioned', events };
}

/**
 * We saw neither claim nor PV, and what we asked the driver since is open: this PV is of a POST that arrived late. Its volume may have
 * been deleted long ago, and what our call makes is another one.
 */
function isLate({ claim, progress }: ClaimState, { call }: OpenOperation): boolean {
  return claim === undefined && !progress.inherited && call === 'unknown';
}

/** The process that made the volume died before it could say so, or the entry was never true. */
function staleNote(state: ClaimState, volume: string): readonly EventNote[] {
  if (state.misfit !== undefined) {
    const message = `an entry of this claim in the journal is closed, and not acted upon: ${state.misfit}. The claim has volume ${volume}`;
    return claimWarning(state, { reason: REASON.undecided, message });
  }
  if (!state.progress.inherited) return [];
  const message = `Successfully provisioned volume ${volume}; the entry that an earlier process left in the journal is closed`;
  return claimNotice(state, { reason: REASON.provisioned, message });
}

/** Sends again what may have made a volume for a claim that wants none any more. */
function settle(state: ClaimState, { uncertain }: OpenOperation, why: string): ClaimDecision {
  const held = heldBack(state, 'settle');
  const [intent] = uncertain?.intents ?? [];
  if (intent === undefined) return { kind: 'close', ...held };
  if (state.misfit !== undefined) {
    const reason = `the entry of claim ${intent.claim.namespace}/${intent.claim.name} (uid ${state.uid}) is not acted upon: ${state.misfit}`;
    const events = journalNote(
      state,
      `${reason}. Look in the storage for volume ${intent.request.name}, and remove the entry once that is settled`,
    );
    return { kind: 'poll', backoff: 'settle', afterMs: RETELL_MS, inputs: `${held.inputs} ${state.misfit}`, reason, events };
  }
  // A PV made by what was written down, and not by its wish, would be bound to it.
  if (couldBeBound(state.claim)) {
    const reason = `${why}: what was asked for before under ${intent.request.name} is settled once the claim is gone`;
    const events = journalNote(state, `claim ${intent.claim.namespace}/${intent.claim.name} (uid ${state.uid}): ${reason}`);
    return { kind: 'poll', backoff: 'settle', afterMs: RETELL_MS, inputs: `${held.inputs} ${reason}`, reason, events };
  }
  if (state.claim === undefined && state.progress.inherited) {
    if (state.live.owner === undefined) return { kind: 'read-owner', ...held, intent };
    return { kind: 'retry', backoff: 'settle', reason: 'the claim or its volume exists, and is not in the cache yet' };
  }
  const secret = secretStep(state, intent.secret, 'settle');
  if (secret !== undefined) return secret;
  return createStep(state, intent, { plan: planForNobody(intent, state.settings.driver), purpose: 'settle' });
}
