/** The next step towards a CreateSnapshot call: checks, secret, mark, call. */
import { hasMark } from '../content-accessors.ts';
import { CAUSE } from '../failure-note.ts';
import { inputsOf } from '../inputs.ts';
import { ANNOTATION_YES, BEING_CREATED, DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE } from '../names.ts';
import { annotationsPatch } from '../object-patch.ts';
import { contentWarning } from '../regarding.ts';
import { annotatedSecret, createRequest, replayRequest } from './create-request.ts';
import { describe, refuse, withoutCredentials } from './failure.ts';
import { noteFailure } from './marks.ts';
import type { ContentNext, ContentState, DriverEffect } from './state.ts';

/**
 * `replay`: for deletion, which waits for a call that may be running. `search`: for deletion, to find what a call may
 * have made; it sets no mark, since nobody is to wait for it.
 */
export function decideCreate(state: ContentState, purpose: 'create' | 'replay' | 'search'): ContentNext {
  const { content, snapshotClass, rules } = state;
  const request = (purpose === 'create' ? createRequest : replayRequest)(content, snapshotClass, rules);
  if (!request.ok)
    return refuse(state, describe(content, 'create-snapshot', { why: request.fault, cause: request.cause ?? CAUSE.invalid }));
  const step = { kind: 'create-snapshot', backoff: 'create-snapshot', inputs: driverInputs(state) } as const;
  const secretStep = readSecret(state, 'create-snapshot');
  if (secretStep !== undefined) return secretStep;
  if (purpose !== 'search' && !hasMark(content, BEING_CREATED))
    return { ...step, action: 'mark', patch: annotationsPatch(content, { [BEING_CREATED]: ANNOTATION_YES }) };
  return { ...step, action: 'call', request: request.value, unmarked: purpose === 'search' };
}

/** The secret that the annotations name, read live by name. Undefined: there is none, or it was read in this run. */
export function readSecret(state: ContentState, effect: DriverEffect): ContentNext | undefined {
  const { content } = state;
  const secret = annotatedSecret(content);
  if (!secret.ok) {
    const told = withoutCredentials(content, effect, { words: secret.fault, more: secret.more });
    if (effect !== 'delete-snapshot') return refuse(state, { kind: 'failed', effect, cause: CAUSE.invalid, ...told });
    const events = [contentWarning(content, told.reason, told.message)];
    const again = { kind: 'retry', backoff: effect, inputs: driverInputs(state), reason: told.message, events } as const;
    return noteFailure(state, CAUSE.invalid) ?? again;
  }
  if (secret.value === undefined || state.secret !== undefined) return undefined;
  return { kind: effect, backoff: effect, action: 'read-secret', inputs: driverInputs(state), secret: secret.value };
}

/** What users and admins can change about a call. Bookkeeping (status, marks, finalizers) is not among it. */
export function driverInputs({ content, snapshotClass }: ContentState): string {
  const { uid, deletionTimestamp, annotations } = content.metadata ?? {};
  const { volumeSnapshotRef: ref, source, volumeSnapshotClassName, driver } = content.spec ?? {};
  return inputsOf(
    uid,
    deletionTimestamp,
    [ref?.namespace, ref?.name, ref?.uid],
    source,
    driver,
    volumeSnapshotClassName,
    snapshotClass?.parameters,
    annotations?.[DELETION_SECRET_NAME],
    annotations?.[DELETION_SECRET_NAMESPACE],
  );
}
