/** Reads the stores for one claim. */
import type { Store } from '../../lib/controller/store.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import { matchesSelector } from '../../lib/kube/selectors.ts';
import { text, volumeIndexValue } from '../content-accessors.ts';
import { contentNameOf, groupContentNameOf } from '../names.ts';
import { CLAIM_INDEX, SELECTING_INDEX, SOURCE_INDEX, SOURCES_INDEX } from '../snapshot-informers.ts';
import type { ProtectionState } from './state.ts';

export interface ProtectionGatherDeps {
  readonly claims: Store<PersistentVolumeClaim>;
  readonly volumes: Store<PersistentVolume>;
  readonly snapshots: Store<VolumeSnapshot>;
  readonly contents: Store<VolumeSnapshotContent>;
  /** Undefined where groups are off. */
  readonly groups: { readonly groups: Store<VolumeGroupSnapshot>; readonly groupContents: Store<VolumeGroupSnapshotContent> } | undefined;
}

export function gather(deps: ProtectionGatherDeps, key: string): ProtectionState | undefined {
  const claim = deps.claims.get(key);
  if (claim === undefined) return undefined;
  const volumeName = text(claim.spec?.volumeName);
  const csi = volumeName === undefined ? undefined : deps.volumes.get(volumeName)?.spec?.csi;
  const source = volumeIndexValue(csi?.driver, csi?.volumeHandle);
  return {
    claim,
    snapshots: deps.snapshots.byIndex(CLAIM_INDEX.name, key).map((snapshot) => {
      const uid = text(snapshot.metadata?.uid);
      return { snapshot, content: uid === undefined ? undefined : deps.contents.get(contentNameOf(uid)) };
    }),
    contents: source === undefined ? [] : deps.contents.byIndex(SOURCE_INDEX.name, source),
    groups: unready(deps.groups, claim, source),
    groupContents: source === undefined ? [] : (deps.groups?.groupContents.byIndex(SOURCES_INDEX.name, source) ?? []),
  };
}

function unready(
  groups: ProtectionGatherDeps['groups'],
  { metadata }: PersistentVolumeClaim,
  source: string | undefined,
): ProtectionState['groups'] {
  if (groups === undefined) return [];
  return groups.groups
    .byIndex(SELECTING_INDEX.name, metadata?.namespace ?? '')
    .map((group) => ({ group, content: groups.groupContents.get(groupContentNameOf(group.metadata?.uid ?? '')) }))
    .filter(({ group, content }) =>
      content === undefined
        ? matchesSelector(group.spec?.source?.selector, metadata?.labels)
        : source !== undefined && SOURCES_INDEX.values(content).includes(source),
    );
}
