/** Reads the stores for one claim. */
import type { Index, Store } from '../../lib/controller/store.ts';
import type { PersistentVolume, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { text, volumeHandleOf, volumeIndexValue } from '../content-accessors.ts';
import { contentNameOf } from '../names.ts';
import { CLAIM_INDEX } from '../snapshot-informers.ts';
import type { ProtectionState } from './state.ts';

export interface ProtectionGatherDeps {
  readonly claims: Store<PersistentVolumeClaim>;
  readonly volumes: Store<PersistentVolume>;
  readonly snapshots: Store<VolumeSnapshot>;
  readonly contents: Store<VolumeSnapshotContent>;
}

/** Contents by the volume that they are made from. */
export const SOURCE_INDEX: Index<VolumeSnapshotContent> = {
  name: 'source',
  values: (content) => {
    const value = volumeIndexValue(content.spec?.driver, volumeHandleOf(content));
    return value === undefined ? [] : [value];
  },
};

/** Volumes by driver and handle. */
export const VOLUME_INDEX: Index<PersistentVolume> = {
  name: 'handle',
  values: ({ spec }) => {
    const value = volumeIndexValue(spec?.csi?.driver, spec?.csi?.volumeHandle);
    return value === undefined ? [] : [value];
  },
};

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
  };
}
