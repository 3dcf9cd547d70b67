/** What one VolumeSnapshot's loop knows, and everything it can do. */
import type { Patch } from '../../lib/kube/client.ts';
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import type { Effect } from '../../lib/controller/step.ts';

export interface BindingRules {
  /** Writes the source's volume mode into the content, so that a restore cannot change it unseen. */
  readonly preventVolumeModeConversion: boolean;
  /** Labels the content with a node that can reach the volume. */
  readonly distributedSnapshotting: boolean;
}

/**
 * What caches may not show as it is: things are called missing only after a live read, and a content is
 * posted only for a snapshot that was seen alive in this run.
 */
export type Needed = 'snapshot' | 'content' | 'class' | 'claim' | 'volume';

export interface BindingState {
  /** Wall clock of the gathering, ms. */
  readonly now: number;
  readonly rules: BindingRules;
  readonly snapshot: VolumeSnapshot;
  /** True once an answer said that the snapshot is no more. */
  readonly gone: boolean;
  /** Found under the name that this snapshot's content has; whether it is really its own is decided. */
  readonly content: VolumeSnapshotContent | undefined;
  /** The class that the spec names. */
  readonly snapshotClass: VolumeSnapshotClass | undefined;
  /** Every class marked as default, of any driver. */
  readonly defaultClasses: readonly VolumeSnapshotClass[];
  readonly claim: PersistentVolumeClaim | undefined;
  readonly volume: PersistentVolume | undefined;
  /** Empty unless distributed. */
  readonly nodes: readonly Node[];
  /** Names of Pending claims that are being restored from this snapshot. */
  readonly restoring: readonly string[];
  /** What was read live in this run (the answer of a write counts), or seen going by the watch. */
  readonly confirmed: ReadonlySet<Needed>;
  /** Until then the API server may still apply an earlier life's POST of this snapshot's content. */
  readonly lateContentMs: number;
  /** The API server refused an effect for good (4xx), and users were not told yet. */
  readonly refusal: Refusal | undefined;
  /** The content was posted in this run: the driver's first answer may be a moment away. */
  readonly posted: boolean;
}

export interface Refusal {
  readonly effect: 'protect-claim' | 'create-content' | 'delete-content';
  readonly message: string;
}

export type BindingEffect =
  /** A live read of what the caches do not hold. */
  | (Effect & { readonly kind: 'confirm'; readonly needed: Exclude<Needed, 'snapshot'>; readonly name: string })
  | (Effect & { readonly kind: 'set-class'; readonly patch: Patch })
  /** A status with an error (and its event). */
  | (Effect & { readonly kind: 'write-error'; readonly patch: Patch })
  | (Effect & { readonly kind: 'add-finalizers'; readonly patch: Patch })
  /** PUT of the whole claim with our finalizer. */
  | (Effect & { readonly kind: 'protect-claim'; readonly claim: PersistentVolumeClaim })
  /** A live read of the snapshot itself. It shares the post's not-before time. */
  | (Effect & { readonly kind: 'create-content'; readonly action: 'see-snapshot' })
  | (Effect & { readonly kind: 'create-content'; readonly action: 'post'; readonly content: VolumeSnapshotContent })
  /**
   * The bound name alone, held back for a moment after the post: a fast driver's answer then goes into
   * the same write.
   */
  | (Effect & { readonly kind: 'create-content'; readonly action: 'note-name'; readonly patch: Patch })
  /** Gives a pre-provisioned content our uid and class. */
  | (Effect & { readonly kind: 'bind-content'; readonly patch: Patch })
  | (Effect & { readonly kind: 'write-status'; readonly patch: Patch; readonly created: boolean; readonly ready: boolean })
  | (Effect & { readonly kind: 'mark-content'; readonly patch: Patch })
  | (Effect & { readonly kind: 'delete-content'; readonly uid: string; readonly resourceVersion: string })
  /** Takes our finalizers off the snapshot, which then goes. */
  | (Effect & { readonly kind: 'release-snapshot'; readonly patch: Patch });

export type BindingAnswer =
  | { readonly kind: 'found'; readonly needed: 'snapshot'; readonly object: VolumeSnapshot | undefined }
  | { readonly kind: 'found'; readonly needed: 'content'; readonly object: VolumeSnapshotContent | undefined }
  | { readonly kind: 'found'; readonly needed: 'class'; readonly object: VolumeSnapshotClass | undefined }
  | { readonly kind: 'found'; readonly needed: 'claim'; readonly object: PersistentVolumeClaim | undefined }
  | { readonly kind: 'found'; readonly needed: 'volume'; readonly object: PersistentVolume | undefined }
  | { readonly kind: 'snapshot'; readonly object: VolumeSnapshot }
  /** The snapshot itself went meanwhile. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'content'; readonly object: VolumeSnapshotContent | undefined; readonly posted: boolean }
  | { readonly kind: 'claim'; readonly object: PersistentVolumeClaim | undefined }
  | { readonly kind: 'refused'; readonly refusal: Refusal };
