/** Steps that more than one part of the decision takes, with the events that go with them. */
import type { EventNote, Rest } from '../../lib/controller/step.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { claimNotice, provisioningFailed } from '../facts/claim-events.ts';
import type { Intent } from '../intent/intent.ts';
import { REASON } from '../facts/names.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import { attemptInputs } from './inputs.ts';
import type { CallPurpose, ClaimBackoff, ClaimDecision, ClaimState, ClaimStep } from './state.ts';

/** For administrators, where the claim is gone: on the Lease that holds the journal. */
export function journalNote({ settings: { journal } }: ClaimState, message: string): readonly EventNote[] {
  const regarding = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...journal } };
  return [{ type: 'Warning', reason: REASON.undecided, message, regarding }];
}

export interface Problem {
  readonly message: string;
  readonly type?: 'Normal';
  /** Nothing of ours will change it: wait for an event. */
  readonly final?: boolean;
  /** It is found before any attempt. */
  readonly before?: 'attempt';
}

/** Events live an hour; what only an administrator can change is told again as often. */
export const RETELL_MS = 60 * 60_000;

/** Told once at every attempt, before anything that becomes of it. */
function attemptBegins({ claim }: ClaimState): readonly EventNote[] {
  const { namespace = '', name = '' } = claim?.metadata ?? {};
  const message = `External provisioner is provisioning volume for claim "${namespace}/${name}"`;
  return claimNotice({ claim }, { reason: REASON.provisioning, message });
}

/** What is told of an attempt that failed. */
export function attemptFailed(state: ClaimState, why: string): readonly EventNote[] {
  const { callFailure } = state;
  // Told before the call, where there was one.
  const wasCalled = callFailure !== undefined && callFailure.kind !== 'no-secret';
  return [...(wasCalled ? [] : attemptBegins(state)), ...provisioningFailed(state, why)];
}

/**
 * Something stands in the way. It is told where the user looks, at the pace of the back-off and not at the pace of
 * events: after a live read the attempt as a whole is held back, else only the telling is, so that whatever
 * mends it brings the attempt at once.
 */
export function problem(state: ClaimState, { message, type, final, before }: Problem): Rest<ClaimBackoff> {
  const told =
    type === undefined
      ? provisioningFailed(state, message)
      : claimNotice(state, { reason: REASON.provisioning, message, component: 'external-provisioner' });
  const events = before === 'attempt' ? told : [...attemptBegins(state), ...told];
  if (hasRead(state)) return { kind: 'retry', backoff: 'create-volume', reason: message, events };
  const inputs = `${message} ${attemptInputs(state)}`;
  return final === true
    ? { kind: 'poll', backoff: 'report', afterMs: RETELL_MS, inputs, reason: message, events }
    : { kind: 'retry', backoff: 'report', inputs, reason: message, events };
}

function hasRead({ live, secret, protectedSource }: ClaimState): boolean {
  return Object.keys(live).length > 0 || secret !== undefined || protectedSource;
}

/** The secret that the request needs, read by name in this run. */
export function secretStep(
  state: ClaimState,
  secret: SecretName | undefined,
  purpose: CallPurpose,
): (ClaimStep & { kind: 'read-secret' }) | undefined {
  if (secret === undefined) return undefined;
  const { of } = state.secret ?? {};
  if (of?.name === secret.name && of.namespace === secret.namespace) return undefined;
  return { kind: 'read-secret', ...heldBack(state, purpose), secret, purpose };
}

export function createStep(
  state: ClaimState,
  intent: Intent,
  { plan, purpose, notes = [] }: { readonly plan: PersistentVolume; readonly purpose: CallPurpose; readonly notes?: readonly EventNote[] },
): ClaimStep {
  return {
    kind: 'create-volume',
    ...heldBack(state, purpose),
    intent,
    plan,
    purpose,
    before: purpose === 'attempt' ? [...attemptBegins(state), ...notes] : [],
  };
}

/** What is done for the account has a back-off of its own. */
export function heldBack(state: ClaimState, purpose: CallPurpose): { readonly backoff: ClaimBackoff; readonly inputs: string } {
  return purpose === 'settle'
    ? { backoff: 'settle', inputs: `settle ${state.uid}` }
    : { backoff: 'create-volume', inputs: attemptInputs(state) };
}

/** Another node: the scheduler chooses anew. What an undecided call may have made on this one is settled behind the user's back. */
export function reschedule(state: ClaimState, why: string): ClaimDecision {
  if (state.rescheduled || state.claim === undefined) return { kind: 'done', reason: `another node has to be chosen: ${why}` };
  return {
    kind: 'reschedule',
    backoff: 'create-volume',
    inputs: attemptInputs(state),
    claim: state.claim,
    before: attemptFailed(state, why),
  };
}
