/** The caches of the snapshot-controller, and how its controllers find snapshots in them. */
import type { Informer, InformerEvent } from '../lib/controller/informer.ts';
import type { Index, Store } from '../lib/controller/store.ts';
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../lib/kube/objects.ts';
import { isDeleting, text, volumeHandleOf, volumeIndexValue } from './content-accessors.ts';
import { contentNames } from './kinds/accessors.ts';
import { selectorOf, volumeHandlesOf } from './kinds/group-kind.ts';
import type { ContentObject, SnapshotClass, SnapshotKind, SnapshotObject } from './kinds/kind.ts';
import { SINGLE } from './kinds/single-kind.ts';
import { isGroupContent } from './group-fields.ts';
import { GROUP_HANDLE_INDEX, GROUP_INDEX } from './membership.ts';
import { CLAIM_PROTECTION, GROUP_HANDLE } from './names.ts';
import { sourceOf } from './source.ts';

/** Snapshots by the claim that they are of (namespace/name). */
export const CLAIM_INDEX: Index<VolumeSnapshot> = {
  name: 'claim',
  values: (snapshot) => {
    const source = sourceOf(snapshot);
    return source.kind === 'claim' ? [`${snapshot.metadata?.namespace ?? ''}/${source.claimName}`] : [];
  },
};

export const CONTENT_INDEX_NAME = 'content';
export const CLASS_INDEX_NAME = 'class';

/** What the loop of either kind looks up by name. */
export function kindIndexes<S extends SnapshotObject, C extends ContentObject>(kind: SnapshotKind<S, C>): readonly Index<S>[] {
  return [
    /** By the names that their content may have. */
    { name: CONTENT_INDEX_NAME, values: (snapshot) => [...new Set(contentNames(kind, snapshot))] },
    /** Un-ready ones by class; the empty value holds those that wait for a default. */
    {
      name: CLASS_INDEX_NAME,
      values: (snapshot) => (snapshot.status?.readyToUse === true || isDeleting(snapshot) ? [] : [kind.classNameOf(snapshot) ?? '']),
    },
  ];
}

export const SNAPSHOT_INDEXES: readonly Index<VolumeSnapshot>[] = [CLAIM_INDEX, GROUP_INDEX, ...kindIndexes(SINGLE)];

/** Groups that are still to be made of the claims of a namespace. */
export const SELECTING_INDEX: Index<VolumeGroupSnapshot> = {
  name: 'selecting',
  values: (group) => {
    const isSelecting = selectorOf(group.spec) !== undefined && group.status?.readyToUse !== true && !isDeleting(group);
    return isSelecting ? [group.metadata?.namespace ?? ''] : [];
  },
};

/** Contents of snapshots by the group that the driver, or the snapshot-controller, says they belong to (driver and handle). */
export const OF_GROUP_INDEX: Index<VolumeSnapshotContent> = {
  name: 'group',
  values: ({ metadata, spec, status }) => {
    const handle = text(status?.volumeGroupSnapshotHandle) ?? text(metadata?.annotations?.[GROUP_HANDLE]);
    const value = volumeIndexValue(spec?.driver, handle);
    return value === undefined ? [] : [value];
  },
};

/** Contents of snapshots by the volume that they are made from. */
export const SOURCE_INDEX: Index<VolumeSnapshotContent> = {
  name: 'source',
  values: (content) => {
    const value = volumeIndexValue(content.spec?.driver, volumeHandleOf(content));
    return value === undefined ? [] : [value];
  },
};

/** Contents of groups by each of the volumes that they are made from. */
export const SOURCES_INDEX: Index<VolumeGroupSnapshotContent> = {
  name: 'source',
  values: (content) => volumeHandlesOf(content).flatMap((handle) => volumeIndexValue(content.spec?.driver, handle) ?? []),
};

/** Volumes by driver and handle. */
export const VOLUME_INDEX: Index<PersistentVolume> = {
  name: 'handle',
  values: ({ spec }) => {
    const value = volumeIndexValue(spec?.csi?.driver, spec?.csi?.volumeHandle);
    return value === undefined ? [] : [value];
  },
};

/** Claims that carry the finalizer of a source, by namespace. */
export const PROTECTED_INDEX: Index<PersistentVolumeClaim> = {
  name: 'protected',
  values: ({ metadata }) => (metadata?.finalizers?.includes(CLAIM_PROTECTION) === true ? [metadata.namespace ?? ''] : []),
};

export const NAMESPACE_INDEX: Index<PersistentVolumeClaim> = {
  name: 'namespace',
  values: ({ metadata }) => [metadata?.namespace ?? ''],
};

/** The objects of one kind of snapshots. */
export interface KindInformers<S extends SnapshotObject, C extends ContentObject> {
  readonly snapshots: Informer<S>;
  readonly contents: Informer<C>;
  readonly classes: Informer<SnapshotClass>;
}

export interface SnapshotInformers extends KindInformers<VolumeSnapshot, VolumeSnapshotContent> {
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  /** Undefined unless distributed. */
  readonly nodes: Informer<Node> | undefined;
  /** Undefined where groups are off. */
  readonly groups: KindInformers<VolumeGroupSnapshot, VolumeGroupSnapshotContent> | undefined;
}

/** True for a resync, and for a write that changed nothing that is read. */
export function isNoNews({ changed, object }: InformerEvent<unknown>): boolean {
  return !changed && object !== undefined;
}

/** What has become of the group whose member's content it is. */
export function groupOfContent(
  content: VolumeSnapshotContent,
  groupContents: Store<VolumeGroupSnapshotContent> | undefined,
): 'none' | 'there' | 'gone' | 'unserved' {
  if (!isGroupContent(content)) return 'none';
  if (groupContents === undefined) return 'unserved';
  const values = OF_GROUP_INDEX.values(content);
  return values.some((value) => groupContents.byIndex(GROUP_HANDLE_INDEX.name, value).length > 0) ? 'there' : 'gone';
}
