/** Reads the stores for one content. */
import type { Store } from '../../lib/controller/store.ts';
import { refersTo, snapshotKeyOf } from '../kinds/accessors.ts';
import type { ContentObject, SnapshotKind, SnapshotObject } from '../kinds/kind.ts';
import type { ContentProtectionState } from './state.ts';

export interface ContentProtectionGatherDeps<S extends SnapshotObject, C extends ContentObject> {
  readonly kind: SnapshotKind<S, C>;
  readonly contents: Store<C>;
  readonly snapshots: Store<S>;
  readonly groupOf: (content: C) => ContentProtectionState['group'];
  /** By uid: see `cameAlone`. */
  readonly alone: ReadonlySet<string>;
}

export function gather<S extends SnapshotObject, C extends ContentObject>(
  { kind, contents, snapshots, groupOf, alone }: ContentProtectionGatherDeps<S, C>,
  key: string,
): ContentProtectionState<S, C> | undefined {
  const content = contents.get(key);
  if (content === undefined) return undefined;
  const snapshot = snapshots.get(snapshotKeyOf(kind, content) ?? '');
  return {
    kind,
    content,
    snapshot: snapshot !== undefined && refersTo(kind, content, snapshot) ? 'there' : 'unseen',
    group: groupOf(content),
    cameAlone: alone.has(content.metadata?.uid ?? ''),
    gone: false,
  };
}
