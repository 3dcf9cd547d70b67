/** What a driver's answer about a group changes in the status of its content. */
import type { VolumeGroupSnapshotContent } from '../../lib/kube/objects.ts';
import { formatTime } from '../../lib/kube/time.ts';
import { text } from '../content-accessors.ts';
import type { StatusChanges } from '../object-patch.ts';
import type { FoundMember, FoundSnapshot } from './found.ts';
import { anyOf, creationTimeOf, readinessChange } from './status-change.ts';

type MemberInfo = NonNullable<NonNullable<VolumeGroupSnapshotContent['status']>['volumeSnapshotInfoList']>[number];

/** Handle and time as for a single snapshot. The members of a group that an administrator brought have contents of their own. */
export function groupStatusChange(content: VolumeGroupSnapshotContent, answer: FoundSnapshot, nowMs: number): StatusChanges | undefined {
  const { status } = content;
  const changes = readinessChange(content, answer);
  if (text(status?.volumeGroupSnapshotHandle) === undefined) changes['volumeGroupSnapshotHandle'] = answer.handle;
  const creationTime = creationTimeOf(answer, nowMs);
  if ((status?.creationTime ?? undefined) === undefined && creationTime !== undefined)
    changes['creationTime'] = formatTime(Number(creationTime / 1_000_000n));
  const members = answer.effect === 'create-snapshot' ? (answer.members ?? []) : [];
  const list = Array.isArray(status?.volumeSnapshotInfoList) ? status.volumeSnapshotInfoList : [];
  const next = list.length === 0 ? members.map((member) => refreshed(undefined, member)) : refreshedList(list, members);
  // Entry by entry: the server hands fields back in an order of its own.
  if (next.length !== list.length || next.some((entry, at) => entry !== list[at])) changes['volumeSnapshotInfoList'] = next;
  return anyOf(changes);
}

/** Who was a member once stays one. */
function refreshedList(list: readonly MemberInfo[], members: readonly FoundMember[]): readonly MemberInfo[] {
  return list.map((known: MemberInfo | null) => {
    const member = members.find(({ handle }) => handle === known?.snapshotHandle);
    return member === undefined || (known !== null && says(known, member)) ? (known ?? {}) : refreshed(known ?? undefined, member);
  });
}

/** The entry has all that the answer tells. */
function says(known: MemberInfo, { creationTime, sizeBytes, ready }: FoundMember): boolean {
  const { volumeHandle, readyToUse, restoreSize } = known;
  const hasTime = creationTime === undefined || (known.creationTime ?? undefined) !== undefined;
  return text(volumeHandle) !== undefined && hasTime && readyToUse === ready && (sizeBytes <= 0n || restoreSize === sizeBytes);
}

/** A later answer may know more of a member, or otherwise: whether it is ready, and how large it is. */
function refreshed(known: MemberInfo | undefined, { volume, handle, creationTime, sizeBytes, ready }: FoundMember): MemberInfo {
  return {
    volumeHandle: volume,
    snapshotHandle: handle,
    ...(creationTime === undefined ? {} : { creationTime }),
    ...known,
    ...(sizeBytes > 0n ? { restoreSize: sizeBytes } : {}),
    readyToUse: ready,
  };
}
