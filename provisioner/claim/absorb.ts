/** Folds an answer into the state of the run. Pure. */
import { readIntent } from './intent.ts';
import type { ClaimAnswer, ClaimState, ClaimStep, LiveRead } from './state.ts';

export function absorb(state: ClaimState, step: ClaimStep, answer: ClaimAnswer): ClaimState {
  const { live } = state;
  switch (answer.kind) {
    case 'floor':
      return { ...state, floor: answer.floor };
    case 'claim':
      return { ...state, claim: answer.claim, memory: answer.memory };
    case 'record': {
      const without = { ...state, memory: answer.memory, record: undefined, unreadable: undefined };
      if (answer.lease === undefined) return without;
      const { uid = '', resourceVersion = '' } = answer.lease.metadata ?? {};
      const read = readIntent(answer.lease);
      const lease = { uid, resourceVersion };
      return read.kind === 'intent'
        ? { ...without, record: { intent: read.intent, lease } }
        : { ...without, unreadable: { message: read.message, lease } };
    }
    case 'snapshot':
      return { ...state, live: { ...live, snapshot: { object: answer.object } }, door: door(state, 'read-snapshot') };
    case 'content':
      return { ...state, live: { ...live, content: { object: answer.object } }, door: door(state, 'read-content') };
    case 'attributes-class':
      return { ...state, live: { ...live, attributesClass: { object: answer.object } }, door: door(state, 'read-attributes-class') };
    case 'protected':
      return { ...state, protectedSource: true, memory: answer.memory };
    case 'unprotected':
      return { ...state, source: answer.source, memory: answer.memory };
    case 'recorded': {
      const { uid = '', resourceVersion = '' } = answer.lease?.metadata ?? {};
      const lease = answer.lease === undefined ? undefined : { uid, resourceVersion };
      return { ...state, record: { intent: answer.intent, lease }, durable: lease !== undefined, memory: answer.memory };
    }
    case 'called':
      return { ...state, callFailure: answer.failure, memory: answer.memory };
    case 'saved':
      return {
        ...state,
        volume: answer.volume,
        saved: true,
        memory: answer.memory,
        record: state.record?.lease === undefined ? undefined : state.record,
      };
    case 'save-failed':
      return { ...state, saveFailure: answer.failure };
    case 'obstacle':
      return {
        ...state,
        live: { ...live, obstacle: { object: answer.object } },
        memory: answer.memory,
        volume: answer.object,
      };
    case 'dropped':
      return { ...state, record: undefined, unreadable: undefined, saved: false, memory: answer.memory };
    case 'rescheduled':
      return { ...state, claim: answer.claim, rescheduled: true };
    case 'reported':
      return { ...state, reported: step.kind === 'report' ? step.message : undefined };
    case 'lease-stale':
      return { ...state, leaseStale: true };
    default:
      return answer satisfies never;
  }
}

function door({ door: first }: ClaimState, read: LiveRead): LiveRead {
  return first ?? read;
}
