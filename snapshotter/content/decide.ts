/**
 * The loop of a content in the sidecar, of a VolumeSnapshotContent and of a VolumeGroupSnapshotContent alike (kind.ts has
 * what differs): the driver is asked to make it until it is ready, or asked about what an administrator brought, and asked
 * to delete it at the end.
 *
 * Invariants
 * - The mark being-created is saved before the first call that makes something and stays until the driver has decided:
 *   while it stands, nothing is let go. The first final answer takes it away. It also stays while the snapshot is
 *   un-ready, so that a poll that learns nothing costs no API call.
 * - Whatever can be refused without the driver (parameters, secrets, names) is refused before the mark.
 * - Something is deleted in the driver only for a content that is deleting and whose owner, the VolumeSnapshot or
 *   VolumeGroupSnapshot, is going too (being-deleted) or never was bound, by policy Delete. The sidecar cannot see the owner.
 * - A member of a group is neither made nor deleted by itself.
 * - "Not ready yet" is polled at a pace of its own, which doubles the age from poll to poll, so that hours of it cost no more
 *   calls than a back-off; errors back off; neither is brought forward by an event.
 */
import type { EventNote } from '../../lib/controller/step.ts';
import { parseTime } from '../../lib/kube/time.ts';
import { hasMark, isDeleting, isReady, text } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { SIDECAR_REASON } from '../names.ts';
import { type StatusChanges, statusPatch } from '../object-patch.ts';
import { callInputs } from './call-inputs.ts';
import { snapshotNameOf } from './create-request.ts';
import { decideCreate, tellAndRetry } from './decide-create.ts';
import { decideDeletion } from './decide-deletion.ts';
import { decideRefresh } from './decide-refresh.ts';
import { contentEvent, report, uncertainEvent } from './failure.ts';
import type { Content, ContentKind } from './kind.ts';
import { assertMarks, noteFailure, unmark } from './marks.ts';
import type { FoundSnapshot } from './found.ts';
import type { ContentNext, ContentState, DriverFailure } from './state.ts';

export function decide<C extends Content>(state: ContentState<C>): ContentNext {
  const { kind, content, snapshotClass, settings, answer } = state;
  if (state.gone) return { kind: 'done', reason: 'the content is gone' };
  if (content.spec?.driver !== settings.driverName) return { kind: 'done', reason: 'of another driver' };
  if (snapshotClass !== undefined && snapshotClass.driver !== settings.driverName)
    return { kind: 'done', reason: 'its class is of another driver' };
  const { given, sources } = kind.read(content);
  if ((given === undefined) === (sources === undefined)) return { kind: 'done', reason: 'exactly one source must be set' };
  if (answer?.kind === 'failed') return decideFailed(state, answer);
  if (answer?.kind === 'snapshot') return decideFound(state, answer);
  return assertMarks(state) ?? (isReleased(kind, content) ? decideDeletion(state) : decideLive(state));
}

/** The content may be destroyed: its own deletion, and that of its owner, which the controller tells. */
function isReleased<C extends Content>(kind: ContentKind<C>, content: C): boolean {
  const { given, ref } = kind.read(content);
  const unbound = given !== undefined && text(ref?.uid) === undefined;
  return isDeleting(content) && (unbound || hasMark(content, kind.beingDeleted));
}

function decideLive<C extends Content>(state: ContentState<C>): ContentNext {
  const { kind, content, calls } = state;
  if (isReady(content)) return unmark(state, null) ?? { kind: 'done', reason: 'ready' };
  const { given, membership } = kind.read(content);
  if (given !== undefined || membership !== 'none') return decideRefresh(state);
  // The deletion of the content follows: a call that is begun now would only be waited for.
  const isUnwanted = hasMark(content, kind.beingDeleted) && content.spec?.deletionPolicy === 'Delete' && calls.kind !== 'running';
  return isUnwanted ? { kind: 'done', reason: 'its snapshot is being deleted' } : decideCreate(state, 'create');
}

/** The driver has it: written down first, whatever comes next. */
function decideFound<C extends Content>(state: ContentState<C>, answer: FoundSnapshot): ContentNext {
  const { kind, content, now, settings } = state;
  const changes = kind.statusChange(content, answer, now);
  if (changes !== undefined) {
    return {
      kind: 'save-status',
      backoff: 'save-status',
      inputs: inputsOf(content.metadata?.uid, changes),
      patch: statusPatch(content, content.status, changes),
      finishes: true,
      before: remarks(state, answer, changes),
    };
  }
  if (isReleased(kind, content)) return decideDeletion({ ...state, answer: undefined });
  if (answer.ready) return unmark(state, null) ?? { kind: 'done', reason: 'ready' };
  const healed = noteFailure(state, null);
  if (healed !== undefined) return healed;
  const afterMs = Math.min(ageMs(state) + settings.readyPollMinMs, settings.readyPollMaxMs);
  const { effect } = answer;
  return { kind: 'poll', backoff: effect, afterMs, inputs: callInputs(state, effect), reason: 'the snapshot is not ready yet' };
}

/**
 * How long it has been in the making: from its moment in time, or from the content where that is later (an imported
 * snapshot), or where the driver's clock is ahead of ours.
 */
function ageMs<C extends Content>({ kind, content, now }: ContentState<C>): number {
  const { cutMs = 0 } = kind.read(content);
  const made = parseTime(content.metadata?.creationTimestamp) ?? now;
  return Math.max(0, now - (cutMs > made && cutMs <= now ? cutMs : made));
}

/** What is odd about an answer that is taken all the same: said where it is written. */
function remarks<C extends Content>(state: ContentState<C>, answer: FoundSnapshot, changes: StatusChanges): readonly EventNote[] {
  const { oddTime, handle, ready, members = [] } = answer;
  const behind = members.flatMap((member) => (member.ready ? [] : [member.handle]));
  const time = `The driver gave a creation time of ${oddTime} s since 1970, which cannot be stored: the present time is taken`;
  const mixed = `The driver calls group snapshot ${handle} ready, but not its members ${behind.join(', ')}: they are asked about until they are`;
  return [
    ...(oddTime !== undefined && 'creationTime' in changes ? [contentEvent(state, state.kind.reasons.oddTime, time)] : []),
    ...(ready && behind.length > 0 && 'readyToUse' in changes ? [contentEvent(state, SIDECAR_REASON.groupMixed, mixed)] : []),
  ];
}

/**
 * The mark first where the driver has decided, since users wait for it; then said where they look; then again at its back-off.
 * The same failure again costs its event alone, whose count says that the trouble lasts.
 */
function decideFailed<C extends Content>(state: ContentState<C>, answer: DriverFailure): ContentNext {
  const { kind, content, calls, settings } = state;
  const { effect, message, cause } = answer;
  if (effect === 'delete-snapshot') return tellAndRetry(state, answer);
  const again = { kind: 'retry', backoff: effect, inputs: callInputs(state, effect), reason: message } as const;
  if (effect === 'create-snapshot' && calls.kind !== 'running') {
    const released = isReleased(kind, content);
    // What goes next needs no note.
    const step = unmark(state, released ? undefined : cause);
    if (step !== undefined) return step;
    if (released) {
      if (calls.kind !== 'uncertain' || content.spec?.deletionPolicy !== 'Delete') return decideDeletion({ ...state, answer: undefined });
      const events = [uncertainEvent(state, snapshotNameOf(settings, kind.read(content).ref?.uid ?? ''), answer)];
      return noteFailure(state, cause) ?? { ...again, events };
    }
  }
  if (answer.isTold === true) return noteFailure(state, cause) ?? again;
  return report(state, answer) ?? tellAndRetry(state, answer);
}
