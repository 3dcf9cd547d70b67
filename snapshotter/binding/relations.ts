/** How the objects of one kind of snapshots are found from each other in the caches, and whom a change of them concerns. */
import { type Index, keyOf, type Store } from '../../lib/controller/store.ts';
import type { PersistentVolume, PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { text } from '../content-accessors.ts';
import type { ContentObject, SnapshotObject } from '../kinds/kind.ts';
import type { SourceClaim } from '../kinds/sources.ts';
import type { Restore } from '../kinds/words.ts';
import { RESTORE_PROTECTION } from '../names.ts';
import type { BindingState } from './state.ts';

export type Related<S extends SnapshotObject, C extends ContentObject> = Pick<
  BindingState<S, C>,
  'sources' | 'selector' | 'restores' | 'members' | 'membership' | 'groupName'
>;

export interface Relations<S extends SnapshotObject, C extends ContentObject> {
  /** Everything but snapshot, content and classes. `content`: its own; undefined: it has none yet. */
  readonly of: (snapshot: S, content: C | undefined) => Related<S, C>;
  /** Names of contents that are looked under before those that every kind has. */
  readonly contentNames: (snapshot: S) => readonly string[];
  /** Keys of snapshots that a claim is, or may become, a source of. */
  readonly ofClaim: (claim: PersistentVolumeClaim) => readonly string[];
  /** Keys of snapshots that wait for restores of a VolumeSnapshot (by its key) to end. */
  readonly ofRestore: (snapshotKey: string) => readonly string[];
}

/** Claims by the snapshot that they are restored from (namespace/name). */
export const RESTORES_INDEX: Index<PersistentVolumeClaim> = { name: 'restores', values: restoredFrom };

export interface ClaimStores {
  readonly claims: Store<PersistentVolumeClaim>;
  readonly volumes: Store<PersistentVolume>;
}

export function sourceIn({ volumes }: Pick<ClaimStores, 'volumes'>, name: string, claim: PersistentVolumeClaim | undefined): SourceClaim {
  const volumeName = text(claim?.spec?.volumeName);
  return { name, claim, volume: volumeName === undefined ? undefined : volumes.get(volumeName) };
}

/** Undefined where nothing is filled from the snapshot. The provisioner's finalizer outlives its claim. */
export function restoreOf({ claims }: Pick<ClaimStores, 'claims'>, snapshot: VolumeSnapshot): Restore | undefined {
  const key = keyOf(snapshot);
  const names = claims.byIndex(RESTORES_INDEX.name, key).flatMap((one) => (isPending(one) ? [keyOf(one)] : []));
  const isFilling = snapshot.metadata?.finalizers?.includes(RESTORE_PROTECTION) === true;
  return names.length > 0 || isFilling ? { snapshot: key, claims: names } : undefined;
}

/** An empty phase is a claim that nobody looked at yet. */
function isPending({ status }: PersistentVolumeClaim): boolean {
  return status?.phase === 'Pending' || text(status?.phase) === undefined;
}

/** dataSource is of the claim's own namespace; dataSourceRef may name another one. */
function restoredFrom({ metadata, spec }: PersistentVolumeClaim): readonly string[] {
  const own = metadata?.namespace ?? '';
  const keys = [spec?.dataSource, spec?.dataSourceRef].flatMap((ref) => {
    if (ref?.kind !== 'VolumeSnapshot' || ref.apiGroup !== 'snapshot.storage.k8s.io') return [];
    return text(ref.name) === undefined ? [] : [`${text(ref.namespace) ?? own}/${ref.name}`];
  });
  return [...new Set(keys)];
}
