/**
 * A content that names a snapshot, or a group of them, by uid keeps its finalizer until the sidecar takes it away, whether the
 * snapshot lives or not. Contents of our making carry it from the start; this is for those of admins, and
 * for a finalizer that somebody took away.
 *
 * A content may also come too late: its POST was under way when its VolumeSnapshot was let go. It is met here when
 * it comes, and removed if a live read says that nobody owns it. Never one that an administrator brought, nor one
 * that was first seen with a handle: it may have been restored from a backup, and its VolumeSnapshot may follow.
 * But one of these that somebody deletes while no VolumeSnapshot names it goes as its policy says: nobody else would let it go.
 * So does the content of a group's member once neither the member nor the content of the group is left.
 */
import { hasMark, isDeleting, text } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import { ANNOTATION_YES } from '../names.ts';
import { warning } from '../../lib/sidecar/event-notes.ts';
import { addFinalizers } from '../../lib/sidecar/finalizers.ts';
import { annotationsPatch } from '../object-patch.ts';
import type { ContentProtectionNext, ContentProtectionState } from './state.ts';

/** Worth remembering: the sidecar may make a snapshot before the deletion is through. */
export function isAlone<S extends SnapshotObject, C extends ContentObject>({
  kind,
  content,
  snapshot,
}: ContentProtectionState<S, C>): boolean {
  return snapshot !== 'there' && kind.isDynamic(content) && !kind.hasHandle(content);
}

export function decide<S extends SnapshotObject, C extends ContentObject>(state: ContentProtectionState<S, C>): ContentProtectionNext {
  const { kind, content } = state;
  if (state.gone) return { kind: 'done', reason: 'the content is gone' };
  if (state.group === 'unserved') return { kind: 'done', reason: 'belongs to a group snapshot' };
  if (kind.isDynamic(content) === kind.isGiven(content)) {
    const words = { reason: kind.reasons.contentValidation, message: kind.words.invalidContentSource };
    return { kind: 'done', reason: 'not a valid content', events: [warning(kind.contents, content, words)] };
  }
  if (text(kind.referenceOf(content)?.uid) === undefined) return { kind: 'done', reason: 'not bound yet' };
  if (state.snapshot !== 'there' && mayBeOrphan(state)) return decideOrphan(state);
  if (isDeleting(content)) return { kind: 'done', reason: 'on its way out' };
  const patch = addFinalizers(content, [kind.contentProtection]);
  if (patch === undefined) return { kind: 'done', reason: 'protected' };
  return { kind: 'protect-content', backoff: 'protect-content', inputs: inputsOf(content.metadata?.uid), patch };
}

function mayBeOrphan<S extends SnapshotObject, C extends ContentObject>({
  kind,
  content,
  group,
  cameAlone,
}: ContentProtectionState<S, C>): boolean {
  // Its end was asked for: only the sidecar does not know yet that the snapshot went, or never came.
  if (isDeleting(content)) return !hasMark(content, kind.beingDeleted);
  // A group that is there may make the member again.
  if (!kind.isDynamic(content) || group === 'there') return false;
  const isDeletedWithIt = content.spec?.deletionPolicy === 'Delete';
  // What the driver has made of it went with the group.
  if (group === 'gone' && isDeletedWithIt) return true;
  if (kind.hasHandle(content) && !cameAlone) return false;
  // What was retained when its snapshot went carries the mark; what is being made will have a handle, and is kept.
  return isDeletedWithIt || !(hasMark(content, kind.beingDeleted) || kind.isBeingCreated(content));
}

/**
 * Deletion first, then the mark: the sidecar may be about to make a snapshot, and whatever is made after the deletion
 * belongs to what is going. By uid alone, so that it also holds if it arrives late: the snapshot of this
 * uid does not come back. A retained content would be left with what is made meanwhile, and is deleted only as seen.
 */
function decideOrphan<S extends SnapshotObject, C extends ContentObject>({
  kind,
  content,
  snapshot,
}: ContentProtectionState<S, C>): ContentProtectionNext {
  const { uid = '', resourceVersion = '' } = content.metadata ?? {};
  const step = { backoff: 'remove-orphan', inputs: inputsOf(uid) } as const;
  if (snapshot === 'unseen') return { ...step, kind: 'see-snapshot' };
  const asSeen = content.spec?.deletionPolicy === 'Delete' ? {} : { resourceVersion };
  if (!isDeleting(content)) return { ...step, kind: 'delete-content', uid, ...asSeen };
  return { ...step, kind: 'mark-content', patch: annotationsPatch(content, { [kind.beingDeleted]: ANNOTATION_YES }) };
}
