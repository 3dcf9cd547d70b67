/**
 * A content that names a snapshot by uid keeps its finalizer until the sidecar takes it away, whether the
 * snapshot lives or not. Contents of our making carry it from the start; this is for those of admins, and
 * for a finalizer that somebody took away.
 *
 * A content may also come too late: its POST was under way when its VolumeSnapshot was let go. It is met here when
 * it comes, and removed if a live read says that nobody owns it. Never one that an administrator brought, nor one
 * that was first seen with a handle: it may have been restored from a backup, and its VolumeSnapshot may follow.
 * But one of these that somebody deletes while no VolumeSnapshot names it goes as its policy says: nobody else would let it go.
 */
import { preProvisionedHandleOf, hasMark, isDeleting, savedHandleOf, text, volumeHandleOf } from '../content-accessors.ts';
import { isGroupContent } from '../group-fields.ts';
import { inputsOf } from '../inputs.ts';
import { ANNOTATION_YES, BEING_CREATED, BEING_DELETED, CONTENT_PROTECTION, REASON } from '../names.ts';
import { addFinalizers } from '../../lib/sidecar/finalizers.ts';
import { annotationsPatch } from '../object-patch.ts';
import { contentWarning } from '../regarding.ts';
import type { ContentProtectionNext, ContentProtectionState } from './state.ts';

/** Worth remembering: the sidecar may make a snapshot before the deletion is through. */
export function isAlone({ content, snapshot }: ContentProtectionState): boolean {
  return snapshot !== 'there' && volumeHandleOf(content) !== undefined && savedHandleOf(content) === undefined;
}

export function decide(state: ContentProtectionState): ContentProtectionNext {
  const { content } = state;
  if (state.gone) return { kind: 'done', reason: 'the content is gone' };
  if (isGroupContent(content)) return { kind: 'done', reason: 'belongs to a group snapshot' };
  if ((volumeHandleOf(content) === undefined) === (preProvisionedHandleOf(content) === undefined)) {
    const message = 'Exactly one of VolumeHandle and SnapshotHandle should be specified';
    return { kind: 'done', reason: 'not a valid content', events: [contentWarning(content, REASON.contentValidation, message)] };
  }
  if (text(content.spec?.volumeSnapshotRef?.uid) === undefined) return { kind: 'done', reason: 'not bound yet' };
  if (state.snapshot !== 'there' && mayBeOrphan(state)) return decideOrphan(state);
  if (isDeleting(content)) return { kind: 'done', reason: 'on its way out' };
  const patch = addFinalizers(content, [CONTENT_PROTECTION]);
  if (patch === undefined) return { kind: 'done', reason: 'protected' };
  return { kind: 'protect-content', backoff: 'protect-content', inputs: inputsOf(content.metadata?.uid), patch };
}

function mayBeOrphan({ content, cameAlone }: ContentProtectionState): boolean {
  // Its end was asked for: only the sidecar does not know yet that the VolumeSnapshot went, or never came.
  if (isDeleting(content)) return !hasMark(content, BEING_DELETED);
  if (volumeHandleOf(content) === undefined) return false;
  if (savedHandleOf(content) !== undefined && !cameAlone) return false;
  // What was retained when its VolumeSnapshot went carries the mark; what is being made will have a handle, and is kept.
  return content.spec?.deletionPolicy === 'Delete' || !(hasMark(content, BEING_DELETED) || hasMark(content, BEING_CREATED));
}

/**
 * Deletion first, then the mark: the sidecar may be about to make a snapshot, and whatever is made after the deletion
 * belongs to what is going. By uid alone, so that it also holds if it arrives late: the VolumeSnapshot of this
 * uid does not come back. A retained content would be left with what is made meanwhile, and is deleted only as seen.
 */
function decideOrphan({ content, snapshot }: ContentProtectionState): ContentProtectionNext {
  const { uid = '', resourceVersion = '' } = content.metadata ?? {};
  const step = { backoff: 'remove-orphan', inputs: inputsOf(uid) } as const;
  if (snapshot === 'unseen') return { ...step, kind: 'see-snapshot' };
  const asSeen = content.spec?.deletionPolicy === 'Delete' ? {} : { resourceVersion };
  if (!isDeleting(content)) return { ...step, kind: 'delete-content', uid, ...asSeen };
  return { ...step, kind: 'mark-content', patch: annotationsPatch(content, { [BEING_DELETED]: ANNOTATION_YES }) };
}
