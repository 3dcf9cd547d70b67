/** What the snapshot-controller looks at on a content by itself: its form, its finalizer, and whether anybody owns it. */
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { Patch } from '../../lib/kube/client.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { ContentObject, SnapshotKind, SnapshotObject } from '../kinds/kind.ts';

export interface ContentProtectionState<S extends SnapshotObject = VolumeSnapshot, C extends ContentObject = VolumeSnapshotContent> {
  readonly kind: SnapshotKind<S, C>;
  readonly content: C;
  /** The snapshot that the content names by uid. `unseen`: the cache has none, which may lag. `gone`: read live. */
  readonly snapshot: 'there' | 'unseen' | 'gone';
  /** The group whose member's content it is: whether that has a content. `unserved`: groups are off. */
  readonly group: 'none' | 'there' | 'gone' | 'unserved';
  /** This process has seen it without a handle and without its snapshot: what was made since is nobody's. */
  readonly cameAlone: boolean;
  /** True once an answer said that the content is no more. */
  readonly gone: boolean;
}

type Backoff = 'protect-content' | 'remove-orphan';

export type ContentProtectionEffect =
  | (Effect<Backoff> & { readonly kind: 'protect-content'; readonly patch: Patch })
  /** A live read of the snapshot. */
  | (Effect<Backoff> & { readonly kind: 'see-snapshot' })
  | (Effect<Backoff> & { readonly kind: 'delete-content'; readonly uid: string; readonly resourceVersion?: string })
  /** Tells the sidecar that the snapshot is gone. */
  | (Effect<Backoff> & { readonly kind: 'mark-content'; readonly patch: Patch });

export type ContentProtectionNext = ContentProtectionEffect | Rest<Backoff>;

export type ContentProtectionAnswer<C extends ContentObject = VolumeSnapshotContent> =
  /** Undefined: it is gone. */
  { readonly kind: 'content'; readonly object: C | undefined } | { readonly kind: 'snapshot'; readonly found: boolean };
