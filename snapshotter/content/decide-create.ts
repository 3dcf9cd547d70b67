/** The next step towards a CreateSnapshot call: checks, secret, mark, call. Also for replays that only serve deletion. */
import type { Rest } from '../../lib/controller/step.ts';
import { hasMark } from '../content-facts.ts';
import { inputsOf } from '../inputs.ts';
import { ANNOTATION_YES, BEING_CREATED, DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE } from '../names.ts';
import { annotationPatch } from '../object-patch.ts';
import { annotatedSecret, createRequest, replayRequest } from './create-request.ts';
import { messageOf, refuse } from './failure.ts';
import type { ContentEffect, ContentState, DriverEffect } from './state.ts';

export function decideCreate(state: ContentState, purpose: 'create' | 'replay' = 'create'): ContentEffect | Rest {
  const { content, snapshotClass, rules } = state;
  const request = (purpose === 'replay' ? replayRequest : createRequest)(content, snapshotClass, rules);
  if (!request.ok) return refuse(state, { effect: 'create-snapshot', message: messageOf['create-snapshot'](content, request.fault) });
  const inputs = driverInputs(state);
  const secretStep = readSecret(state, 'create-snapshot');
  if (secretStep !== undefined) return secretStep;
  if (!hasMark(content, BEING_CREATED))
    return {
      kind: 'create-snapshot',
      backoff: 'create-snapshot',
      action: 'mark',
      inputs,
      patch: annotationPatch(content, BEING_CREATED, ANNOTATION_YES),
      doubtful: purpose === 'replay',
    };
  return { kind: 'create-snapshot', backoff: 'create-snapshot', action: 'call', inputs, request: request.value };
}

/** The secret that the annotations name, read live by name. Undefined: there is none, or it was read in this run. */
export function readSecret(state: ContentState, effect: DriverEffect): ContentEffect | Rest | undefined {
  const { content } = state;
  const secret = annotatedSecret(content);
  if (!secret.ok) return refuse(state, { effect, message: messageOf[effect](content, secret.fault) });
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
