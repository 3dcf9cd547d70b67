/** What the loop of one snapshot, or of one group of them, knows, and everything it can do. */
import type { Patch } from '../../lib/kube/client.ts';
import type {
  KubeObject,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Resource,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { Cause } from '../failure-note.ts';
import type { ContentObject, SnapshotClass, SnapshotKind, SnapshotObject } from '../kinds/kind.ts';
import type { SourceClaim } from '../kinds/sources.ts';
import type { Restore } from '../kinds/words.ts';
import type { Membership } from '../membership.ts';

export interface BindingSettings {
  /** Writes the source's volume mode into the content, so that a restore cannot change it unseen. */
  readonly preventVolumeModeConversion: boolean;
  /** Labels the content with a node that can reach the volume. */
  readonly distributedSnapshotting: boolean;
}

/**
 * What caches may not show as it is: things are called missing only after a live read, and a content is
 * posted only for a snapshot that was seen alive in this run. `selection`: the claims that a selector finds now.
 * `group` and `group-content`: of the group that a snapshot says it belongs to.
 */
export type Needed = 'snapshot' | 'content' | 'class' | 'claim' | 'volume' | 'selection' | 'group' | 'group-content';

/** Several claims and volumes may be needed, each by its name; of the rest there is one. */
export type Confirmed = ReadonlySet<string>;

export function confirmation(needed: Needed, name: string): string {
  return needed === 'claim' || needed === 'volume' ? `${needed} ${name}` : needed;
}

/** The VolumeSnapshots of a group, by name. A single snapshot has none. */
export interface Members {
  /** Not yet there, or without a content. */
  readonly unmade: readonly string[];
  /** There, and nobody has deleted them. */
  readonly undeleted: readonly string[];
}

export interface BindingState<S extends SnapshotObject = VolumeSnapshot, C extends ContentObject = VolumeSnapshotContent> {
  /** Wall clock of the gathering, ms. */
  readonly now: number;
  readonly settings: BindingSettings;
  readonly kind: SnapshotKind<S, C>;
  readonly snapshot: S;
  /** True once an answer said that the snapshot is no more. */
  readonly gone: boolean;
  /** Found under the name that this snapshot's content has; whether it is really its own is decided. */
  readonly content: C | undefined;
  /** The class that the spec names. */
  readonly snapshotClass: SnapshotClass | undefined;
  /** Every class marked as default, of any driver. */
  readonly defaultClasses: readonly SnapshotClass[];
  /** What it is made of; empty for a pre-provisioned one, and for one that has its content. */
  readonly sources: readonly SourceClaim[];
  /** How the claims are chosen, for people and for the query; undefined where the spec names one. */
  readonly selector: string | undefined;
  /** Empty unless distributed. */
  readonly nodes: readonly Node[];
  /** The snapshots of this key from which volumes are being filled: the snapshot itself, or members. */
  readonly restores: readonly Restore[];
  readonly members: Members;
  /** The group that a single snapshot belongs to. */
  readonly membership: Membership | undefined;
  /** How groups are written in owner references; undefined where they are not served. */
  readonly groupKind: Pick<Resource<KubeObject>, 'group' | 'version' | 'kind'> | undefined;
  /** The name of the group whose handle the content carries, for a single snapshot whose status does not say it. */
  readonly groupName: string | undefined;
  /** What was read live in this run (the answer of a write counts), or seen going by the watch. */
  readonly confirmed: Confirmed;
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

export type BindingEffect<C extends ContentObject = VolumeSnapshotContent> =
  /** A live read of what the caches do not hold. */
  | (BindingStep<'confirm'> & { readonly needed: Exclude<Needed, 'snapshot'>; readonly name: string })
  | (BindingStep<'set-class'> & { readonly patch: Patch })
  /** A status with an error (and its event). */
  | (BindingStep<'write-error'> & { readonly patch: Patch })
  /** The annotation that programs read. */
  | (BindingStep<'note-failure'> & { readonly patch: Patch })
  /** And, side by side with it, PUT of claims that are to be read. */
  | (BindingStep<'add-finalizers'> & { readonly patch: Patch; readonly claims: readonly PersistentVolumeClaim[] })
  /** PUT of whole claims with our finalizer, side by side. */
  | (BindingStep<'protect-claim'> & { readonly claims: readonly PersistentVolumeClaim[] })
  /** A live read of the snapshot itself. It shares the post's not-before time. */
  | (BindingStep<'create-content'> & { readonly action: 'see-snapshot' })
  | (BindingStep<'create-content'> & { readonly action: 'post'; readonly content: C })
  /**
   * The bound name alone, held back for a moment after the post: a fast driver's answer then goes into
   * the same write.
   */
  | (BindingStep<'create-content'> & { readonly action: 'note-name'; readonly patch: Patch })
  /** Gives a pre-provisioned content our uid and class. */
  | (BindingStep<'bind-content'> & { readonly patch: Patch })
  /** Held back like the bound name while the members of a group are being made. */
  | (Effect<'write-status' | 'create-content'> & { readonly kind: 'write-status'; readonly patch: Patch })
  /** Makes the group the owner of a pre-provisioned member. */
  | (BindingStep<'add-owner'> & { readonly patch: Patch })
  | (BindingStep<'mark-content'> & { readonly patch: Patch })
  | (BindingStep<'delete-content'> & { readonly uid: string; readonly resourceVersion: string })
  /** Takes our finalizers off the snapshot, which then goes. */
  | (BindingStep<'release-snapshot'> & { readonly patch: Patch });

export type BindingRest = Rest<BindingEffect['backoff']>;

export type BindingNext<C extends ContentObject = VolumeSnapshotContent> = BindingEffect<C> | BindingRest;

/** What was found or written. A live read says at most that it is not there. */
export type Found<S extends SnapshotObject, C extends ContentObject> = Partial<
  Pick<BindingState<S, C>, 'content' | 'snapshotClass' | 'posted' | 'refusal'>
>;

export type FoundClaims = readonly (readonly [name: string, claim: PersistentVolumeClaim | undefined])[];

export type BindingAnswer<S extends SnapshotObject = VolumeSnapshot, C extends ContentObject = VolumeSnapshotContent> =
  /** Undefined: the snapshot itself went meanwhile. `claims`: that were written beside it. */
  | { readonly kind: 'snapshot'; readonly object: S | undefined; readonly claims?: FoundClaims }
  | { readonly kind: 'found'; readonly needed?: Needed; readonly found: Found<S, C> }
  /** By name; undefined: it is not there. */
  | { readonly kind: 'claims'; readonly claims: FoundClaims }
  | { readonly kind: 'volume'; readonly name: string; readonly object: PersistentVolume | undefined }
  /** All that the selector finds. */
  | { readonly kind: 'selection'; readonly sources: readonly SourceClaim[] }
  | { readonly kind: 'group'; readonly object: VolumeGroupSnapshot | undefined }
  | { readonly kind: 'group-content'; readonly object: VolumeGroupSnapshotContent | undefined };
