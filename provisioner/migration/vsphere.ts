/** kubernetes.io/vsphere-volume, taken over by csi.vsphere.vmware.com. */
import { allowedUnder, FS_TYPE } from './class-parameters.ts';
import { fault, type InTreePlugin, translated, withSource } from './plugin.ts';
import { zonesAndRegionsToInTree } from './zones.ts';

const ZONE_KEY = 'topology.csi.vmware.com/zone';
const REGION_KEY = 'topology.csi.vmware.com/region';
/** The driver answers it to a request that says `csimigration`. */
const VOLUME_PATH = 'initialvolumefilepath';

/** In the plugin's words, and in the driver's. Other parameters mean nothing to the driver and are left out. */
const PARAMETERS: Readonly<Record<string, string>> = {
  fstype: FS_TYPE,
  storagepolicyname: 'storagepolicyname',
  ...Object.fromEntries(
    [
      'datastore',
      'diskformat',
      'hostfailurestotolerate',
      'forceprovisioning',
      'cachereservation',
      'diskstripes',
      'objectspacereservation',
      'iopslimit',
    ].map((name) => [name, `${name}-migrationparam`]),
  ),
};

export const VSPHERE: InTreePlugin = {
  name: 'kubernetes.io/vsphere-volume',
  driver: 'csi.vsphere.vmware.com',
  field: 'vsphereVolume',
  alsoReads: [],
  translateClass: (storageClass) => {
    const known = Object.entries(storageClass.parameters ?? {}).flatMap(([key, value]) => {
      const name = PARAMETERS[key.toLowerCase()];
      return name === undefined ? [] : [[name, value] as const];
    });
    const parameters = { ...Object.fromEntries(known), csimigration: 'true' };
    return translated({ ...storageClass, parameters, ...allowedUnder(storageClass, ZONE_KEY) });
  },
  handleOf: ({ spec }) => {
    const path = spec?.vsphereVolume?.volumePath ?? '';
    return path === '' ? fault('the PersistentVolume names no volume path') : translated(path);
  },
  toInTree: (volume) => {
    const { fsType, volumeAttributes } = volume.spec?.csi ?? {};
    const volumePath = volumeAttributes?.[VOLUME_PATH] ?? '';
    if (volumePath === '') return fault(`the driver made a volume without telling its path (${VOLUME_PATH} in the volume context)`);
    const located = zonesAndRegionsToInTree(volume, { zone: ZONE_KEY, region: REGION_KEY });
    return translated(withSource(located, 'vsphereVolume', { volumePath, ...(fsType === undefined ? {} : { fsType }) }));
  },
};
