/**
 * What a CreateVolume without a volume means for the claim (peer facts 1.5, 1.6; design: "unknown never lets
 * go"). While the outcome is unknown only the same call is made again. Once it is certain that there is no
 * volume: the next attempt starts over, or another node is chosen, or the record of a claim that is gone goes.
 */
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { reasonToLeave } from './ownership.ts';
import { dropRecord, failureNote, reschedule } from './steps.ts';
import type { CallFailure, ClaimDecision, ClaimState } from './state.ts';

export function afterCall(state: ClaimState, failure: CallFailure): ClaimDecision {
  const open = state.memory.doubt !== undefined;
  if (!open && failure.kind !== 'unfit') {
    if (state.rescheduled) return { kind: 'done', reason: 'another node has to be chosen' };
    // A claim that left while the call ran, or with whom it cannot be tried again: the case is closed.
    if (state.claim === undefined || reasonToLeave(state.settings.driver, state.claim) !== undefined) return closed(state);
    if (failure.kind === 'refused' && failure.outcome === 'reschedule') return reschedule(state, failure.message);
  }
  const message = textOf(failure);
  return {
    kind: 'retry',
    // The attempt after a closed case begins with its first live read, the one of an open case with the call.
    backoff: open ? 'create-volume' : (state.door ?? 'create-volume'),
    reason: message,
    events: failureNote(state, message),
    ...(isInfeasible(failure) && !open ? { atLeastMs: state.settings.retryMaxMs } : {}),
  };
}

function closed(state: ClaimState): ClaimDecision {
  return state.record === undefined ? { kind: 'done', reason: 'the claim is gone, and there is no volume' } : dropRecord(state);
}

/** The driver says that the claim itself is wrong: asking again soon helps nobody. */
function isInfeasible(failure: CallFailure): boolean {
  return failure.kind === 'refused' && failure.grpcCode === GrpcCode.INVALID_ARGUMENT;
}

function textOf(failure: CallFailure): string {
  if (failure.kind !== 'refused') return failure.message;
  if (failure.gaveUp)
    return `${failure.message} (the same answer for ten minutes after a call without one: the volume is taken not to exist)`;
  return isInfeasible(failure) ? `${failure.message} (it will not help to ask again soon: retries are delayed)` : failure.message;
}
