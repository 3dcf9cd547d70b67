/** Reads the stores for one content. */
import type { Store } from '../../lib/controller/store.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { refersTo, snapshotKeyOf } from '../content-accessors.ts';
import type { ContentProtectionState } from './state.ts';

export interface ContentProtectionGatherDeps {
  readonly contents: Store<VolumeSnapshotContent>;
  readonly snapshots: Store<VolumeSnapshot>;
  /** By uid: see `cameAlone`. */
  readonly alone: ReadonlySet<string>;
}

export function gather({ contents, snapshots, alone }: ContentProtectionGatherDeps, key: string): ContentProtectionState | undefined {
  const content = contents.get(key);
  if (content === undefined) return undefined;
  const snapshot = snapshots.get(snapshotKeyOf(content) ?? '');
  return {
    content,
    snapshot: snapshot !== undefined && refersTo(content, snapshot) ? 'there' : 'unseen',
    cameAlone: alone.has(content.metadata?.uid ?? ''),
    gone: false,
  };
}
