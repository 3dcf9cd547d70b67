/** What is known about one claim as a source of snapshots. The finalizer is a fact about the claim, so its loop is keyed by claim. */
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type {
  PersistentVolumeClaim,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';

export interface ProtectionState {
  readonly claim: PersistentVolumeClaim;
  /** Every snapshot that names the claim, with the content of its uid. */
  readonly snapshots: readonly { readonly snapshot: VolumeSnapshot; readonly content: VolumeSnapshotContent | undefined }[];
  /** Every content made from the claim's volume, whether its snapshot lives or not. */
  readonly contents: readonly VolumeSnapshotContent[];
  /** Every live, un-ready group that is made of the claim by its content, or selects it and has no content yet. */
  readonly groups: readonly { readonly group: VolumeGroupSnapshot; readonly content: VolumeGroupSnapshotContent | undefined }[];
  /** Every content of a group that is made from the claim's volume. */
  readonly groupContents: readonly VolumeGroupSnapshotContent[];
}

/** PUT of the whole claim, with or without our finalizer: the verb that vendors' RBAC allows. */
export type ProtectionEffect = Effect<'write-claim'> & { readonly kind: 'write-claim'; readonly claim: PersistentVolumeClaim };

export type ProtectionNext = ProtectionEffect | Rest<'write-claim'>;
