/** Steps that more than one part of the decision takes, with the events that go with them. */
import type { EventNote } from '../../lib/controller/step.ts';
import { REASON } from '../names.ts';
import { callInputs } from './inputs.ts';
import { digest } from './intent.ts';
import type { Intent } from './intent.ts';
import { classNameOf } from './ownership.ts';
import type { ClaimDecision, ClaimState, CreateVolumeStep } from './state.ts';

/** Nothing for a claim that is gone: nobody would find it. */
export function note(state: ClaimState, { type, reason, message }: Omit<EventNote, 'regarding'>): readonly EventNote[] {
  if (state.claim === undefined) return [];
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = state.claim.metadata ?? {};
  const regarding = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace, uid, resourceVersion } };
  return [{ type, reason, message, regarding }];
}

export function failureNote(state: ClaimState, message: string): readonly EventNote[] {
  const className = (state.claim === undefined ? undefined : classNameOf(state.claim)) ?? '';
  return note(state, {
    type: 'Warning',
    reason: REASON.failed,
    message: `failed to provision volume with StorageClass "${className}": ${message}`,
  });
}

export interface Problem {
  readonly message: string;
  readonly type?: 'Normal';
  /** Nothing of ours will change it: wait for an event. */
  readonly final?: boolean;
}

/**
 * Something stands in the way. It is told where the user looks, at the pace of the back-off and not at the
 * pace of events: after a live read the read is held back, else the telling itself is.
 */
export function problem(state: ClaimState, { message, type, final }: Problem): ClaimDecision {
  const events = type === undefined ? failureNote(state, message) : note(state, { type, reason: REASON.provisioning, message });
  if (state.door !== undefined) return { kind: 'retry', backoff: state.door, reason: message, events };
  if (state.reported !== message)
    return { kind: 'report', backoff: 'report', inputs: digest(message + callInputs(state)), message, after: events };
  // A rest without a further look would forget that this was told, and tell it again at every event.
  return final === true
    ? { kind: 'poll', backoff: 'report', afterMs: RETELL_MS, reason: message }
    : { kind: 'retry', backoff: 'report', reason: message };
}

/** Events live an hour; what nobody can change is told again as often. */
const RETELL_MS = 60 * 60_000;

export function createStep(state: ClaimState, intent: Intent): CreateVolumeStep {
  const { namespace, name } = intent.claim;
  return {
    kind: 'create-volume',
    backoff: 'create-volume',
    inputs: callInputs(state),
    intent,
    before: note(state, {
      type: 'Normal',
      reason: REASON.provisioning,
      message: `External provisioner is provisioning volume for claim "${namespace}/${name}"`,
    }),
  };
}

export function dropRecord(state: ClaimState, before: readonly EventNote[] = []): ClaimDecision {
  if (state.lateRecordMs > 0) {
    const reason = 'the record stands until no other POST of it can be under way';
    return { kind: 'poll', backoff: 'drop-record', afterMs: state.lateRecordMs, reason, events: before };
  }
  return { kind: 'drop-record', backoff: 'drop-record', inputs: state.uid, lease: state.record?.lease ?? state.unreadable?.lease, before };
}

/** Another node: the volume certainly does not exist, so the record goes first and the scheduler chooses anew. */
export function reschedule(state: ClaimState, why: string): ClaimDecision {
  if (state.record !== undefined) return dropRecord(state);
  if (state.rescheduled || state.claim === undefined) return { kind: 'done', reason: `another node has to be chosen: ${why}` };
  return { kind: 'reschedule', backoff: 'reschedule', inputs: callInputs(state), claim: state.claim, after: failureNote(state, why) };
}
