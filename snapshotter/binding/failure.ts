/** Telling the user what is wrong: one status error and one event, written again only if the words change. */
import type { EventReason } from '../../lib/controller/event-table.ts';
import { formatTime } from '../../lib/kube/time.ts';
import { type EventWords, warning } from '../../lib/sidecar/event-notes.ts';
import { type Cause, noteChange } from '../failure-note.ts';
import { inputsOf } from '../inputs.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import { FAILURE } from '../names.ts';
import { annotationsPatch, statusPatch } from '../object-patch.ts';
import { type BindingEffect, type BindingNext, type BindingState, confirmation, type Needed } from './state.ts';

type Missing = Exclude<Needed, 'snapshot'>;

export interface Failure {
  readonly reason: EventReason;
  readonly message: string;
  /** For programs. */
  readonly cause: Cause;
  /** Told before it, by an event alone. */
  readonly also?: EventWords;
  /** False: whatever the status says of readiness stays. */
  readonly keepsReady?: boolean;
}

/**
 * Writes the failure; once it stands there, rests until something that the snapshot depends on changes.
 * Nothing polls: every missing thing is watched.
 */
export function fail<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>, failure: Failure): BindingNext<C> {
  return report(state, failure) ?? noteFailure(state, failure.cause) ?? { kind: 'done', reason: `waits for a change: ${failure.message}` };
}

/** Something was not found. Caches lag, so it is read live once a run before anybody is told that it is missing. */
export function failMissing<S extends SnapshotObject, C extends ContentObject>(
  state: BindingState<S, C>,
  needed: Missing,
  { name, ...failure }: Failure & { readonly name: string },
): BindingNext<C> {
  return (isTold(state.snapshot, failure) ? undefined : confirm(state, needed, name)) ?? fail(state, failure);
}

export function confirm<S extends SnapshotObject, C extends ContentObject>(
  state: BindingState<S, C>,
  needed: Missing,
  name: string,
): BindingEffect<C> | undefined {
  // An empty selector is one, too: it selects everything.
  if (state.confirmed.has(confirmation(needed, name)) || (name === '' && needed !== 'selection')) return undefined;
  return { kind: 'confirm', action: confirmation(needed, name), backoff: 'confirm', inputs: confirmInputs(state), needed, name };
}

/** Shared by all live reads of a snapshot, so that one that succeeds does not bring forward another that failed. */
function confirmInputs<S extends SnapshotObject, C extends ContentObject>({ kind, snapshot }: BindingState<S, C>): string {
  const { metadata, spec } = snapshot as S & { spec?: unknown };
  return inputsOf(metadata?.uid, spec, kind.boundNameOf(snapshot), metadata?.deletionTimestamp !== undefined);
}

/** Undefined where the status says it already. The same words are not written twice, whatever the time. */
export function report<S extends SnapshotObject, C extends ContentObject>(
  { snapshot, now, kind }: BindingState<S, C>,
  failure: Omit<Failure, 'cause'>,
): BindingEffect<C> | undefined {
  if (isTold(snapshot, failure)) return undefined;
  const changes = {
    error: { time: formatTime(now), message: failure.message },
    ...(failure.keepsReady === true ? {} : { readyToUse: false }),
  };
  return {
    kind: 'write-error',
    backoff: 'write-error',
    inputs: inputsOf(snapshot.metadata?.uid, failure.message),
    patch: statusPatch(snapshot, snapshot.status, changes),
    before: [...(failure.also === undefined ? [] : [failure.also]), failure].map(({ reason, message }) =>
      warning(kind.snapshots, snapshot, { reason, message }),
    ),
  };
}

/** Undefined where it is noted so. `cause` undefined: it does not fail. */
export function noteFailure<S extends SnapshotObject, C extends ContentObject>(
  { snapshot, now }: BindingState<S, C>,
  cause: (Cause & { readonly since?: string }) | undefined,
): BindingEffect<C> | undefined {
  const note = noteChange(snapshot, cause, now);
  if (note === undefined) return undefined;
  const inputs = inputsOf(snapshot.metadata?.uid, cause?.code, cause?.retryable);
  return { kind: 'note-failure', backoff: 'note-failure', inputs, patch: annotationsPatch(snapshot, { [FAILURE]: note }) };
}

export function isTold({ status }: SnapshotObject, { message, keepsReady }: Omit<Failure, 'cause'>): boolean {
  return status?.error?.message === message && (keepsReady === true || status.readyToUse === false);
}
