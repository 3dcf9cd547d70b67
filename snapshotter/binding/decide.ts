/**
 * The loop of a VolumeSnapshot: from its claim to a content, from the content's status to its own.
 *
 * Invariants
 * - Nothing is made before the snapshot carries its finalizers, and no content is posted before the claim
 *   carries its own: a delete cannot slip in between.
 * - A content is deleted only for a snapshot that is being deleted, that it names by uid, and by the policy of
 *   the content itself.
 * - A snapshot that was ready (or made) and lost its content is never made again: it would be another moment in
 *   time under the old name.
 * - Objects of groups are left alone.
 */
import type { EventNote } from '../../lib/controller/step.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { isDeleting, refersTo, text } from '../content-accessors.ts';
import { isGroupContent, isGroupMember } from '../group-fields.ts';
import { inputsOf } from '../inputs.ts';
import { CONTENT_PROTECTION, REASON } from '../names.ts';
import { VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { notice } from '../../lib/sidecar/event-notes.ts';
import { addOperations, testUid } from '../../lib/sidecar/finalizers.ts';
import { statusPatch } from '../object-patch.ts';
import { withMore } from '../peer-words.ts';
import { snapshotWarning } from '../regarding.ts';
import { statusCopy } from '../snapshot-status.ts';
import { checkDynamic, checkGiven } from './bind-check.ts';
import { createInputs, decideCreation, decideNamedClass, decideRefused } from './decide-creation.ts';
import { decideDeletion } from './decide-deletion.ts';
import { fail, failMissing, type Failure } from './failure.ts';
import { protectSnapshot } from './protection.ts';
import { expectedContentName, sourceOf } from '../source.ts';
import type { BindingEffect, BindingNext, BindingState } from './state.ts';

const MISSING = 'VolumeSnapshotContent is missing';

/** How long a bound name waits for the driver's first answer, so that one write holds both. */
const NEWS_WAIT_MS = 1000;

export function decide(state: BindingState): BindingNext {
  const { snapshot, content } = state;
  if (state.gone) return { kind: 'done', reason: 'the snapshot is gone' };
  if (text(snapshot.metadata?.uid) === undefined) return { kind: 'done', reason: 'an object without a uid' };
  if (isGroupMember(snapshot) || (content !== undefined && isGroupContent(content))) return decideGroupMember(snapshot);
  if (isDeleting(snapshot)) return decideDeletion(state);
  if (state.refusal !== undefined) return decideRefused(state, state.refusal);
  if (snapshot.status?.readyToUse === true && text(snapshot.status.boundVolumeSnapshotContentName) !== undefined) return decideReady(state);
  switch (sourceOf(snapshot).kind) {
    case 'claim':
      return decideDynamic(state);
    case 'content':
      return decideGiven(state);
    default:
      return fail(state, {
        reason: REASON.validation,
        message: 'Exactly one of PersistentVolumeClaimName and VolumeSnapshotContentName should be specified',
      });
  }
}

function decideGroupMember(snapshot: VolumeSnapshot): BindingNext {
  const group = text(snapshot.status?.volumeGroupSnapshotName) ?? '';
  const message = `Snapshot belongs to a VolumeGroupSnapshot (${group}), and group snapshots are not served: its deletion waits`;
  const events = isDeleting(snapshot) ? [snapshotWarning(snapshot, REASON.deletePending, message)] : [];
  return { kind: 'done', reason: 'belongs to a group snapshot', events };
}

function decideReady(state: BindingState): BindingNext {
  const { snapshot, content } = state;
  const name = text(snapshot.status?.boundVolumeSnapshotContentName) ?? '';
  if (content === undefined) return failMissing(state, 'content', { name, ...lostContent(name) });
  if (!refersTo(content, snapshot))
    return fail(state, {
      reason: REASON.misbound,
      message: withMore('VolumeSnapshotContent is not bound to the VolumeSnapshot correctly', content.metadata?.name),
    });
  return protectSnapshot(snapshot, content.spec?.deletionPolicy) ?? clearError(snapshot, content) ?? { kind: 'done', reason: 'ready' };
}

/** An error that was written while our cache lagged, beside the news that all is well. */
function clearError(snapshot: VolumeSnapshot, content: VolumeSnapshotContent): BindingEffect | undefined {
  const told = snapshot.status?.error ?? undefined;
  if (told === undefined || content.status?.readyToUse !== true) return undefined;
  const patch = statusPatch(snapshot, snapshot.status, { error: null });
  return {
    kind: 'write-status',
    backoff: 'write-status',
    inputs: inputsOf(snapshot.metadata?.uid, told.message),
    patch,
    created: false,
    ready: false,
  };
}

function decideDynamic(state: BindingState): BindingNext {
  const { snapshot, content } = state;
  if (content === undefined) {
    const lost = lostContent(text(snapshot.status?.boundVolumeSnapshotContentName) ?? '');
    if (!wasCut(snapshot, lost)) return decideCreation(state);
    return failMissing(state, 'content', { name: expectedContentName(snapshot) ?? '', ...lost });
  }
  const failure = checkDynamic(snapshot, content);
  if (failure !== undefined) return fail(state, failure);
  return protectSnapshot(snapshot, content.spec?.deletionPolicy) ?? copyStatus(state, content);
}

function decideGiven(state: BindingState): BindingNext {
  const { snapshot, content } = state;
  const name = expectedContentName(snapshot) ?? '';
  if (content === undefined)
    return failMissing(state, 'content', { name, reason: REASON.missingContent, message: withMore(MISSING, name) });
  const failure = checkGiven(snapshot, content);
  if (failure !== undefined) return fail(state, failure);
  const patch = bindPatch(snapshot, content);
  if (patch === undefined) return protectSnapshot(snapshot, content.spec?.deletionPolicy) ?? copyStatus(state, content);
  // The class is asked for only while the pair is being made: a class deleted later hurts nobody.
  const bound = refersTo(content, snapshot);
  const classStep = bound ? undefined : decideNamedClass(state);
  return (
    classStep ??
    protectSnapshot(snapshot, content.spec?.deletionPolicy) ?? {
      kind: 'bind-content',
      backoff: 'bind-content',
      inputs: createInputs(state),
      patch,
    }
  );
}

/** True once the snapshot had a moment in time (or is already told to have lost it). */
function wasCut({ status }: VolumeSnapshot, lost: Failure): boolean {
  if (text(status?.boundVolumeSnapshotContentName) === undefined) return false;
  return text(status?.creationTime) !== undefined || status?.readyToUse === true || status?.error?.message === lost.message;
}

function lostContent(name: string): Failure {
  return {
    reason: REASON.missingContent,
    message: withMore(MISSING, `${name}. The snapshot is lost unless it comes back`),
  };
}

/** The content is given our uid, our class where it has none, and its finalizer, in one write. */
function bindPatch(
  snapshot: VolumeSnapshot,
  content: VolumeSnapshotContent,
): (BindingEffect & { kind: 'bind-content' })['patch'] | undefined {
  const ref = content.spec?.volumeSnapshotRef;
  const className = text(snapshot.spec?.volumeSnapshotClassName);
  const takesUid = text(ref?.uid) === undefined;
  const takesClass = className !== undefined && text(content.spec?.volumeSnapshotClassName) === undefined;
  if (!takesUid && !takesClass) return undefined;
  return {
    type: 'json',
    operations: [
      testUid(content),
      // Whoever changed the reference meanwhile (an admin, another snapshot of this name) wins.
      { op: 'test', path: '/spec/volumeSnapshotRef', value: ref },
      ...(takesUid ? [{ op: 'add' as const, path: '/spec/volumeSnapshotRef/uid', value: snapshot.metadata?.uid ?? '' }] : []),
      ...(takesClass ? [{ op: 'add' as const, path: '/spec/volumeSnapshotClassName', value: className }] : []),
      ...(isDeleting(content) ? [] : addOperations(content, [CONTENT_PROTECTION])),
    ],
  };
}

function copyStatus(state: BindingState, content: VolumeSnapshotContent): BindingNext {
  const { snapshot } = state;
  const copy = statusCopy(snapshot, content);
  if (copy === undefined) return { kind: 'done', reason: 'waits for the content' };
  const patch = statusPatch(snapshot, snapshot.status, copy.changes);
  // The post may have been refused, which is an answer too: only a run that has the content says so.
  const news = state.posted ? [noticeOf(snapshot, 'creatingSnapshot')] : [];
  if (copy.nameOnly) {
    if (state.posted)
      return { kind: 'poll', backoff: 'create-content', afterMs: NEWS_WAIT_MS, reason: 'the driver may answer in a moment', events: news };
    return { kind: 'create-content', backoff: 'create-content', action: 'note-name', inputs: createInputs(state), patch };
  }
  return {
    kind: 'write-status',
    backoff: 'write-status',
    inputs: inputsOf(snapshot.metadata?.uid, copy.changes),
    patch,
    created: copy.created,
    ready: copy.ready,
    after: [
      ...news,
      ...(copy.created ? [noticeOf(snapshot, 'snapshotCreated')] : []),
      ...(copy.ready ? [noticeOf(snapshot, 'snapshotReady')] : []),
    ],
  };
}

const NOTICES = {
  creatingSnapshot: (name: string) => `Waiting for a snapshot ${name} to be created by the CSI driver.`,
  snapshotCreated: (name: string) => `Snapshot ${name} was successfully created by the CSI driver.`,
  snapshotReady: (name: string) => `Snapshot ${name} is ready to use.`,
} as const;

function noticeOf(snapshot: VolumeSnapshot, what: keyof typeof NOTICES): EventNote {
  const name = `${snapshot.metadata?.namespace ?? ''}/${snapshot.metadata?.name ?? ''}`;
  return notice(VOLUME_SNAPSHOTS, snapshot, { reason: REASON[what], message: NOTICES[what](name) });
}
