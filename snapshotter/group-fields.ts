/**
 * What belongs to a VolumeGroupSnapshot. The controllers of single snapshots leave such objects alone: a
 * member's life is the group's. Of a VolumeSnapshot only the status says so, since users may write all the rest.
 */
import type { VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import { text } from './content-accessors.ts';
import { GROUP_HANDLE } from './names.ts';

export function isGroupMember({ status }: VolumeSnapshot): boolean {
  return text(status?.volumeGroupSnapshotName) !== undefined;
}

export function isGroupContent(content: VolumeSnapshotContent): boolean {
  return text(content.metadata?.annotations?.[GROUP_HANDLE] ?? content.status?.volumeGroupSnapshotHandle) !== undefined;
}
