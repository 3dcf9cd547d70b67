/**
 * A member of a group: a VolumeSnapshot and its content, made once the driver has told of the volume's snapshot, and
 * deleted with the group. Everything in between is the snapshot's own loop's (binding/): status, finalizers, the content's end.
 *
 * Invariants
 * - Names come from the group's uid and the volume's handle: made twice, a member is still one.
 * - The VolumeSnapshot is there before its content, which names it by uid: deleting the former is enough.
 * - A member is made while its group is not ready, so that one that somebody took away later stays away.
 * - A VolumeSnapshot whose group is gone goes too, as the garbage collector would have it: it may have come too late.
 */
import { warning } from '../../lib/sidecar/event-notes.ts';
import { testUid } from '../../lib/sidecar/finalizers.ts';
import { hasMark, isDeleting, savedHandleOf, text, volumeHandleOf } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { ownersOf, type PlannedMember } from '../membership.ts';
import { GROUP_BEING_DELETED, REASON } from '../names.ts';
import { statusPatch } from '../object-patch.ts';
import { memberContent, memberSnapshot } from './bodies.ts';
import type { MemberEffect, MemberNext, MemberState } from './state.ts';

export function decide(state: MemberState): MemberNext {
  const { membership, plan, snapshot } = state;
  if (membership === undefined) return { kind: 'done', reason: 'belongs to no group' };
  if (snapshot !== undefined && !isDeleting(snapshot)) {
    const end = decideEnd(state, snapshot);
    if (end !== undefined) return end;
  }
  if (plan === undefined) return { kind: 'done', reason: 'the driver has told nothing of it' };
  if (membership.group === 'there' || isAwaited(state)) return decideMaking(state, plan);
  return { kind: 'done', reason: 'its group is going, or gone' };
}

/** By a group that is going, and waits for what is restored from its members: one that is half made would hold it for good. */
function isAwaited({ membership, snapshot }: MemberState): boolean {
  return membership?.group === 'going' && snapshot !== undefined && !isDeleting(snapshot);
}

/** Undefined where it is to stay. */
function decideEnd(
  { membership, group, groupContent }: MemberState,
  snapshot: NonNullable<MemberState['snapshot']>,
): MemberNext | undefined {
  if (membership === undefined) return undefined;
  const { uid = '' } = snapshot.metadata ?? {};
  const step = { backoff: 'delete-snapshot', inputs: inputsOf(uid, group?.metadata?.deletionTimestamp) } as const;
  switch (membership.group) {
    case 'going':
      // Only now is it certain that nothing is restored from any of them.
      if (groupContent !== undefined && !hasMark(groupContent, GROUP_BEING_DELETED)) return undefined;
      return { ...step, kind: 'delete-snapshot', uid };
    case 'unseen':
      if (!isOwned(snapshot)) return undefined;
      return { kind: 'see-group', backoff: 'see-group', inputs: step.inputs, name: membership.name };
    case 'gone':
      return isOwned(snapshot) ? { ...step, kind: 'delete-snapshot', uid } : undefined;
    default:
      return undefined;
  }
}

/** By its group alone. */
function isOwned(snapshot: NonNullable<MemberState['snapshot']>): boolean {
  const owners = ownersOf(snapshot);
  return owners.length > 0 && owners.length === (snapshot.metadata?.ownerReferences ?? []).length;
}

function decideMaking(state: MemberState, plan: PlannedMember): MemberNext {
  const { snapshot, content, group, groupContent } = state;
  if (group === undefined || groupContent === undefined) return { kind: 'done', reason: 'waits for its group' };
  if (group.status?.readyToUse === true && (snapshot === undefined || content === undefined))
    return { kind: 'done', reason: 'it was made, and taken away' };
  const step = { backoff: 'make-member', inputs: inputsOf(group.metadata?.uid, plan.volumeHandle) } as const;
  if (snapshot === undefined) return { ...step, kind: 'post-snapshot', snapshot: memberSnapshot(state) };
  if (!isOurs(state, snapshot)) return refuse(state, `VolumeSnapshot ${state.key}`);
  if (content === undefined) return { ...step, kind: 'post-content', content: memberContent(state, plan) };
  if (volumeHandleOf(content) !== plan.volumeHandle || content.spec?.driver !== groupContent.spec?.driver)
    return refuse(state, `VolumeSnapshotContent ${plan.contentName}`);
  if (content.spec?.volumeSnapshotRef?.uid !== snapshot.metadata?.uid)
    return { ...step, kind: 'rebind-content', patch: rebindPatch(content, snapshot) };
  return writeStatus(state, plan) ?? { kind: 'done', reason: 'made' };
}

/** Whoever may make VolumeSnapshots in the namespace may have taken the name. */
function isOurs({ group }: MemberState, snapshot: NonNullable<MemberState['snapshot']>): boolean {
  const { name, uid } = group?.metadata ?? {};
  return text(snapshot.status?.volumeGroupSnapshotName) === name || ownersOf(snapshot).some((owner) => owner.uid === uid);
}

function refuse({ group, groupKind, key, plan }: MemberState, what: string): MemberNext {
  const message = `failed to create group snapshot content with error ${what} is in the way of a member: it is not of this group, remove it`;
  const events = group === undefined ? [] : [warning(groupKind, group, { reason: REASON.groupContentCreation, message })];
  return { kind: 'retry', backoff: 'make-member', inputs: inputsOf(key, plan?.volumeHandle, what), reason: message, events };
}

function rebindPatch(content: NonNullable<MemberState['content']>, { metadata }: NonNullable<MemberState['snapshot']>) {
  const reference = content.spec?.volumeSnapshotRef;
  return {
    type: 'json' as const,
    operations: [
      testUid(content),
      { op: 'test' as const, path: '/spec/volumeSnapshotRef', value: reference },
      { op: 'add' as const, path: '/spec/volumeSnapshotRef/uid', value: metadata?.uid ?? '' },
    ],
  };
}

/** What the driver told of this one. Later, only the news that it has become ready: the rest is csi-snapshotter's. */
function writeStatus({ content, groupContent }: MemberState, { info }: PlannedMember): MemberEffect | undefined {
  if (content === undefined) return undefined;
  const { status, metadata } = content;
  const ready = info.readyToUse === true;
  const isFirst = savedHandleOf(content) === undefined;
  const restoreSize = sizeOf(info.restoreSize);
  const size = restoreSize === undefined || sizeOf(status?.restoreSize) !== undefined ? {} : { restoreSize };
  const changes = isFirst
    ? {
        snapshotHandle: info.snapshotHandle,
        volumeGroupSnapshotHandle: groupContent?.status?.volumeGroupSnapshotHandle,
        ...(info.creationTime === undefined ? {} : { creationTime: info.creationTime }),
        ...size,
        readyToUse: ready,
      }
    : {
        ...size,
        ...(ready && status?.readyToUse !== true ? { readyToUse: true, ...(status?.error === undefined ? {} : { error: null }) } : {}),
      };
  if (Object.keys(changes).length === 0) return undefined;
  return {
    kind: 'write-status',
    backoff: 'write-status',
    inputs: inputsOf(metadata?.uid, changes),
    patch: statusPatch(content, status, changes),
  };
}

/** Bytes; nothing where the driver does not say. */
function sizeOf(bytes: unknown): bigint | number | undefined {
  return (typeof bytes === 'bigint' && bytes > 0n) || (typeof bytes === 'number' && bytes > 0) ? bytes : undefined;
}
