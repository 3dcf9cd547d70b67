import type { KubeObject, PersistentVolume, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../lib/kube/resources.ts';
import type { Kube } from '../harness/kube.ts';

/** What became of what: the claim, its volume, the snapshot of it, and the claim and volume restored from that. */
export interface Lineage {
  readonly source: PersistentVolumeClaim;
  readonly sourceVolume: PersistentVolume;
  readonly snapshot: VolumeSnapshot;
  readonly content: VolumeSnapshotContent;
  readonly restored: PersistentVolumeClaim;
  readonly restoredVolume: PersistentVolume;
}

const namespace = 'default';

export async function readLineage(kube: Kube): Promise<Lineage> {
  const source = await kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
  const snapshot = await kube.get(VOLUME_SNAPSHOTS, { namespace, name: 'data-snapshot' });
  const restored = await kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data-restored' });
  const volumeOf = (claim: PersistentVolumeClaim): Promise<PersistentVolume> =>
    kube.get(PERSISTENT_VOLUMES, { name: claim.spec?.volumeName ?? '' });
  return {
    source,
    sourceVolume: await volumeOf(source),
    snapshot,
    content: await kube.get(VOLUME_SNAPSHOT_CONTENTS, { name: snapshot.status?.boundVolumeSnapshotContentName ?? '' }),
    restored,
    restoredVolume: await volumeOf(restored),
  };
}

/** One line an object, each below what it came from. */
export function drawLineage({ source, sourceVolume, snapshot, content, restored, restoredVolume }: Lineage): string[] {
  const entries: (readonly [kind: string, name: string, fact: string])[] = [
    ['PersistentVolumeClaim', nameOf(source), source.status?.phase ?? ''],
    ['PersistentVolume', nameOf(sourceVolume), `volume id ${sourceVolume.spec?.csi?.volumeHandle ?? ''}`],
    ['VolumeSnapshot', nameOf(snapshot), snapshot.status?.readyToUse === true ? 'ready to use' : 'not ready'],
    ['VolumeSnapshotContent', nameOf(content), content.spec?.deletionPolicy ?? ''],
    ['snapshot of the driver', content.status?.snapshotHandle ?? '', `size ${String(content.status?.restoreSize ?? '')}`],
    ['PersistentVolumeClaim', nameOf(restored), restored.status?.phase ?? ''],
    ['PersistentVolume', nameOf(restoredVolume), `volume id ${restoredVolume.spec?.csi?.volumeHandle ?? ''}`],
  ];
  const heads = entries.map(([kind, name], depth) => `${depth === 0 ? '' : `${'   '.repeat(depth - 1)}└─ `}${kind} ${name}`);
  const width = Math.max(...heads.map((head) => head.length));
  return heads.map((head, index) => `  ${head.padEnd(width)}  ${entries[index]?.[2] ?? ''}`);
}

function nameOf({ metadata }: KubeObject): string {
  return metadata?.namespace === undefined ? (metadata?.name ?? '') : `${metadata.namespace}/${metadata.name ?? ''}`;
}
