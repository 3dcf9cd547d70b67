/** kubernetes.io/azure-disk, taken over by disk.csi.azure.com. Managed disks alone. */
import type { TopologySelectorTerm } from '../../lib/kube/objects.ts';
import { translateZonedClass } from './class-parameters.ts';
import { fault, type InTreePlugin, translated, withSource } from './plugin.ts';

const DRIVER = 'disk.csi.azure.com';
const ZONE_KEY = `topology.${DRIVER}/zone`;
const MANAGED = 'Managed';
const MANAGED_DISK = /.*\/subscriptions\/.*\/resourceGroups\/.*\/providers\/Microsoft.Compute\/disks\/(.+)/;
const BLOB = /^http.*:\/\/.*\/vhds\/(.+)/;

export const AZURE_DISK: InTreePlugin = {
  name: 'kubernetes.io/azure-disk',
  driver: DRIVER,
  field: 'azureDisk',
  alsoReads: [],
  translateClass: (storageClass) => {
    const zoned = translateZonedClass(storageClass, ZONE_KEY, {});
    if (!zoned.ok || zoned.value.allowedTopologies === undefined) return zoned;
    return translated({ ...zoned.value, allowedTopologies: zoned.value.allowedTopologies.map(withoutFailureDomains) });
  },
  handleOf: ({ spec }) => {
    const kind = spec?.azureDisk?.kind ?? MANAGED;
    const diskURI = spec?.azureDisk?.diskURI ?? '';
    if (kind.toLowerCase() !== MANAGED.toLowerCase())
      return fault(`the PersistentVolume is a disk of kind ${kind}: the CSI driver knows managed disks alone`);
    return diskURI === '' ? fault('the PersistentVolume names no disk') : translated(diskURI);
  },
  toInTree: (volume) => {
    const { volumeHandle: diskURI = '', volumeAttributes = {}, fsType = '', readOnly = false } = volume.spec?.csi ?? {};
    const pattern = diskURI.toLowerCase().startsWith('http') ? BLOB : MANAGED_DISK;
    const diskName = pattern.exec(diskURI)?.[1];
    if (diskName === undefined) return fault(`volume handle "${diskURI}" does not have the form of an Azure disk`);
    const attributes = new Map(Object.entries(volumeAttributes).map(([key, value]) => [key.toLowerCase(), value]));
    const cachingMode = attributes.get('cachingmode') || undefined;
    const source = {
      diskName,
      diskURI,
      fsType: attributes.get('fstype') || fsType,
      readOnly,
      kind: MANAGED,
      ...(cachingMode === undefined ? {} : { cachingMode }),
    };
    return translated(withSource(volume, 'azureDisk', source));
  },
};

/** In a region without zones the plugin says "0", "1" for failure domains, where the driver says "". */
function withoutFailureDomains(term: TopologySelectorTerm): TopologySelectorTerm {
  return {
    matchLabelExpressions: (term.matchLabelExpressions ?? []).map((one) =>
      one.key === ZONE_KEY ? { ...one, values: (one.values ?? []).map((value) => (/^\d+$/.test(value) ? '' : value)) } : one,
    ),
  };
}
