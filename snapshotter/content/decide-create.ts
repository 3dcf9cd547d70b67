/** The next step towards a call that makes a snapshot or a group: checks, secret, mark, call. */
import { hasMark } from '../content-accessors.ts';
import { CAUSE } from '../failure-note.ts';
import { ANNOTATION_YES } from '../names.ts';
import { annotationsPatch } from '../object-patch.ts';
import { callInputs } from './call-inputs.ts';
import { annotatedSecret, createRequest, replayRequest } from './create-request.ts';
import { contentEvent, describe, refuse, withoutCredentials } from './failure.ts';
import type { Content } from './kind.ts';
import { noteFailure } from './marks.ts';
import type { ContentNext, ContentState, DriverEffect, DriverFailure, Purpose } from './state.ts';

/** A search sets no mark: nobody is to wait for it. */
export function decideCreate<C extends Content>(state: ContentState<C>, purpose: Purpose): ContentNext {
  const { kind, content } = state;
  const request = (purpose === 'create' ? createRequest : replayRequest)(state);
  if (!request.ok) return refuse(state, describe(state, 'create-snapshot', { why: request.fault, cause: request.cause ?? CAUSE.invalid }));
  const step = { kind: 'create-snapshot', backoff: 'create-snapshot', inputs: callInputs(state, 'create-snapshot') } as const;
  const secretStep = readSecret(state, 'create-snapshot');
  if (secretStep !== undefined) return secretStep;
  if (purpose !== 'search' && !hasMark(content, kind.beingCreated))
    return { ...step, action: 'mark', patch: annotationsPatch(content, { [kind.beingCreated]: ANNOTATION_YES }) };
  return { ...step, action: 'call', request: request.value, purpose };
}

/** The secret that the annotations name, read live by name. Undefined: there is none, or it was read in this run. */
export function readSecret<C extends Content>(state: ContentState<C>, effect: DriverEffect): ContentNext | undefined {
  const secret = annotatedSecret(state);
  if (!secret.ok) {
    const told = withoutCredentials(state, effect, { words: secret.fault, more: secret.more });
    const failure = { kind: 'failed', effect, cause: CAUSE.invalid, ...told } as const;
    return effect === 'delete-snapshot' ? tellAndRetry(state, failure) : refuse(state, failure);
  }
  if (secret.value === undefined || state.secret !== undefined) return undefined;
  return { kind: effect, backoff: effect, action: 'read-secret', inputs: callInputs(state, effect), secret: secret.value };
}

/** Noted once, and told by an event at each attempt: a status stays as it is. */
export function tellAndRetry<C extends Content>(state: ContentState<C>, failure: DriverFailure): ContentNext {
  const { effect, reason, message, cause } = failure;
  const events = [contentEvent(state, reason, message)];
  const again = { kind: 'retry', backoff: effect, inputs: callInputs(state, effect), reason: message, events } as const;
  return noteFailure(state, cause) ?? again;
}
