/** A VolumeSnapshot that claims are restored from, and what can be done about its protection. */
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { Effect, Rest } from '../../lib/controller/step.ts';

export interface SnapshotProtectionState {
  readonly key: string;
  readonly driver: string;
  readonly snapshot: VolumeSnapshot | undefined;
  /** False where VolumeSnapshots cannot be listed. */
  readonly cached: boolean;
  /** Claims (uid) that are filled from it, else one that waits to be. */
  readonly users: readonly string[];
  /** This process protected it, so it is of our driver. */
  readonly own: boolean;
  /** Answers of this run. */
  readonly readLive: boolean;
  readonly content: { readonly object: VolumeSnapshotContent | undefined } | undefined;
}

export type SnapshotProtectionStep =
  | (Effect<'release'> & { readonly kind: 'read-snapshot' })
  | (Effect<'release'> & { readonly kind: 'read-content'; readonly name: string })
  | (Effect<'release'> & { readonly kind: 'release'; readonly snapshot: VolumeSnapshot });

export type SnapshotProtectionDecision = SnapshotProtectionStep | Rest<'release'>;

export type SnapshotProtectionAnswer =
  | { readonly kind: 'snapshot'; readonly object: VolumeSnapshot | undefined }
  | { readonly kind: 'content'; readonly object: VolumeSnapshotContent | undefined }
  | { readonly kind: 'in-use'; readonly users: readonly string[] };
