/** kubernetes.io/cinder, taken over by cinder.csi.openstack.org. */
import { allowedUnder, FS_TYPE, renamed } from './class-parameters.ts';
import { commonOf, fault, type InTreePlugin, translated, withSource } from './plugin.ts';
import { zonesToInTree } from './zones.ts';

const DRIVER = 'cinder.csi.openstack.org';
const ZONE_KEY = `topology.${DRIVER}/zone`;

export const CINDER: InTreePlugin = {
  name: 'kubernetes.io/cinder',
  driver: DRIVER,
  field: 'cinder',
  alsoReads: [],
  // The parameter `availability` is the driver's, too, and no topology.
  translateClass: (storageClass) =>
    translated({
      ...storageClass,
      parameters: renamed(storageClass.parameters ?? {}, { fstype: (value) => ({ [FS_TYPE]: value }) }),
      ...allowedUnder(storageClass, ZONE_KEY),
    }),
  handleOf: ({ spec }) => {
    const id = spec?.cinder?.volumeID ?? '';
    return id === '' ? fault('the PersistentVolume names no Cinder volume') : translated(id);
  },
  toInTree: (volume) => {
    // A region cannot be told from a zone.
    const located = zonesToInTree(volume, ZONE_KEY);
    if (!located.ok) return located;
    return translated(withSource(located.value, 'cinder', { volumeID: volume.spec?.csi?.volumeHandle ?? '', ...commonOf(volume) }));
  },
};
