/** The two sides compared. Pure; whatever leaves a doubt is a reason to keep. */
import type { Finding } from './causes.ts';
import { snapshotLeaks } from './find-snapshots.ts';
import { volumeLeaks } from './find-volumes.ts';
import type { Found, Sides } from './found.ts';

export function findLeaks(sides: Sides): Found {
  const parts = [volumeLeaks(sides), snapshotLeaks(sides)];
  const [unread] = sides.cluster.unread;
  // Whoever does not see all of the cluster cannot know what is needed there.
  const keep = unread === undefined ? undefined : `not all of the cluster could be read: ${unread}`;
  return {
    findings: parts
      .flatMap(({ findings }) => findings)
      .map((each) => (keep === undefined || each.keep !== undefined ? each : { ...each, keep })),
    underWay: parts.reduce((sum, { underWay }) => sum + underWay, 0),
  };
}

/** Objects whose handle the driver does not list. Those that are being deleted are about to go. */
export function findLost({ driver, cluster }: Pick<Sides, 'driver' | 'cluster'>): Finding[] {
  const volumes = (cluster.volumes ?? []).flatMap(({ metadata, spec, status }): Finding[] => {
    const id = spec?.csi?.volumeHandle ?? '';
    if (driver.volumes === undefined || spec?.csi?.driver !== driver.name || metadata?.deletionTimestamp !== undefined) return [];
    if (driver.volumes.has(id)) return [];
    const claim = spec.claimRef === undefined ? '' : `, of claim ${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`;
    return [
      {
        cause: 'volume-lost',
        kind: 'volume',
        id,
        object: `PersistentVolume/${metadata?.name ?? ''}`,
        detail: `${status?.phase ?? ''}${claim}`,
      },
    ];
  });
  const snapshots = (cluster.contents ?? []).flatMap(({ metadata, spec, status }): Finding[] => {
    const id = status?.snapshotHandle ?? spec?.source?.snapshotHandle ?? '';
    if (driver.snapshots === undefined || spec?.driver !== driver.name || metadata?.deletionTimestamp !== undefined) return [];
    if (id === '' || driver.snapshots.has(id)) return [];
    const { namespace = '', name = '' } = spec.volumeSnapshotRef ?? {};
    return [
      {
        cause: 'snapshot-lost',
        kind: 'snapshot',
        id,
        object: `VolumeSnapshotContent/${metadata?.name ?? ''}`,
        detail: `of VolumeSnapshot ${namespace}/${name}`,
      },
    ];
  });
  return [...volumes, ...snapshots];
}
