/** Classes: defaults, and objects that name a class which is not there. */
import type { StorageClass, VolumeSnapshot, VolumeSnapshotClass } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, STORAGE_CLASSES, VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { classNameOf } from '../../../provisioner/facts/ownership.ts';
import { IS_DEFAULT_CLASS } from '../../../snapshotter/names.ts';
import { type Case, type Check, isAsked } from '../check.ts';
import { IS_DEFAULT_STORAGE_CLASS } from '../../reading/default-class.ts';
import { driversThere } from '../../reading/drivers-there.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../../reading/place.ts';
import { groupBy } from '../group-by.ts';

export const CLASSES: Check = {
  name: 'classes',
  run: (given) => ({
    findings: [
      ...defaultStorageClasses(given),
      ...defaultSnapshotClasses(given),
      ...claimsWithoutClass(given),
      ...snapshotsWithoutClass(given),
      ...classesWithoutDriver(given),
    ],
  }),
};

const isDefault = ({ metadata }: StorageClass): boolean => metadata?.annotations?.[IS_DEFAULT_STORAGE_CLASS] === 'true';
const isDefaultForSnapshots = ({ metadata }: VolumeSnapshotClass): boolean => metadata?.annotations?.[IS_DEFAULT_CLASS] === 'true';
const named = (objects: readonly StorageClass[]): string => objects.map(({ metadata }) => metadata?.name ?? '').join(', ');

function defaultStorageClasses({ survey, driver }: Case): Finding[] {
  const found = survey.storageClasses.items.filter(isDefault);
  const [first, second] = found;
  if (first === undefined || second === undefined || !found.some((each) => isAsked({ driver }, each.provisioner))) return [];
  return [
    {
      severity: 'warning',
      what: `${found.length} StorageClasses are the default: ${named(found)}`,
      where: placeOf(STORAGE_CLASSES, second),
      since: second.metadata?.creationTimestamp,
      breaks: 'a claim without a class gets the one that was made last, which may be another tomorrow',
      fix: `kubectl annotate storageclass ${first.metadata?.name ?? ''} ${IS_DEFAULT_STORAGE_CLASS}- # of all but one`,
    },
  ];
}

function defaultSnapshotClasses({ survey, driver }: Case): Finding[] {
  const byDriver = groupBy(survey.snapshotClasses.items.filter(isDefaultForSnapshots), (each) => each.driver ?? '');
  return [...byDriver].flatMap(([name, found]): Finding[] => {
    const [first, second] = found;
    if (first === undefined || second === undefined || !isAsked({ driver }, name)) return [];
    return [
      {
        severity: 'error',
        what: `${found.length} VolumeSnapshotClasses are the default of ${name}: ${named(found)}`,
        where: placeOf(VOLUME_SNAPSHOT_CLASSES, second),
        since: second.metadata?.creationTimestamp,
        breaks: 'a VolumeSnapshot without a class is refused',
        fix: `kubectl annotate volumesnapshotclass ${first.metadata?.name ?? ''} ${IS_DEFAULT_CLASS}- # of all but one`,
      },
    ];
  });
}

/** Only where somebody waits for one: many clusters have no default on purpose. */
function claimsWithoutClass({ survey, driver }: Case): Finding[] {
  if (driver !== undefined) return [];
  const { items } = survey.storageClasses;
  const names = new Set(items.map(({ metadata }) => metadata?.name));
  // An administrator's volume needs no class object: the name alone matches.
  const preBound = new Set(
    survey.volumes.items.flatMap(({ status, spec }) => (status?.phase === 'Available' ? [spec?.storageClassName] : [])),
  );
  return survey.claims.items.flatMap((claim): Finding[] => {
    if ((claim.spec?.volumeName ?? '') !== '' || claim.metadata?.deletionTimestamp !== undefined) return [];
    const where = placeOf(PERSISTENT_VOLUME_CLAIMS, claim);
    const common = { severity: 'error', where, since: claim.metadata?.creationTimestamp, breaks: 'the claim stays Pending' } as const;
    const name = classNameOf(claim);
    if (name === undefined && !items.some(isDefault)) {
      const fix = `kubectl annotate storageclass NAME ${IS_DEFAULT_STORAGE_CLASS}=true`;
      return [{ ...common, what: 'the claim names no StorageClass, and none is the default', fix }];
    }
    if (name === undefined || name === '' || names.has(name) || preBound.has(name)) return [];
    const fix = `kubectl get storageclass # then make ${name}, or make the claim again with one that is there`;
    return [{ ...common, what: `the claim names StorageClass ${name}, which is not there`, fix }];
  });
}

function snapshotsWithoutClass({ survey, driver }: Case): Finding[] {
  const { items } = survey.snapshotClasses;
  const driverOf = driverFinder(survey);
  return survey.snapshots.items.flatMap((snapshot): Finding[] => {
    if ((snapshot.status?.boundVolumeSnapshotContentName ?? '') !== '' || snapshot.metadata?.deletionTimestamp !== undefined) return [];
    if (snapshot.spec?.source?.persistentVolumeClaimName === undefined) return [];
    const common = {
      severity: 'error',
      where: placeOf(VOLUME_SNAPSHOTS, snapshot),
      since: snapshot.metadata?.creationTimestamp,
      breaks: 'no snapshot is taken',
    } as const;
    const name = snapshot.spec.volumeSnapshotClassName;
    const ofDriver = driverOf(snapshot);
    if (!isAsked({ driver }, ofDriver)) return [];
    if (name !== undefined && name !== '') {
      if (items.some(({ metadata }) => metadata?.name === name)) return [];
      const fix = 'kubectl get volumesnapshotclass # then make it, or make the VolumeSnapshot again with one that is there';
      return [{ ...common, what: `the VolumeSnapshot names VolumeSnapshotClass ${name}, which is not there`, fix }];
    }
    if (ofDriver === undefined || items.some((each) => each.driver === ofDriver && isDefaultForSnapshots(each))) return [];
    const fix = `kubectl annotate volumesnapshotclass NAME ${IS_DEFAULT_CLASS}=true # one whose driver is ${ofDriver}`;
    return [{ ...common, what: `the VolumeSnapshot names no class, and ${ofDriver} has no default one`, fix }];
  });
}

/** Of the volume that is to be snapshotted. */
function driverFinder({ claims, volumes }: Case['survey']): (snapshot: VolumeSnapshot) => string | undefined {
  const volumeOf = new Map(
    claims.items.map(({ metadata, spec }) => [`${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`, spec?.volumeName] as const),
  );
  const drivers = new Map(volumes.items.map(({ metadata, spec }) => [metadata?.name, spec?.csi?.driver] as const));
  return ({ metadata, spec }) => {
    const volume = volumeOf.get(`${metadata?.namespace ?? ''}/${spec?.source?.persistentVolumeClaimName ?? ''}`);
    return volume === undefined ? undefined : drivers.get(volume);
  };
}

function classesWithoutDriver(given: Case): Finding[] {
  const { survey } = given;
  const { isMissing, isOtherSort } = driversThere(survey);
  const missing = (driver: string): boolean => driver !== '' && isAsked(given, driver) && isMissing(driver) && !isOtherSort(driver);
  const what = (driver: string): string => `its driver ${driver} is not there: no CSIDriver and no node has it`;
  return [
    ...survey.storageClasses.items
      .filter((each) => missing(each.provisioner ?? '') && (isDefault(each) || looksLikeCsi(each, survey)))
      .map(
        (each): Finding => ({
          severity: isDefault(each) ? 'error' : 'warning',
          what: what(each.provisioner ?? ''),
          where: placeOf(STORAGE_CLASSES, each),
          since: each.metadata?.creationTimestamp,
          breaks: 'claims of this class stay Pending',
          fix: `install ${each.provisioner ?? ''}, or kubectl delete storageclass ${each.metadata?.name ?? ''}`,
        }),
      ),
    ...survey.snapshotClasses.items
      .filter((each) => missing(each.driver ?? ''))
      .map(
        (each): Finding => ({
          severity: isDefaultForSnapshots(each) ? 'error' : 'warning',
          what: what(each.driver ?? ''),
          where: placeOf(VOLUME_SNAPSHOT_CLASSES, each),
          since: each.metadata?.creationTimestamp,
          breaks: 'VolumeSnapshots of this class never become ready',
          fix: `install ${each.driver ?? ''}, or kubectl delete volumesnapshotclass ${each.metadata?.name ?? ''}`,
        }),
      ),
  ];
}

/** Provisioners that are no CSI drivers have classes, too, and neither a CSIDriver nor a CSINode. */
function looksLikeCsi({ metadata, provisioner, parameters }: StorageClass, { volumes, snapshotClasses, claims }: Case['survey']): boolean {
  return (
    Object.keys(parameters ?? {}).some((key) => key.startsWith('csi.storage.k8s.io/')) ||
    volumes.items.some(({ spec }) => spec?.csi?.driver === provisioner) ||
    snapshotClasses.items.some(({ driver }) => driver === provisioner) ||
    claims.items.some((claim) => classNameOf(claim) === metadata?.name && (claim.spec?.volumeName ?? '') === '')
  );
}
