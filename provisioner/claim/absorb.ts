/** Folds an answer into the state of the run. Pure. */
import type { ClaimAnswer, ClaimState, ClaimStep } from './state.ts';

export function absorb(state: ClaimState, step: ClaimStep, answer: ClaimAnswer): ClaimState {
  const { live } = state;
  switch (answer.kind) {
    case 'min-version':
      return { ...state, minVersion: answer.version };
    case 'claim':
      return { ...state, claim: answer.claim, progress: answer.progress };
    case 'owner':
      return { ...state, live: { ...live, owner: { object: answer.object } }, progress: answer.progress };
    case 'snapshot':
      return { ...state, live: { ...live, snapshot: { object: answer.object } } };
    case 'content':
      return { ...state, live: { ...live, content: { name: answer.name, object: answer.object } } };
    case 'attributes-class':
      return { ...state, live: { ...live, attributesClass: { object: answer.object } } };
    case 'secret':
      return { ...state, secret: answer.secret, progress: answer.progress };
    case 'no-secret':
      return { ...state, callFailure: answer.failure, progress: answer.progress };
    case 'protected':
      return { ...state, protectedSource: true, progress: answer.progress };
    case 'unprotected':
      return { ...state, source: answer.source, progress: answer.progress };
    case 'written':
    case 'closed':
      return { ...state, progress: answer.progress };
    case 'called': {
      const isRecovery = step.kind === 'create-volume' && step.purpose === 'recover';
      return { ...state, callFailure: answer.failure, recovered: state.recovered + (isRecovery ? 1 : 0), progress: answer.progress };
    }
    case 'deleted':
      return { ...state, deleteFailure: answer.failure, progress: answer.progress };
    case 'saved':
      return { ...state, volume: answer.volume, saved: true, progress: answer.progress };
    case 'save-failed':
      return { ...state, saveFailure: answer.failure };
    case 'existing-volume':
      return {
        ...state,
        live: { ...live, existingVolume: { object: answer.object } },
        volume: answer.object,
        progress: answer.progress,
      };
    case 'wait':
      return { ...state, nodeWaitMs: answer.waitMs, progress: answer.progress };
    case 'room':
      return { ...state, room: answer.room };
    case 'node-selected':
      return { ...state, claim: answer.claim, progress: answer.progress };
    case 'rescheduled':
      return { ...state, claim: answer.claim, rescheduled: true, callFailure: undefined };
    default:
      return answer satisfies never;
  }
}
