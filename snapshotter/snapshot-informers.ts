/** The caches of the snapshot-controller, and how its controllers find snapshots in them. */
import type { Informer } from '../lib/controller/informer.ts';
import type { Index } from '../lib/controller/store.ts';
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../lib/kube/objects.ts';
import { isDeleting, text } from './content-accessors.ts';
import { contentNames, sourceOf } from './source.ts';

/** Snapshots by the claim that they are of (namespace/name). */
export const CLAIM_INDEX: Index<VolumeSnapshot> = {
  name: 'claim',
  values: (snapshot) => {
    const source = sourceOf(snapshot);
    return source.kind === 'claim' ? [`${snapshot.metadata?.namespace ?? ''}/${source.claimName}`] : [];
  },
};

/** Snapshots by the names that their content may have. */
export const CONTENT_INDEX: Index<VolumeSnapshot> = { name: 'content', values: (snapshot) => [...new Set(contentNames(snapshot))] };

/** Un-ready snapshots by class; the empty value holds those that wait for a default. */
export const CLASS_INDEX: Index<VolumeSnapshot> = {
  name: 'class',
  values: (snapshot) =>
    snapshot.status?.readyToUse === true || isDeleting(snapshot) ? [] : [text(snapshot.spec?.volumeSnapshotClassName) ?? ''],
};

export const SNAPSHOT_INDEXES: readonly Index<VolumeSnapshot>[] = [CLAIM_INDEX, CONTENT_INDEX, CLASS_INDEX];

export interface SnapshotInformers {
  readonly snapshots: Informer<VolumeSnapshot>;
  readonly contents: Informer<VolumeSnapshotContent>;
  readonly classes: Informer<VolumeSnapshotClass>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly nodes: Informer<Node> | undefined;
}
