/**
 * The loop of a VolumeSnapshotContent in the sidecar: CreateSnapshot until ready, or ListSnapshots for a
 * snapshot that an admin brought, and DeleteSnapshot at the end.
 *
 * Invariants
 * - The mark being-created is saved before the first CreateSnapshot and stays until the driver has decided: while
 *   it stands, nothing is let go. The first final answer takes it away. It also stays while the snapshot is
 *   un-ready, so that a poll that learns nothing costs no API call.
 * - Whatever can be refused without the driver (parameters, secrets, names) is refused before the mark.
 * - DeleteSnapshot is called only for a content that is deleting and whose VolumeSnapshot is going too
 *   (being-deleted) or never was bound, by policy Delete. The sidecar cannot see the VolumeSnapshot.
 * - "Not ready yet" is polled at a pace of its own, which doubles the age from poll to poll, so that hours of it cost no more
 *   calls than a back-off; errors back off; neither is brought forward by an event.
 */
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { parseTime } from '../../lib/kube/time.ts';
import { preProvisionedHandleOf, hasMark, isDeleting, isReady, text, volumeHandleOf } from '../content-accessors.ts';
import { isGroupContent } from '../group-fields.ts';
import { inputsOf } from '../inputs.ts';
import { BEING_DELETED, SIDECAR_REASON } from '../names.ts';
import { statusPatch } from '../object-patch.ts';
import { contentWarning } from '../regarding.ts';
import { snapshotNameOf } from './create-request.ts';
import { decideCreate, driverInputs } from './decide-create.ts';
import { decideDeletion } from './decide-deletion.ts';
import { decideRefresh } from './decide-refresh.ts';
import { report, uncertainEvent } from './failure.ts';
import { assertMarks, noteFailure, unmark } from './marks.ts';
import type { ContentNext, ContentState, DriverFailure, FoundSnapshot } from './state.ts';
import { statusChange } from './status-change.ts';

export function decide(state: ContentState): ContentNext {
  const { content, snapshotClass, rules, answer } = state;
  if (state.gone) return { kind: 'done', reason: 'the content is gone' };
  if (content.spec?.driver !== rules.driverName) return { kind: 'done', reason: 'of another driver' };
  if (snapshotClass !== undefined && snapshotClass.driver !== rules.driverName)
    return { kind: 'done', reason: 'its class is of another driver' };
  if (isGroupContent(content)) return { kind: 'done', reason: 'belongs to a group snapshot' };
  if ((preProvisionedHandleOf(content) === undefined) === (volumeHandleOf(content) === undefined))
    return { kind: 'done', reason: 'exactly one source must be set' };
  if (answer?.kind === 'failed') return decideFailed(state, answer);
  if (answer?.kind === 'snapshot') return decideFound(state, answer);
  return assertMarks(state) ?? (isReleased(content) ? decideDeletion(state) : decideLive(state));
}

/** The content may be destroyed: its own deletion, and that of its VolumeSnapshot, which the controller tells. */
export function isReleased(content: VolumeSnapshotContent): boolean {
  const unbound = preProvisionedHandleOf(content) !== undefined && text(content.spec?.volumeSnapshotRef?.uid) === undefined;
  return isDeleting(content) && (unbound || hasMark(content, BEING_DELETED));
}

function decideLive(state: ContentState): ContentNext {
  const { content } = state;
  if (isReady(content)) return unmark(state, null) ?? { kind: 'done', reason: 'ready' };
  return preProvisionedHandleOf(content) === undefined ? decideCreate(state, 'create') : decideRefresh(state);
}

/** The driver has it: written down first, whatever comes next. */
function decideFound(state: ContentState, answer: FoundSnapshot): ContentNext {
  const { content, now, rules } = state;
  const changes = statusChange(content, answer, now);
  if (changes !== undefined) {
    const odd = answer.oddTime !== undefined && 'creationTime' in changes;
    const message = `The driver gave a creation time of ${answer.oddTime} s since 1970, which cannot be stored: the present time is taken`;
    return {
      kind: 'save-status',
      backoff: 'save-status',
      inputs: inputsOf(content.metadata?.uid, changes),
      patch: statusPatch(content, content.status, changes),
      before: odd ? [contentWarning(content, SIDECAR_REASON.oddTime, message)] : [],
    };
  }
  if (isReleased(content)) return decideDeletion({ ...state, answer: undefined });
  if (answer.ready) return unmark(state, null) ?? { kind: 'done', reason: 'ready' };
  const healed = noteFailure(state, null);
  if (healed !== undefined) return healed;
  const afterMs = Math.min(ageMs(content, now) + rules.readyPollMinMs, rules.readyPollMaxMs);
  return { kind: 'poll', backoff: answer.effect, afterMs, inputs: driverInputs(state), reason: 'the snapshot is not ready yet' };
}

/**
 * How long the snapshot has been in the making: from its moment in time, or from the content where that is later (an imported
 * snapshot), or where the driver's clock is ahead of ours.
 */
function ageMs({ metadata, status }: VolumeSnapshotContent, now: number): number {
  const cut = Number(status?.creationTime ?? 0) / 1_000_000;
  const made = parseTime(metadata?.creationTimestamp) ?? now;
  return Math.max(0, now - (cut > made && cut <= now ? cut : made));
}

/**
 * The mark first where the driver has decided, since users wait for it; then said where they look; then again at its back-off.
 * The same failure again costs its event alone, whose count says that the trouble lasts.
 */
function decideFailed(state: ContentState, answer: DriverFailure): ContentNext {
  const { content, calls, rules } = state;
  const { effect, reason, message, cause } = answer;
  const again = { kind: 'retry', backoff: effect, inputs: driverInputs(state), reason: message } as const;
  if (effect === 'delete-snapshot') return noteFailure(state, cause) ?? { ...again, events: [contentWarning(content, reason, message)] };
  if (effect === 'create-snapshot' && calls.kind !== 'running') {
    const released = isReleased(content);
    // What goes next needs no note.
    const step = unmark(state, released ? undefined : cause);
    if (step !== undefined) return step;
    if (released) {
      if (calls.kind !== 'uncertain' || content.spec?.deletionPolicy !== 'Delete') return decideDeletion({ ...state, answer: undefined });
      return (
        noteFailure(state, cause) ?? {
          ...again,
          events: [uncertainEvent(content, snapshotNameOf(rules, content.spec.volumeSnapshotRef?.uid ?? ''), answer)],
        }
      );
    }
  }
  const told = answer.isTold === true ? undefined : report(state, answer);
  const write = told ?? noteFailure(state, cause);
  if (write !== undefined) return write;
  return answer.isTold === true ? again : { ...again, events: [contentWarning(content, reason, message)] };
}
