/** kubernetes.io/aws-ebs, taken over by ebs.csi.aws.com. */
import { FS_TYPE, translateZonedClass } from './class-parameters.ts';
import { commonOf, fault, type InTreePlugin, partitionOf, type Translated, translated, withSource } from './plugin.ts';
import { onlyRegion, zonesToInTree } from './zones.ts';

const DRIVER = 'ebs.csi.aws.com';
const ZONE_KEY = `topology.${DRIVER}/zone`;

export const AWS_EBS: InTreePlugin = {
  name: 'kubernetes.io/aws-ebs',
  driver: DRIVER,
  field: 'awsElasticBlockStore',
  alsoReads: [],
  translateClass: (storageClass) =>
    translateZonedClass(storageClass, ZONE_KEY, {
      fstype: (value) => ({ [FS_TYPE]: value }),
      // The plugin raised IOPS to the least that AWS takes; the driver does it only where it is told.
      iopspergb: (value, key) => ({ [key]: value, allowautoiopspergbincrease: 'true' }),
    }),
  handleOf: ({ spec }) => volumeId(spec?.awsElasticBlockStore?.volumeID ?? ''),
  toInTree: (volume) => {
    const partition = partitionOf(volume);
    if (!partition.ok) return partition;
    const located = zonesToInTree(volume, ZONE_KEY, regionOf);
    if (!located.ok) return located;
    const source = { volumeID: volume.spec?.csi?.volumeHandle ?? '', ...commonOf(volume), ...partition.value };
    return translated(withSource(located.value, 'awsElasticBlockStore', source));
  },
};

/** `aws://us-east-1a/vol-1`, `aws:///vol-1` or the bare id. */
function volumeId(id: string): Translated<string> {
  if (id === '') return fault('the PersistentVolume names no EBS volume');
  if (!id.startsWith('aws://')) return translated(id);
  const path = id
    .slice('aws://'.length)
    .replace(/^[^/]*/, '')
    .replaceAll(/^\/+|\/+$/g, '');
  return /^vol-[^/]*$/.test(path) ? translated(path) : fault(`"${id}" does not have the form of an EBS volume, aws://ZONE/vol-ID`);
}

/** us-west-2a, us-gov-east-1a; local zones us-west-2-lax-1a, Wavelength us-east-1-wl1-bos-wlz-1. */
function regionOf(zones: readonly string[]): Translated<string> {
  return onlyRegion(zones, (zone) => {
    const parts = zone.split('-');
    const last = parts.at(-1) ?? '';
    if ((parts.length === 3 || parts.length === 4) && last.length === 2) return [...parts.slice(0, -1), last.slice(0, 1)].join('-');
    return parts.length === 5 || parts.length === 7 ? parts.slice(0, 3).join('-') : undefined;
  });
}
