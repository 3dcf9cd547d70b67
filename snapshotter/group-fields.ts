/**
 * What belongs to a VolumeGroupSnapshot. The controllers of single snapshots leave such objects alone:
 * a member's life is the group's.
 */
import type { VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import { text } from './content-facts.ts';
import { GROUP_HANDLE, IN_GROUP_PROTECTION } from './names.ts';

export function isGroupMember(snapshot: VolumeSnapshot): boolean {
  const { finalizers, ownerReferences } = snapshot.metadata ?? {};
  return (
    text(snapshot.status?.volumeGroupSnapshotName) !== undefined ||
    finalizers?.includes(IN_GROUP_PROTECTION) === true ||
    ownerReferences?.some((owner) => owner?.kind === 'VolumeGroupSnapshot') === true
  );
}

export function isGroupContent(content: VolumeSnapshotContent): boolean {
  return text(content.metadata?.annotations?.[GROUP_HANDLE] ?? content.status?.volumeGroupSnapshotHandle) !== undefined;
}
