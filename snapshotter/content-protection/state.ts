/** What the snapshot-controller looks at on a content by itself: its form, and its finalizer. */
import type { Effect } from '../../lib/controller/step.ts';
import type { Patch } from '../../lib/kube/client.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';

export interface ContentProtectionState {
  readonly content: VolumeSnapshotContent;
}

export type ContentProtectionEffect = Effect & { readonly kind: 'protect-content'; readonly patch: Patch };
