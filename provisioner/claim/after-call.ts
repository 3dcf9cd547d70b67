/**
 * What a call of the driver without a volume means for the claim: always what the Go program makes of that very
 * answer. What may be left of earlier calls is on the account, which decides nothing here.
 */
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { sameIntent } from '../intent/intent.ts';
import { isSource } from '../facts/data-source.ts';
import { reasonToLeave } from '../facts/ownership.ts';
import { words } from '../facts/peer-words.ts';
import { planForNobody } from './persistent-volume.ts';
import { attemptFailed, createStep, heldBack, journalNote, reschedule, secretStep } from './steps.ts';
import type { CallFailure, ClaimDecision, ClaimState } from './state.ts';

/** From then on an administrator is told of what stays undecided for a claim that is gone. */
const LONG_MS = 10 * 60_000;

/** Where no earlier request is known that may have made the volume. */
const NAME_TAKEN =
  'nothing here tells of the request that made it, as after the restore of a backup: delete that volume in the storage if nobody needs it, or create the claim anew';

export function afterCall(state: ClaimState, failure: CallFailure): ClaimDecision {
  if (failure.purpose === 'settle') return afterSettling(state, failure);
  const claim = state.claim;
  if (claim === undefined || reasonToLeave(state.settings.driver, claim) !== undefined) {
    if (state.progress.operation.phase !== 'open') return { kind: 'done', reason: 'the claim left while its volume was asked for' };
    // What may have been made is settled from here on.
    return { kind: 'retry', backoff: 'settle', inputs: heldBack(state, 'settle').inputs, reason: failure.message };
  }
  if (failure.kind === 'refused' && (failure.outcome === 'reschedule' || isElsewhere(state, failure)))
    return reschedule(state, failure.message);
  const recovery = recover(state, failure);
  if (recovery !== undefined) return recovery;
  const message = wordsOf(failure);
  return {
    kind: 'retry',
    backoff: 'create-volume',
    reason: message,
    events: attemptFailed(state, message),
    ...(isInfeasible(failure) ? { atLeastMs: state.settings.retryMaxMs } : {}),
  };
}

/** What the user is told of it. */
function wordsOf(failure: CallFailure): string {
  if (isInfeasible(failure)) return `Volume provisioning failed with infeasible error. Retries will be delayed. ${failure.message}`;
  return isNameTaken(failure) ? words(failure.message, NAME_TAKEN) : failure.message;
}

/**
 * The driver knows the name under other properties: an earlier, undecided request of this claim made it. That
 * request is sent again to learn which volume it is, so that it can be deleted.
 */
function recover(state: ClaimState, failure: CallFailure): ClaimDecision | undefined {
  const { operation } = state.progress;
  if (!isNameTaken(failure)) return undefined;
  if (operation.phase !== 'open' || state.misfit !== undefined) return undefined;
  // In turn: the driver knows one of them at most.
  const earlier = operation.uncertain?.intents.filter((intent) => !sameIntent(intent, operation.intent))[state.recovered];
  if (earlier === undefined) return undefined;
  return (
    secretStep(state, earlier.secret, 'recover') ??
    createStep(state, earlier, { plan: planForNobody(earlier, state.settings.driver), purpose: 'recover' })
  );
}

function afterSettling(state: ClaimState, { message }: CallFailure): ClaimDecision {
  const { operation } = state.progress;
  if (operation.phase !== 'open') return { kind: 'done', reason: 'the claim is gone, and there is no volume' };
  const [intent] = operation.uncertain?.intents ?? [];
  const { namespace = '', name = '' } = intent?.claim ?? {};
  const isLong = operation.uncertain !== undefined && state.now - operation.uncertain.sinceMs >= LONG_MS;
  const events = isLong
    ? journalNote(
        state,
        `volume ${intent?.request.name ?? ''} of claim ${namespace}/${name}, which is gone, may exist in the storage and is asked for until the driver decides: ${message}`,
      )
    : [];
  return { kind: 'retry', backoff: 'settle', reason: message, events };
}

/** This node's driver does not know the source: it is on another node. */
function isElsewhere({ settings, dataSource }: ClaimState, failure: CallFailure): boolean {
  return settings.node !== undefined && isSource(dataSource) && failure.kind === 'refused' && failure.grpcCode === GrpcCode.NOT_FOUND;
}

/** The driver has a volume of this name that was made by another request. */
function isNameTaken(failure: CallFailure): boolean {
  return failure.kind === 'refused' && failure.grpcCode === GrpcCode.ALREADY_EXISTS;
}

/** The driver says that the claim itself is wrong: asking again soon helps nobody. */
function isInfeasible(failure: CallFailure): boolean {
  return failure.kind === 'refused' && failure.grpcCode === GrpcCode.INVALID_ARGUMENT;
}
