/**
 * A VolumeSnapshot that is going. By its content's own policy the content goes first (Delete) or stays
 * (Retain); either way the content is told before, since the sidecar cannot see the snapshot. A content of which
 * nothing is running or known is not waited for, though csi-snapshotter may keep it to look for what was made.
 */
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { hasMark, holdsNobody, isDeleting, refersTo, text } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import {
  ANNOTATION_YES,
  AS_SOURCE_PROTECTION,
  BEING_CREATED,
  BEING_DELETED,
  BOUND_PROTECTION,
  REASON,
  RESTORE_PROTECTION,
} from '../names.ts';
import { removeFinalizers } from '../../lib/sidecar/finalizers.ts';
import { guardedAnnotationPatch } from '../object-patch.ts';
import { snapshotWarning } from '../regarding.ts';
import { confirm } from './failure.ts';
import { expectedContentName } from '../source.ts';
import type { BindingEffect, BindingNext, BindingRest, BindingState } from './state.ts';

/** Events live an hour. */
const RETELL_MS = 60 * 60_000;

export function decideDeletion(state: BindingState): BindingNext {
  const { snapshot } = state;
  const content = state.content !== undefined && refersTo(state.content, snapshot) ? state.content : undefined;
  if (content !== undefined) return decideContent(state, content);
  const release = releaseSnapshot(state);
  if (release.kind === 'done') return release;
  // A content that the cache does not show yet would be orphaned with its snapshot in the storage.
  const name = text(snapshot.status?.boundVolumeSnapshotContentName) ?? expectedContentName(snapshot);
  const hidden = state.content === undefined && name !== undefined ? confirm(state, 'content', name) : undefined;
  return hidden ?? release;
}

function decideContent(state: BindingState, content: VolumeSnapshotContent): BindingNext {
  const { snapshot, restoring } = state;
  const going = isDeleting(content);
  // The provisioner's finalizer outlives its claim: a volume may be filled for a claim that is gone already.
  const filling = snapshot.metadata?.finalizers?.includes(RESTORE_PROTECTION) === true;
  if ((restoring.length > 0 || filling) && !going) {
    const who = restoring.length > 0 ? `: ${restoring.toSorted().join(', ')}` : '';
    const message = `Snapshot is being used to restore a PVC${who}`;
    const events = [snapshotWarning(snapshot, REASON.deletePending, message)];
    return {
      kind: 'retry',
      backoff: 'release-snapshot',
      inputs: inputsOf(snapshot.metadata?.uid, who),
      reason: 'waits for restores',
      events,
    };
  }
  const { uid = '', resourceVersion = '', annotations } = content.metadata ?? {};
  // Asserted as long as the snapshot is going: other programs write the whole annotation map.
  if (!hasMark(content, BEING_DELETED) || annotations?.[BEING_DELETED] !== ANNOTATION_YES)
    return {
      kind: 'mark-content',
      backoff: 'mark-content',
      inputs: inputsOf(uid, BEING_DELETED),
      patch: guardedAnnotationPatch(content, BEING_DELETED, ANNOTATION_YES),
    };
  if (content.spec?.deletionPolicy !== 'Delete') return releaseSnapshot(state);
  if (going) return holdsNobody(content) ? releaseSnapshot(state) : waitForContent(state, content);
  return { kind: 'delete-content', backoff: 'delete-content', inputs: inputsOf(uid, content.spec), uid, resourceVersion };
}

/** A deletion takes a moment; a snapshot that is still being made holds it for as long as the driver takes to answer, and nothing else says so. */
function waitForContent({ snapshot }: BindingState, content: VolumeSnapshotContent): BindingRest {
  const reason = 'waits for the content to go';
  if (!hasMark(content, BEING_CREATED)) return { kind: 'done', reason };
  const message = 'Snapshot is still being created: it is deleted once the driver has answered';
  const events = [snapshotWarning(snapshot, REASON.deletePending, message)];
  return {
    kind: 'poll',
    backoff: 'release-snapshot',
    afterMs: RETELL_MS,
    inputs: inputsOf(snapshot.metadata?.uid, message),
    reason,
    events,
  };
}

function releaseSnapshot({ snapshot }: BindingState): (BindingEffect & { kind: 'release-snapshot' }) | (BindingRest & { kind: 'done' }) {
  const patch = removeFinalizers(snapshot, [AS_SOURCE_PROTECTION, BOUND_PROTECTION]);
  if (patch === undefined) return { kind: 'done', reason: 'released' };
  return { kind: 'release-snapshot', backoff: 'release-snapshot', inputs: inputsOf(snapshot.metadata?.uid), patch };
}
