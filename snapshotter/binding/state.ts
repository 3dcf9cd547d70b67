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
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { Cause } from '../failure-note.ts';

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
  /** The API server refused an effect for good (4xx), and the status does not say so yet. */
  readonly refusal: Refusal | undefined;
  /** The content was posted in this run: the driver's first answer may be a moment away. */
  readonly posted: boolean;
}

export interface Refusal {
  readonly effect: 'protect-claim' | 'create-content' | 'bind-content';
  readonly message: string;
  readonly cause: Cause;
}

type BindingStep<K extends string> = Effect<K> & { readonly kind: K };

export type BindingEffect =
  /** A live read of what the caches do not hold. */
  | (BindingStep<'confirm'> & { readonly needed: Exclude<Needed, 'snapshot'>; readonly name: string })
  | (BindingStep<'set-class'> & { readonly patch: Patch })
  /** A status with an error (and its event). */
  | (BindingStep<'write-error'> & { readonly patch: Patch })
  /** The annotation that programs read. */
  | (BindingStep<'note-failure'> & { readonly patch: Patch })
  | (BindingStep<'add-finalizers'> & { readonly patch: Patch })
  /** PUT of the whole claim with our finalizer. */
  | (BindingStep<'protect-claim'> & { readonly claim: PersistentVolumeClaim })
  /** A live read of the snapshot itself. It shares the post's not-before time. */
  | (BindingStep<'create-content'> & { readonly action: 'see-snapshot' })
  | (BindingStep<'create-content'> & { readonly action: 'post'; readonly content: VolumeSnapshotContent })
  /**
   * The bound name alone, held back for a moment after the post: a fast driver's answer then goes into
   * the same write.
   */
  | (BindingStep<'create-content'> & { readonly action: 'note-name'; readonly patch: Patch })
  /** Gives a pre-provisioned content our uid and class. */
  | (BindingStep<'bind-content'> & { readonly patch: Patch })
  | (BindingStep<'write-status'> & { readonly patch: Patch; readonly created: boolean; readonly ready: boolean })
  | (BindingStep<'mark-content'> & { readonly patch: Patch })
  | (BindingStep<'delete-content'> & { readonly uid: string; readonly resourceVersion: string })
  /** Takes our finalizers off the snapshot, which then goes. */
  | (BindingStep<'release-snapshot'> & { readonly patch: Patch });

export type BindingRest = Rest<BindingEffect['backoff']>;

export type BindingNext = BindingEffect | BindingRest;

/** What was found or written, folded into the state as it stands; `posted` and `refusal` come with it. */
export type Found = Partial<Pick<BindingState, 'content' | 'snapshotClass' | 'claim' | 'volume' | 'posted' | 'refusal'>>;

export type BindingAnswer =
  /** Undefined: the snapshot itself went meanwhile. */
  | { readonly kind: 'snapshot'; readonly object: VolumeSnapshot | undefined }
  | { readonly kind: 'found'; readonly needed?: Needed; readonly found: Found };
