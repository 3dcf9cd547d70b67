/** Where a VolumeSnapshot comes from, and which content is its own. */
import type { VolumeSnapshot } from '../lib/kube/objects.ts';
import { isDeleting, text } from './content-accessors.ts';
import { contentNameOf } from './names.ts';

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

/** The name that the content must have by the rules. Undefined: there can be none. */
export function expectedContentName(snapshot: VolumeSnapshot): string | undefined {
  const source = sourceOf(snapshot);
  if (source.kind === 'content') return source.contentName;
  const uid = text(snapshot.metadata?.uid);
  return source.kind === 'claim' && uid !== undefined ? contentNameOf(uid) : undefined;
}

/**
 * The names to look under, the likeliest first. A bound name counts for what is ready or going; until
 * then the rule does, so that a wrong bound name heals.
 */
export function contentNames(snapshot: VolumeSnapshot): readonly string[] {
  const bound = text(snapshot.status?.boundVolumeSnapshotContentName);
  const expected = expectedContentName(snapshot);
  const settled = snapshot.status?.readyToUse === true || isDeleting(snapshot);
  const names = settled ? [bound, expected] : [expected];
  return names.filter((name) => name !== undefined);
}
