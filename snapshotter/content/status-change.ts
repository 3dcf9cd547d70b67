/** What a driver's answer changes in a content's status. */
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { text } from '../content-accessors.ts';
import type { StatusChanges } from '../object-patch.ts';
import type { FoundSnapshot } from './state.ts';

/**
 * Undefined where the status says it all: a poll whose answer is the old one writes nothing. Handle, time
 * and size are written once. A driver that gives no time may give one later; if it gave none until the snapshot is ready,
 * it is taken to have been made now.
 */
export function statusChange({ status }: VolumeSnapshotContent, answer: FoundSnapshot, nowMs: number): StatusChanges | undefined {
  const changes: Record<string, unknown> = {};
  if (text(status?.snapshotHandle) === undefined) changes['snapshotHandle'] = answer.handle;
  const creationTime = answer.creationTime ?? (answer.ready ? BigInt(nowMs) * 1_000_000n : undefined);
  if ((status?.creationTime ?? undefined) === undefined && creationTime !== undefined) changes['creationTime'] = creationTime;
  if ((status?.restoreSize ?? undefined) === undefined && answer.sizeBytes > 0n) changes['restoreSize'] = answer.sizeBytes;
  if (status?.readyToUse !== answer.ready) changes['readyToUse'] = answer.ready;
  if (status?.error !== undefined) changes['error'] = null;
  return Object.keys(changes).length === 0 ? undefined : changes;
}
