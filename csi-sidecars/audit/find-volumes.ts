import { isHandedTo } from '../../provisioner/facts/ownership.ts';
import { MIGRATED_TO } from '../../provisioner/facts/names.ts';
import { ageProblem, secretProblem } from './doubts.ts';
import type { Finding } from './causes.ts';
import type { ClusterSide, DriverVolume } from './facts.ts';
import type { Found, Sides } from './found.ts';

/** Volumes of the driver that no PersistentVolume names, and that nobody is making. */
export function volumeLeaks({ driver, cluster: whole, policy }: Sides): Found {
  const { volumes, claims, journal } = whole;
  if (driver.volumes === undefined || volumes === undefined || claims === undefined || journal === undefined)
    return { findings: [], underWay: 0 };
  const cluster = { ...whole, volumes, claims, journal };
  const named = new Set(cluster.volumes.flatMap(({ spec }) => (spec?.csi?.driver === driver.name ? [spec.csi.volumeHandle ?? ''] : [])));
  const findings: Finding[] = [];
  let underWay = 0;
  for (const volume of driver.volumes.values()) {
    if (named.has(volume.id)) continue;
    const finding = judge(volume, { driver, cluster, policy });
    if (finding === undefined) underWay += 1;
    else findings.push(finding);
  }
  return { findings, underWay };
}

/** Without these nothing is proven of a volume: a PV may name it, or it may be being made. */
type ProvenSides = Sides & { readonly cluster: { readonly [K in 'volumes' | 'claims' | 'journal']: NonNullable<ClusterSide[K]> } };

/** Undefined: it is being made. */
function judge(volume: DriverVolume, sides: ProvenSides): Finding | undefined {
  const { cluster, policy } = sides;
  const { claims, journal } = cluster;
  const uid = claimUidOf(volume, policy.prefix);
  if (uid !== undefined && journal.has(uid)) return undefined;
  if ([...journal.values()].some((entry) => entry.includes(JSON.stringify(volume.id)))) return undefined;
  const claim = uid === undefined ? undefined : claims.find(({ metadata }) => metadata?.uid === uid);
  if (claim !== undefined && (claim.spec?.volumeName ?? '') === '') return undefined;
  const age = ageProblem(`volume ${volume.id}`, undefined, policy);
  if (age === 'younger') return undefined;
  const keep = snapshotsOf(volume.id, sides) ?? doubt(sides, { uid, claimIsHere: claim !== undefined }) ?? age;
  const place = claim === undefined ? undefined : `${claim.metadata?.namespace ?? ''}/${claim.metadata?.name ?? ''}`;
  return {
    cause: claim !== undefined ? 'second-volume' : uid !== undefined ? 'claim-gone' : 'volume-of-nobody',
    kind: 'volume',
    id: volume.id,
    detail: place !== undefined ? `of claim ${place}` : uid === undefined ? '' : `made for the claim with uid ${uid}`,
    bytes: volume.bytes,
    ...(keep === undefined ? {} : { keep }),
  };
}

/** The uid in the name that the provisioner gave, where the driver's id or context repeats it. */
function claimUidOf({ id, context }: DriverVolume, prefix: string): string | undefined {
  const name = new RegExp(`(?:^|[^A-Za-z0-9])${escape(prefix)}-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-f])`);
  for (const text of [id, ...Object.values(context)]) {
    const uid = name.exec(text)?.[1];
    if (uid !== undefined) return uid;
  }
  return undefined;
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** A driver may keep a volume for the sake of its snapshots. */
function snapshotsOf(id: string, { driver, cluster }: Sides): string | undefined {
  const inCluster = cluster.contents?.some(({ spec }) => spec?.driver === driver.name && spec.source?.volumeHandle === id);
  const inDriver = [...(driver.snapshots?.values() ?? [])].some(({ sourceVolumeId }) => sourceVolumeId === id);
  return inCluster === true || inDriver ? 'there are snapshots of it: they go first' : undefined;
}

function doubt(
  { driver, cluster, policy }: ProvenSides,
  { uid, claimIsHere }: { readonly uid: string | undefined; readonly claimIsHere: boolean },
): string | undefined {
  const { journal, claims, storageClasses = [], volumes } = cluster;
  if (uid === undefined && journal.size > 0)
    return `${journal.size} entries of the provisioner's journal are open: one of them may be about this volume`;
  if (uid === undefined && claims.some((claim) => isHandedTo(driver.name, claim) && (claim.spec?.volumeName ?? '') === ''))
    return 'a claim waits for its volume: this may be it';
  if (volumes.some(({ metadata }) => metadata?.annotations?.[MIGRATED_TO] === driver.name))
    return 'there are in-tree volumes of this driver, whose ids in the driver are not known here';
  if (retains(cluster, driver.name))
    return 'a class or a PersistentVolume of this driver has reclaimPolicy Retain: it may have been kept on purpose';
  const ours = policy.soleCluster || claimIsHere || (uid !== undefined && policy.prefixIsOurs);
  if (!ours) return 'it may be of another cluster: give --volume-name-prefix where the names tell, or --sole-cluster';
  return secretProblem(
    storageClasses.flatMap((each) => (each.provisioner === driver.name ? [each.parameters ?? {}] : [])),
    'provisioner',
  );
}

function retains({ storageClasses = [], volumes = [] }: ClusterSide, driver: string): boolean {
  return (
    storageClasses.some(({ provisioner, reclaimPolicy }) => provisioner === driver && reclaimPolicy === 'Retain') ||
    volumes.some(({ spec }) => spec?.csi?.driver === driver && spec.persistentVolumeReclaimPolicy === 'Retain')
  );
}
