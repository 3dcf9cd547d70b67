/**
 * A snapshot, or a group of them, that is going. By its content's own policy the content goes first (Delete) or stays
 * (Retain); either way the content is told before, since the sidecar cannot see the snapshot. A content of which
 * nothing is running or known is not waited for, though csi-snapshotter may keep it to look for what was made.
 * A group goes when its members are deleted; they are let go when it is gone.
 */
import { keyOf } from '../../lib/controller/store.ts';
import { isDeleting } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { expectedContentName, holdsNobody, refersTo } from '../kinds/accessors.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import { ANNOTATION_YES } from '../names.ts';
import { warning } from '../../lib/sidecar/event-notes.ts';
import { removeFinalizers } from '../../lib/sidecar/finalizers.ts';
import { guardedAnnotationPatch } from '../object-patch.ts';
import { confirm } from './failure.ts';
import type { BindingEffect, BindingNext, BindingRest, BindingState } from './state.ts';

/** Events live an hour. */
const RETELL_MS = 60 * 60_000;

export function decideDeletion<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>): BindingNext<C> {
  const { kind, snapshot } = state;
  const content = state.content !== undefined && refersTo(kind, state.content, snapshot) ? state.content : undefined;
  if (content !== undefined) return decideContent(state, content);
  const release = releaseSnapshot(state);
  if (release.kind === 'done') return release;
  // A content that the cache does not show yet would be orphaned with its snapshot in the storage.
  const name = kind.boundNameOf(snapshot) ?? expectedContentName(kind, snapshot);
  const hidden = state.content === undefined && name !== undefined ? confirm(state, 'content', name) : undefined;
  return hidden ?? release;
}

function decideContent<S extends SnapshotObject, C extends ContentObject>(state: BindingState<S, C>, content: C): BindingNext<C> {
  const { kind, snapshot, restores } = state;
  const going = isDeleting(content);
  if (restores.length > 0 && !going) {
    const message = kind.words.inUse(keyOf(snapshot), restores);
    const events = [warning(kind.snapshots, snapshot, { reason: kind.reasons.deletePending, message })];
    return {
      kind: 'retry',
      backoff: 'release-snapshot',
      inputs: inputsOf(snapshot.metadata?.uid, message),
      reason: 'waits for restores',
      events,
    };
  }
  const { uid = '', resourceVersion = '', annotations } = content.metadata ?? {};
  // Asserted as long as the snapshot is going: other programs write the whole annotation map.
  if (annotations?.[kind.beingDeleted] !== ANNOTATION_YES)
    return {
      kind: 'mark-content',
      backoff: 'mark-content',
      inputs: inputsOf(uid, kind.beingDeleted),
      patch: guardedAnnotationPatch(content, kind.beingDeleted, ANNOTATION_YES),
    };
  if (content.spec?.deletionPolicy !== 'Delete') return releaseSnapshot(state);
  if (going) return holdsNobody(kind, content) ? releaseSnapshot(state) : waitForContent(state, content);
  return { kind: 'delete-content', backoff: 'delete-content', inputs: inputsOf(uid, content.spec), uid, resourceVersion };
}

/** A deletion takes a moment; a snapshot that is still being made holds it for as long as the driver takes to answer, and nothing else says so. */
function waitForContent<S extends SnapshotObject, C extends ContentObject>(
  { kind, snapshot }: BindingState<S, C>,
  content: C,
): BindingRest {
  const reason = 'waits for the content to go';
  if (!kind.isBeingCreated(content)) return { kind: 'done', reason };
  const message = kind.words.stillMade;
  return {
    kind: 'poll',
    backoff: 'release-snapshot',
    afterMs: RETELL_MS,
    inputs: inputsOf(snapshot.metadata?.uid, message),
    reason,
    events: [warning(kind.snapshots, snapshot, { reason: kind.reasons.deletePending, message })],
  };
}

function releaseSnapshot<S extends SnapshotObject, C extends ContentObject>({
  kind,
  snapshot,
  members,
}: BindingState<S, C>): (BindingEffect<C> & { kind: 'release-snapshot' }) | (BindingRest & { kind: 'done' }) {
  const patch = removeFinalizers(snapshot, kind.released);
  if (patch === undefined) return { kind: 'done', reason: 'released' };
  if (members.undeleted.length > 0) return { kind: 'done', reason: `waits for members to be deleted: ${members.undeleted.join(', ')}` };
  return { kind: 'release-snapshot', backoff: 'release-snapshot', inputs: inputsOf(snapshot.metadata?.uid), patch };
}
