/**
 * The loop of a VolumeSnapshotContent in the sidecar: CreateSnapshot until ready, or ListSnapshots for a
 * snapshot that an admin brought, and DeleteSnapshot at the end.
 *
 * Invariants
 * - The mark being-created is saved before the first CreateSnapshot and stays until the driver has decided: while
 *   it stands, nothing is let go. It also stays while the snapshot is un-ready, so that a poll that learns
 *   nothing costs no API call.
 * - Whatever can be refused without the driver (parameters, secrets, names) is refused before the mark.
 * - DeleteSnapshot is called only for a content that is deleting and whose VolumeSnapshot is going too
 *   (being-deleted) or never was bound, by policy Delete. The sidecar cannot see the VolumeSnapshot.
 * - "Not ready yet" is polled at a pace of its own; errors back off; neither is brought forward by an event.
 */
import type { Rest } from '../../lib/controller/step.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { parseTime } from '../../lib/kube/time.ts';
import { givenHandleOf, hasMark, isDeleting, isReady, text, volumeHandleOf } from '../content-facts.ts';
import { isGroupContent } from '../group-fields.ts';
import { inputsOf } from '../inputs.ts';
import { ANNOTATION_YES, BEING_CREATED, BEING_DELETED } from '../names.ts';
import { annotationPatch, statusPatch } from '../object-patch.ts';
import { decideCreate } from './decide-create.ts';
import { decideDeletion } from './decide-deletion.ts';
import { decideRefresh } from './decide-refresh.ts';
import { tell } from './failure.ts';
import { statusChange } from './status-change.ts';
import type { ContentEffect, ContentState, DriverAnswer } from './state.ts';
import { isUndecided } from './doubt.ts';

export function decide(state: ContentState): ContentEffect | Rest {
  const { content, snapshotClass, rules, answer } = state;
  if (state.gone) return { kind: 'done', reason: 'the content is gone' };
  if (content.spec?.driver !== rules.driverName) return { kind: 'done', reason: 'of another driver' };
  if (snapshotClass !== undefined && snapshotClass.driver !== rules.driverName)
    return { kind: 'done', reason: 'its class is of another driver' };
  if (isGroupContent(content)) return { kind: 'done', reason: 'belongs to a group snapshot' };
  if ((givenHandleOf(content) === undefined) === (volumeHandleOf(content) === undefined))
    return { kind: 'done', reason: 'exactly one source must be set' };
  switch (answer?.kind) {
    case 'failed':
      return decideFailed(state, answer);
    case 'not-leader':
      return { kind: 'poll', backoff: 'delete-snapshot', afterMs: rules.readyPollMinMs, reason: 'the lease was not renewed in time' };
    case 'snapshot':
      return decideFound(state, answer);
    default:
      return isReleased(content) ? decideDeletion(state) : decideLive(state);
  }
}

/** The content may be destroyed: its own deletion, and that of its VolumeSnapshot, which the controller tells. */
export function isReleased(content: VolumeSnapshotContent): boolean {
  const unbound = givenHandleOf(content) !== undefined && text(content.spec?.volumeSnapshotRef?.uid) === undefined;
  return isDeleting(content) && (unbound || hasMark(content, BEING_DELETED));
}

function decideLive(state: ContentState): ContentEffect | Rest {
  const { content, record } = state;
  if (isReady(content)) return unmark(content) ?? { kind: 'done', reason: 'ready' };
  if (givenHandleOf(content) !== undefined) return decideRefresh(state);
  if (record.standing === 'open' && !hasMark(content, BEING_CREATED))
    return {
      kind: 'assert-mark',
      backoff: 'assert-mark',
      inputs: inputsOf(content.metadata?.uid),
      patch: annotationPatch(content, BEING_CREATED, ANNOTATION_YES),
    };
  return decideCreate(state);
}

/** The driver has it: written down first, whatever comes next. */
function decideFound(state: ContentState, answer: DriverAnswer & { kind: 'snapshot' }): ContentEffect | Rest {
  const { content, now, rules } = state;
  const changes = statusChange(content, answer, now);
  if (changes !== undefined)
    return {
      kind: 'save-status',
      backoff: 'save-status',
      inputs: inputsOf(content.metadata?.uid, changes),
      patch: statusPatch(content, content.status, changes),
    };
  if (isReleased(content)) return decideDeletion({ ...state, answer: undefined });
  if (answer.ready) return unmark(content) ?? { kind: 'done', reason: 'ready' };
  const ageMs = now - (parseTime(content.metadata?.creationTimestamp) ?? now);
  const afterMs = Math.min(Math.max(ageMs / 10, rules.readyPollMinMs), rules.readyPollMaxMs);
  return { kind: 'poll', backoff: answer.effect, afterMs, reason: 'the snapshot is not ready yet' };
}

/** Said where users look, then the mark where the driver has decided, then again at its back-off. */
function decideFailed(state: ContentState, answer: DriverAnswer & { kind: 'failed' }): ContentEffect | Rest {
  const { content } = state;
  const told = tell(state, answer);
  if (told !== undefined) return told;
  const over = answer.effect === 'create-snapshot' && answer.decided && !isUndecided(state);
  if (over && isReleased(content)) return decideDeletion({ ...state, answer: undefined });
  const step = over ? unmark(content) : undefined;
  return step ?? { kind: 'retry', backoff: answer.effect, reason: answer.message };
}

function unmark(content: VolumeSnapshotContent): ContentEffect | undefined {
  if (!hasMark(content, BEING_CREATED)) return undefined;
  return {
    kind: 'unmark',
    backoff: 'unmark',
    inputs: inputsOf(content.metadata?.uid),
    patch: annotationPatch(content, BEING_CREATED, null),
  };
}
