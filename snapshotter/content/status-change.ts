/** What a driver's answer changes in a content's status. */
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { text } from '../content-accessors.ts';
import type { StatusChanges } from '../object-patch.ts';
import type { Content } from './kind.ts';
import type { FoundSnapshot } from './found.ts';

/**
 * Handle, time and size are written once. A driver that gives no time may give one later; if it gave none until the
 * snapshot is ready, it is taken to have been made now. The group of a snapshot that an administrator brought is only
 * known from the driver.
 */
export function singleStatusChange(content: VolumeSnapshotContent, answer: FoundSnapshot, nowMs: number): StatusChanges | undefined {
  const { status } = content;
  const changes: Record<string, unknown> = readinessChange(content, answer);
  if (text(status?.snapshotHandle) === undefined) changes['snapshotHandle'] = answer.handle;
  const creationTime = creationTimeOf(answer, nowMs);
  if ((status?.creationTime ?? undefined) === undefined && creationTime !== undefined) changes['creationTime'] = creationTime;
  if ((status?.restoreSize ?? undefined) === undefined && answer.sizeBytes > 0n) changes['restoreSize'] = answer.sizeBytes;
  const group = answer.effect === 'refresh-snapshot' ? text(answer.groupHandle) : undefined;
  if (text(status?.volumeGroupSnapshotHandle) === undefined && group !== undefined) changes['volumeGroupSnapshotHandle'] = group;
  return anyOf(changes);
}

export function readinessChange({ status }: Content, { ready }: FoundSnapshot): Record<string, unknown> {
  return { ...(status?.readyToUse === ready ? {} : { readyToUse: ready }), ...(status?.error === undefined ? {} : { error: null }) };
}

/** Nanoseconds since the epoch. */
export function creationTimeOf({ creationTime, ready }: FoundSnapshot, nowMs: number): bigint | undefined {
  return creationTime ?? (ready ? BigInt(nowMs) * 1_000_000n : undefined);
}

export function anyOf(changes: StatusChanges): StatusChanges | undefined {
  return Object.keys(changes).length === 0 ? undefined : changes;
}
