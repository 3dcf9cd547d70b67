/**
 * What users ask for before each swap: claims and snapshots of every kind of slowness beside those that a household keeps, and
 * the end of what the swap before brought about.
 */
import type { KubeObject, Resource } from '../../../../lib/kube/objects.ts';
import {
  groupSnapshotResources,
  PERSISTENT_VOLUME_CLAIMS,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../../../lib/kube/resources.ts';
import type { ScenarioRule } from '../../../../harness/driver-control.ts';
import { DRIVER } from '../../../../harness/node/driver-pod.ts';
import { type Kube, nameOf, RefusedError } from '../../../../harness/kube.ts';
import { preProvision } from '../../../real/pairs-job.ts';
import { claim, groupClass, snapshot, snapshotClass, storageClass } from '../../../simulation/manifests.ts';
import { CLASS } from '../household.ts';
import type { SwitchPoint } from './plan.ts';

const GROUPS = groupSnapshotResources('v1');
/** On claims of the household: those that groups are of. */
export const GROUP_LABEL = 'swapped';
const GROUP_CLASS = 'groups';
const EARLY = '-early';

/** Once per cluster, beside those of the household. The driver sees the parameter. */
export const SWAP_CLASSES: readonly object[] = [
  ...['slow', 'refused', 'undecided'].map((pace) => storageClass(pace, { parameters: { pace } })),
  ...['slow', 'lazy', 'undecided'].map((pace) => snapshotClass(pace, { parameters: { pace } })),
  snapshotClass('kept', { deletionPolicy: 'Retain' }),
  groupClass(GROUP_CLASS),
];

/** From what is asked until the swap is done. */
export const PACES: readonly ScenarioRule[] = [
  { rpc: 'CreateVolume', parameters: { pace: 'slow' }, delay: '3s' },
  { rpc: 'CreateVolume', parameters: { pace: 'refused' }, code: 'RESOURCE_EXHAUSTED', message: 'there is no room yet' },
  { rpc: 'CreateVolume', parameters: { pace: 'undecided' }, code: 'DEADLINE_EXCEEDED', effect: true },
  { rpc: 'CreateSnapshot', parameters: { pace: 'slow' }, delay: '3s' },
  { rpc: 'CreateSnapshot', parameters: { pace: 'lazy' }, notReady: '4s' },
  { rpc: 'CreateSnapshot', parameters: { pace: 'undecided' }, code: 'DEADLINE_EXCEEDED', effect: true },
  { rpc: 'CreateVolumeGroupSnapshot', delay: '2s' },
  { rpc: 'DeleteVolume', delay: '1s' },
  { rpc: 'DeleteSnapshot', delay: '1s' },
];

interface Place {
  readonly kube: Kube;
  readonly namespace: string;
}

export const prefixOf = ({ number }: Pick<SwitchPoint, 'number'>): string => `g${String(number).padStart(2, '0')}`;

/** Waits for nothing. */
export async function ask({ kube, namespace }: Place, point: SwitchPoint): Promise<void> {
  const prefix = prefixOf(point);
  const claimOf = (name: string, overrides: object = {}): object =>
    claim(`${prefix}-${name}`, { namespace, className: CLASS, size: '8Mi', ...overrides });
  const snapshotOf = (name: string, of: string, className: string): object => snapshot(`${prefix}-${name}`, of, { namespace, className });
  const claims = [
    claimOf('quick'),
    claimOf('refused', { className: 'refused' }),
    ...(keepsRequests(point) ? ['slow', 'undecided'] : []).map((className) => claimOf(className, { className })),
    claimOf('restored', { fromSnapshot: 'first' }),
    claimOf('copy', { fromClaim: 'data' }),
    ...earlyClaim(point).map((className) => claimOf('early', { className })),
  ];
  const snapshots = [
    snapshotOf('quick', 'data', CLASS),
    snapshotOf('slow', 'unused', 'slow'),
    snapshotOf('lazy', 'data', 'lazy'),
    snapshotOf('undecided', 'data', 'undecided'),
    // Its claim has no volume yet.
    ...(keepsRequests(point) ? [snapshotOf('waiting', `${prefix}-slow`, CLASS)] : []),
    snapshotOf('kept', 'unused', 'kept'),
    snapshotOf('early', 'unused', 'slow'),
  ];
  await Promise.all([
    ...claims.map((one) => kube.create(PERSISTENT_VOLUME_CLAIMS, one)),
    ...snapshots.map((one) => kube.create(VOLUME_SNAPSHOTS, one)),
    kube.create(GROUPS.snapshots, {
      metadata: { namespace, name: `${prefix}-group` },
      spec: { volumeGroupSnapshotClassName: GROUP_CLASS, source: { selector: { matchLabels: { [GROUP_LABEL]: 'true' } } } },
    }),
  ]);
}

/**
 * A driver with other topology keys refuses the new request for a volume that it has begun to make (AlreadyExists). Only our provisioner after
 * our provisioner knows what was asked before.
 */
const keepsRequests = ({ from, to, before, driver }: SwitchPoint): boolean =>
  before.place === driver.place || [from, to].every((cast) => cast['csi-provisioner'] === 'ours');

/**
 * Class of a claim that is deleted before it has a volume; none where the Go program would lose the volume, as it does not know
 * after its end what it asked for, nor where only the journal of ours would know of it in the end.
 */
function earlyClaim({ number, from, hasHeir }: SwitchPoint): readonly string[] {
  if (from['csi-provisioner'] === 'go' || !hasHeir) return [];
  return [number % 2 === 0 ? 'slow' : 'undecided'];
}

/** Deletes what is being made, whatever has become of it. */
export async function recant(place: Place, point: SwitchPoint): Promise<void> {
  for (const resource of [PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS]) await remove(place, resource, `${prefixOf(point)}${EARLY}`);
}

/** Deletes what points before this one asked for and has come about. Waits for nothing. */
export async function letGo(place: Place, point: SwitchPoint): Promise<void> {
  const { kube, namespace } = place;
  const isOld = ({ metadata }: KubeObject): boolean =>
    /^g\d\d-/.test(metadata?.name ?? '') &&
    metadata?.name?.startsWith(prefixOf(point)) === false &&
    metadata.deletionTimestamp === undefined;
  const claims = (await kube.list(PERSISTENT_VOLUME_CLAIMS, namespace)).filter((one) => isOld(one) && one.status?.phase === 'Bound');
  const snapshots = (await kube.list(VOLUME_SNAPSHOTS, namespace)).filter((one) => isOld(one) && one.status?.readyToUse === true);
  for (const { metadata } of claims) await remove(place, PERSISTENT_VOLUME_CLAIMS, metadata?.name ?? '');
  for (const { metadata } of snapshots) await remove(place, VOLUME_SNAPSHOTS, metadata?.name ?? '');
  if (!mayDeleteGroups(point)) return;
  const groups = (await kube.list(GROUPS.snapshots, namespace)).filter((one) => isOld(one) && one.status?.readyToUse === true);
  for (const { metadata } of groups) await remove(place, GROUPS.snapshots, metadata?.name ?? '');
}

/** A Go snapshot-controller that begins while a group goes leaves its content, and what that stands for, for good. */
const mayDeleteGroups = ({ to, driver }: SwitchPoint): boolean => to['snapshot-controller'] === 'ours' && !driver.lacks.includes('-group');

/** Contents that outlived their VolumeSnapshot become pre-provisioned ones of another. */
export async function takeUp({ kube, namespace }: Place, point: SwitchPoint): Promise<void> {
  const alive = new Set((await kube.list(VOLUME_SNAPSHOTS, namespace)).map(({ metadata }) => metadata?.uid));
  const kept = (await kube.list(VOLUME_SNAPSHOT_CONTENTS)).filter(
    ({ spec }) => spec?.deletionPolicy === 'Retain' && !alive.has(spec.volumeSnapshotRef?.uid),
  );
  for (const [index, content] of kept.entries()) {
    await kube.delete(VOLUME_SNAPSHOT_CONTENTS, nameOf(content));
    const scene = { kube, namespace, driver: { name: DRIVER } };
    await preProvision(scene, `${prefixOf(point)}-taken-up-${index}`, content.status?.snapshotHandle ?? '', {
      volumeSnapshotClassName: CLASS,
    });
  }
}

async function remove({ kube, namespace }: Place, resource: Resource<KubeObject>, name: string): Promise<void> {
  await kube.delete(resource, { namespace, name }).catch((error: unknown) => {
    if (!(error instanceof RefusedError && error.status === 404)) throw error;
  });
}
