import { PROVISIONED_BY } from '../../provisioner/facts/names.ts';
import type { Finding } from './causes.ts';
import { ageProblem, secretProblem } from './doubts.ts';
import type { DriverSnapshot } from './facts.ts';
import type { Found, Sides } from './found.ts';

/** Snapshots of the driver that no VolumeSnapshotContent names, neither alone nor in a group. */
export function snapshotLeaks(sides: Sides): Found {
  const { driver, cluster } = sides;
  const { contents, groupContents, volumes } = cluster;
  // Without these nothing is proven of a snapshot: one of them may name it, or its volume be this cluster's.
  if (driver.snapshots === undefined || contents === undefined || groupContents === undefined || volumes === undefined)
    return { findings: [], underWay: 0 };
  const named = new Set<string>();
  /** Volumes of which a snapshot is being cut. */
  const cutting = new Set<string>();
  for (const { spec, status } of contents) {
    if (spec?.driver !== driver.name) continue;
    const id = status?.snapshotHandle ?? spec.source?.snapshotHandle;
    if (id !== undefined) named.add(id);
    else if (spec.source?.volumeHandle !== undefined) cutting.add(spec.source.volumeHandle);
  }
  for (const { spec, status } of groupContents) {
    if (spec?.driver !== driver.name) continue;
    for (const { snapshotHandle = '' } of status?.volumeSnapshotInfoList ?? []) named.add(snapshotHandle);
    for (const id of spec.source?.groupSnapshotHandles?.volumeSnapshotHandles ?? []) named.add(id);
    if (status?.volumeGroupSnapshotHandle === undefined) for (const id of spec.source?.volumeHandles ?? []) cutting.add(id);
  }
  const findings: Finding[] = [];
  let underWay = 0;
  for (const snapshot of driver.snapshots.values()) {
    if (named.has(snapshot.id)) continue;
    const age = ageProblem(`snapshot ${snapshot.id}`, snapshot.createdMs, sides.policy);
    if (cutting.has(snapshot.sourceVolumeId) || age === 'younger') underWay += 1;
    else findings.push(judge(snapshot, sides, age));
  }
  return { findings, underWay };
}

function judge(snapshot: DriverSnapshot, { driver, cluster, policy }: Sides, age: string | undefined): Finding {
  const source = cluster.volumes?.find(
    ({ spec }) => spec?.csi?.driver === driver.name && spec.csi.volumeHandle === snapshot.sourceVolumeId,
  );
  const keep = ((): string | undefined => {
    const { snapshotClasses = [], contents = [] } = cluster;
    const retain =
      snapshotClasses.some((each) => each.driver === driver.name && each.deletionPolicy === 'Retain') ||
      contents.some(({ spec }) => spec?.driver === driver.name && spec.deletionPolicy === 'Retain');
    if (retain) return 'a class or a content of this driver has deletionPolicy Retain: it may have been kept on purpose';
    // A volume that was imported may be known to another cluster as well.
    const madeHere = source?.metadata?.annotations?.[PROVISIONED_BY] === driver.name;
    if (!policy.soleCluster && !madeHere) return 'it may be of another cluster: give --sole-cluster where there is none';
    return secretProblem(
      snapshotClasses.flatMap((each) => (each.driver === driver.name ? [each.parameters ?? {}] : [])),
      'snapshotter',
    );
  })();
  const kept = keep ?? age;
  return {
    cause: source === undefined ? 'snapshot-of-nobody' : 'content-gone',
    kind: 'snapshot',
    id: snapshot.id,
    detail: source === undefined ? `of volume ${snapshot.sourceVolumeId}` : `of PersistentVolume ${source.metadata?.name ?? ''}`,
    bytes: snapshot.bytes,
    ...(kept === undefined ? {} : { keep: kept }),
  };
}
