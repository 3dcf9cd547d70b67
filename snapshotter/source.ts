/** Where a VolumeSnapshot comes from, and which content is its own. */
import type { VolumeSnapshot } from '../lib/kube/objects.ts';
import { text } from './content-accessors.ts';

export type Source =
  | { readonly kind: 'claim'; readonly claimName: string }
  | { readonly kind: 'content'; readonly contentName: string }
  /** Neither or both: the schema forbids it, old objects may have it. */
  | { readonly kind: 'invalid' };

export function sourceOf({ spec }: VolumeSnapshot): Source {
  const claimName = text(spec?.source?.persistentVolumeClaimName);
  const contentName = text(spec?.source?.volumeSnapshotContentName);
  if (claimName !== undefined && contentName === undefined) return { kind: 'claim', claimName };
  if (contentName !== undefined && claimName === undefined) return { kind: 'content', contentName };
  return { kind: 'invalid' };
}
