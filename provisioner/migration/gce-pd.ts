/** kubernetes.io/gce-pd, taken over by pd.csi.storage.gke.io. */
import { FS_TYPE, translateZonedClass } from './class-parameters.ts';
import { commonOf, fault, type InTreePlugin, partitionOf, type Translated, translated, withSource } from './plugin.ts';
import { labelledZones, onlyRegion, zonesToInTree } from './zones.ts';

const ZONE_KEY = 'topology.gke.io/zone';
/** The driver looks up what the plugin never knew. */
const UNSPECIFIED = 'UNSPECIFIED';

export const GCE_PD: InTreePlugin = {
  name: 'kubernetes.io/gce-pd',
  driver: 'pd.csi.storage.gke.io',
  field: 'gcePersistentDisk',
  alsoReads: ['metadata.labels'],
  translateClass: (storageClass) => translateZonedClass(storageClass, ZONE_KEY, { fstype: (value) => ({ [FS_TYPE]: value }) }),
  handleOf: (volume) => {
    const disk = volume.spec?.gcePersistentDisk?.pdName ?? '';
    if (disk === '') return fault('the PersistentVolume names no persistent disk');
    const zones = labelledZones(volume);
    if (zones.length < 2) return translated(`projects/${UNSPECIFIED}/zones/${zones[0] ?? UNSPECIFIED}/disks/${disk}`);
    const region = regionOf(zones);
    return region.ok ? translated(`projects/${UNSPECIFIED}/regions/${region.value}/disks/${disk}`) : region;
  },
  toInTree: (volume) => {
    const handle = volume.spec?.csi?.volumeHandle ?? '';
    const pdName = handle.split('/')[5];
    if (pdName === undefined) return fault(`volume handle "${handle}" does not have the form projects/P/zones/Z/disks/D`);
    const partition = partitionOf(volume);
    if (!partition.ok) return partition;
    const located = zonesToInTree(volume, ZONE_KEY, regionOf);
    return located.ok
      ? translated(withSource(located.value, 'gcePersistentDisk', { pdName, ...commonOf(volume), ...partition.value }))
      : located;
  },
};

/** us-central1-a is in us-central1. */
function regionOf(zones: readonly string[]): Translated<string> {
  return onlyRegion(zones, (zone) => {
    const parts = zone.split('-');
    return parts.length === 3 ? parts.slice(0, 2).join('-') : undefined;
  });
}
