/**
 * The loop of a VolumeSnapshot, and of a VolumeGroupSnapshot: from its claims to a content, from the content's status to
 * its own. What differs between the two kinds is in `state.kind`.
 *
 * Invariants
 * - Nothing is made before the snapshot carries its finalizers, and no content is posted before the claims
 *   carry theirs: a delete cannot slip in between.
 * - A content is deleted only for a snapshot that is being deleted, that it names by uid, and by the policy of
 *   the content itself.
 * - A snapshot that was ready (or made) and lost its content is never made again: it would be another moment in
 *   time under the old name.
 * - A snapshot that belongs to a group is made by the group, and goes with it.
 */
import type { EventNote } from '../../lib/controller/step.ts';
import { keyOf } from '../../lib/controller/store.ts';
import { isDeleting, text } from '../content-accessors.ts';
import { CAUSE, type FailureNote, readNote } from '../failure-note.ts';
import { inputsOf } from '../inputs.ts';
import { expectedContentName, refersTo } from '../kinds/accessors.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import { notice } from '../../lib/sidecar/event-notes.ts';
import { addOperations, testUid } from '../../lib/sidecar/finalizers.ts';
import { statusPatch } from '../object-patch.ts';
import { statusCopy } from '../snapshot-status.ts';
import { checkDynamic, checkGiven } from './bind-check.ts';
import { createInputs, decideCreation, decideNamedClass, decideRefused } from './decide-creation.ts';
import { decideDeletion } from './decide-deletion.ts';
import { decideMember, takeOwner } from './decide-member.ts';
import { fail, failMissing, type Failure, noteFailure } from './failure.ts';
import { protectSnapshot } from './protection.ts';
import type { BindingEffect, BindingNext, BindingState } from './state.ts';

/** How long a bound name waits for the driver's first answer, and for a group's members, so that one write holds all of it. */
const NEWS_WAIT_MS = 1000;

export function decide<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> {
  const { kind, snapshot } = state;
  if (state.gone) return { kind: 'done', reason: 'the snapshot is gone' };
  if (text(snapshot.metadata?.uid) === undefined) return { kind: 'done', reason: 'an object without a uid' };
  const groupStep = decideMember(state);
  if (groupStep !== undefined) return finishMember(state) ?? groupStep;
  if (isDeleting(snapshot)) return decideDeletion(state);
  if (state.refusal !== undefined) return decideRefused(state, state.refusal);
  if (snapshot.status?.readyToUse === true && kind.boundNameOf(snapshot) !== undefined) return decideReady(state);
  // What its group has made of it is all that it will be made of.
  if (state.membership?.proof === 'yes' && kind.sourceOf(snapshot).kind !== 'content') return decideMade(state);
  switch (kind.sourceOf(snapshot).kind) {
    case 'claims':
      return decideDynamic(state);
    case 'content':
      return decideGiven(state);
    default:
      return fail(state, { reason: kind.reasons.validation, message: kind.words.invalidSource, cause: CAUSE.invalid });
  }
}

function decideReady<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> {
  const { kind, snapshot, content } = state;
  if (content === undefined) return failLost(state);
  if (!refersTo(kind, content, snapshot)) return fail(state, notReferredTo(state, content));
  return (
    protectSnapshot(state, content.spec?.deletionPolicy) ??
    clearError(state, content) ??
    nameGroup(state, content) ??
    takeOwner(state) ??
    noteFailure(state, undefined) ?? { kind: 'done', reason: 'ready' }
  );
}

/** An error that was written while our cache lagged, beside the news that all is well. */
function clearError<S extends SnapshotObject, C extends ContentObject>(
  { snapshot }: BindingState<S, C>,
  content: C,
): BindingEffect<C> | undefined {
  const told = snapshot.status?.error ?? undefined;
  if (told === undefined || content.status?.readyToUse !== true) return undefined;
  const patch = statusPatch(snapshot, snapshot.status, { error: null });
  return {
    kind: 'write-status',
    backoff: 'write-status',
    inputs: inputsOf(snapshot.metadata?.uid, told.message),
    patch,
  };
}

/** The driver may say late, or the group may be bound late, that a pre-provisioned snapshot belongs to a group. */
function nameGroup<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>, content: C): BindingEffect<C> | undefined {
  if (state.groupName === undefined) return undefined;
  const step = copyStatus(state, content);
  return step.kind === 'write-status' ? step : undefined;
}

function decideDynamic<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> {
  const { kind, snapshot, content } = state;
  if (content === undefined) return wasCut(state) ? failLost(state) : decideCreation(state);
  const failure = checkDynamic({ kind, snapshot, content });
  if (failure !== undefined) return fail(state, failure);
  return protectSnapshot(state, content.spec?.deletionPolicy) ?? copyStatus(state, content);
}

function decideMade<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> {
  const { kind, snapshot, content } = state;
  if (content === undefined) return failLost(state);
  if (!refersTo(kind, content, snapshot)) return fail(state, notReferredTo(state, content));
  return protectSnapshot(state, content.spec?.deletionPolicy) ?? copyStatus(state, content);
}

function decideGiven<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> {
  const { kind, snapshot, content } = state;
  const name = expectedContentName(kind, snapshot) ?? '';
  if (content === undefined)
    return failMissing(state, 'content', {
      name,
      reason: kind.reasons.missingContent,
      message: kind.words.missing(name),
      cause: CAUSE.missing,
    });
  const failure = checkGiven({ kind, snapshot, content });
  if (failure !== undefined) return fail(state, failure);
  const patch = bindPatch(state, content);
  if (patch === undefined) return protectSnapshot(state, content.spec?.deletionPolicy) ?? copyStatus(state, content);
  // The class is asked for only while the pair is being made: a class deleted later hurts nobody.
  const bound = refersTo(kind, content, snapshot);
  const classStep = bound ? undefined : decideNamedClass(state);
  return (
    classStep ??
    protectSnapshot(state, content.spec?.deletionPolicy) ?? {
      kind: 'bind-content',
      backoff: 'bind-content',
      inputs: createInputs(state),
      patch,
    }
  );
}

/** One that is deleted while it is being made is made all the same: its group waits for that, and it waits for its group. */
function finishMember<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> | undefined {
  const { kind, snapshot, content, membership } = state;
  if (!isDeleting(snapshot) || membership?.proof !== 'yes' || membership.group !== 'there') return undefined;
  if (content === undefined || !refersTo(kind, content, snapshot) || !kind.hasHandle(content)) return undefined;
  const step = copyStatus(state, content);
  return step.kind === 'write-status' ? step : undefined;
}

/** True once the snapshot had a moment in time (or is already told to have lost it). */
function wasCut<S extends SnapshotObject, C extends ContentObject>({ kind, snapshot }: BindingState<S, C>): boolean {
  const bound = kind.boundNameOf(snapshot);
  if (bound === undefined) return false;
  const { status } = snapshot;
  return text(status?.creationTime) !== undefined || status?.readyToUse === true || status?.error?.message === kind.words.lost(bound);
}

function failLost<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> {
  const { kind, snapshot } = state;
  const bound = kind.boundNameOf(snapshot) ?? '';
  const isReady = snapshot.status?.readyToUse === true;
  const name = isReady || state.membership !== undefined ? bound : (expectedContentName(kind, snapshot) ?? '');
  return failMissing(state, 'content', { name, reason: kind.reasons.missingContent, message: kind.words.lost(bound), cause: CAUSE.lost });
}

function notReferredTo<S extends SnapshotObject, C extends ContentObject>({ kind }: BindingState<S, C>, { metadata }: C): Failure {
  return { reason: kind.reasons.misbound, message: kind.words.notReferredTo(metadata?.name ?? ''), cause: CAUSE.inTheWay };
}

/** The content is given our uid, our class where it has none, and its finalizer, in one write. */
function bindPatch<S extends SnapshotObject, C extends ContentObject>(
  { kind, snapshot }: BindingState<S, C>,
  content: C,
): (BindingEffect & { kind: 'bind-content' })['patch'] | undefined {
  const reference = kind.referenceOf(content);
  const className = kind.classNameOf(snapshot);
  const takesUid = text(reference?.uid) === undefined;
  const takesClass = className !== undefined && kind.classNameOf(content) === undefined;
  if (!takesUid && !takesClass) return undefined;
  const path = `/spec/${kind.fields.reference}`;
  return {
    type: 'json',
    operations: [
      testUid(content),
      // Whoever changed the reference meanwhile (an admin, another snapshot of this name) wins.
      { op: 'test', path, value: reference },
      ...(takesUid ? [{ op: 'add' as const, path: `${path}/uid`, value: snapshot.metadata?.uid ?? '' }] : []),
      ...(takesClass ? [{ op: 'add' as const, path: `/spec/${kind.fields.className}`, value: className }] : []),
      ...(isDeleting(content) ? [] : addOperations(content, [kind.contentProtection])),
    ],
  };
}

function copyStatus<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>, content: C): BindingNext<C> {
  const { kind, snapshot, groupName, members } = state;
  const copy = statusCopy({ kind, snapshot, content, groupName, isIncomplete: members.unmade.length > 0 });
  if (copy === undefined) return noteFailure(state, failureOf(content)) ?? { kind: 'done', reason: 'waits for the content' };
  const patch = statusPatch(snapshot, snapshot.status, copy.changes);
  // The post may have been refused, which is an answer too: only a run that has the content says so.
  const news = state.posted ? [noticeOf(state, 'creating')] : [];
  if (copy.nameOnly) {
    if (state.posted)
      return { kind: 'poll', backoff: 'create-content', afterMs: NEWS_WAIT_MS, reason: 'the driver may answer in a moment', events: news };
    return { kind: 'create-content', backoff: 'create-content', action: 'note-name', inputs: createInputs(state), patch };
  }
  // Members are made in a moment, and one write then says that, too.
  const isNearlyReady = content.status?.readyToUse === true && members.unmade.length > 0;
  return {
    kind: 'write-status',
    ...(isNearlyReady
      ? { backoff: 'create-content', inputs: createInputs(state) }
      : { backoff: 'write-status', inputs: inputsOf(snapshot.metadata?.uid, copy.changes) }),
    patch,
    after: [...news, ...(copy.created ? [noticeOf(state, 'created')] : []), ...(copy.ready ? [noticeOf(state, 'ready')] : [])],
  };
}

/** As csi-snapshotter noted it, if the content still fails. */
function failureOf(content: ContentObject): FailureNote | undefined {
  return content.status?.readyToUse === true || (content.status?.error ?? undefined) === undefined ? undefined : readNote(content);
}

function noticeOf<S extends SnapshotObject, C extends ContentObject>(
  { kind, snapshot }: BindingState<S, C>,
  what: 'creating' | 'created' | 'ready',
): EventNote {
  return notice(kind.snapshots, snapshot, { reason: kind.reasons[what], message: kind.words[what](keyOf(snapshot)) });
}
