/** What the snapshot-controller looks at on a content by itself: its form, its finalizer, and whether anybody owns it. */
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { Patch } from '../../lib/kube/client.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';

export interface ContentProtectionState {
  readonly content: VolumeSnapshotContent;
  /** The VolumeSnapshot that the content names by uid. `unseen`: the cache has none, which may lag. `gone`: read live. */
  readonly snapshot: 'there' | 'unseen' | 'gone';
  /** This process has seen it without a handle and without its VolumeSnapshot: what was made since is nobody's. */
  readonly cameAlone: boolean;
  /** True once an answer said that the content is no more. */
  readonly gone: boolean;
}

type Backoff = 'protect-content' | 'remove-orphan';

export type ContentProtectionEffect =
  | (Effect<Backoff> & { readonly kind: 'protect-content'; readonly patch: Patch })
  /** A live read of the VolumeSnapshot. */
  | (Effect<Backoff> & { readonly kind: 'see-snapshot' })
  | (Effect<Backoff> & { readonly kind: 'delete-content'; readonly uid: string; readonly resourceVersion?: string })
  /** Tells the sidecar that the VolumeSnapshot is gone. */
  | (Effect<Backoff> & { readonly kind: 'mark-content'; readonly patch: Patch });

export type ContentProtectionNext = ContentProtectionEffect | Rest<Backoff>;

export type ContentProtectionAnswer =
  /** Undefined: it is gone. */
  { readonly kind: 'content'; readonly object: VolumeSnapshotContent | undefined } | { readonly kind: 'snapshot'; readonly found: boolean };
