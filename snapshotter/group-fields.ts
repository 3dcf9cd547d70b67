/**
 * What belongs to a VolumeGroupSnapshot. The controllers of single snapshots leave such objects alone:
 * a member's life is the group's.
 */
import type { VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import { GROUP_HANDLE, IN_GROUP_PROTECTION } from './names.ts';

export function isGroupMember(snapshot: VolumeSnapshot): boolean {
  const { finalizers, ownerReferences } = snapshot.metadata ?? {};
  return (
    present(snapshot.status?.volumeGroupSnapshotName) ||
    finalizers?.includes(IN_GROUP_PROTECTION) === true ||
    ownerReferences?.some((owner) => owner?.kind === 'VolumeGroupSnapshot') === true
  );
}

export function isGroupContent(content: VolumeSnapshotContent): boolean {
  return present(content.metadata?.annotations?.[GROUP_HANDLE]) || present(content.status?.volumeGroupSnapshotHandle);
}

function present(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}
