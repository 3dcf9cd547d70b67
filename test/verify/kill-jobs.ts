/** What users do while programs are killed: the main job, and a group of three snapshots. */
import { eventually } from '../../harness/wait.ts';
import {
  CLAIMS,
  claim,
  group,
  GROUP_CLASSES_PATH,
  groupClass,
  GROUPS,
  SNAPSHOTS,
  snapshot,
  snapshotClass,
  SNAPSHOT_CLASSES_PATH,
  storageClass,
  STORAGE_CLASSES_PATH,
} from '../simulation/manifests.ts';
import { isMember } from '../simulation/mirror.ts';
import type { KillStaging, KillWorld } from './kill-world.ts';
import { PROGRAMS } from './kill-world.ts';

export interface KillJob extends KillStaging {
  readonly name: string;
  /** Resolves once all that was made is deleted; what it found wrong goes to `faults`. */
  readonly run: (world: KillWorld, faults: string[]) => Promise<void>;
}

const APP = 'db';
const MEMBERS = ['a', 'b', 'c'];
/** Of a claim that is being cut, by snapshot-controller. */
const SOURCE_PROTECTION = 'snapshot.storage.kubernetes.io/pvc-as-source-protection';

export const MAIN_JOB: KillJob = { name: 'main job', victims: PROGRAMS, flags: [], run: mainJob };

export const GROUP_JOB: KillJob = {
  name: 'group of three',
  victims: ['snapshot-controller', 'csi-snapshotter'],
  flags: ['--feature-gates=CSIVolumeGroupSnapshot=true'],
  run: groupJob,
};

async function mainJob(world: KillWorld, faults: string[]): Promise<void> {
  const { mirror } = world;
  await world.user('POST', STORAGE_CLASSES_PATH, storageClass('fast'));
  await world.user('POST', SNAPSHOT_CLASSES_PATH, snapshotClass('snap'));
  await world.user('POST', CLAIMS(), claim('data'));
  const source = await bound(world, 'data');
  world.write(source, 'at snapshot time');
  await world.user('POST', SNAPSHOTS(), snapshot('nightly', 'data'));
  await eventually('snapshot ready', () => (mirror.snapshots.all().some((s) => s.status?.readyToUse === true) ? true : undefined));
  world.write(source, 'overwritten since');
  await world.user('POST', CLAIMS(), claim('restored', { fromSnapshot: 'nightly' }));
  const restored = await bound(world, 'restored');
  if (world.read(restored) !== 'at snapshot time') faults.push(`the restored volume holds ${world.read(restored)}`);
  await world.user('DELETE', `${SNAPSHOTS()}/nightly`);
  await eventually('snapshot gone', () => (mirror.snapshots.all().length + mirror.contents.all().length === 0 ? true : undefined));
  await deleteClaims(world, ['restored', 'data']);
}

async function groupJob(world: KillWorld, faults: string[]): Promise<void> {
  const { mirror } = world;
  await world.user('POST', STORAGE_CLASSES_PATH, storageClass('fast'));
  await world.user('POST', GROUP_CLASSES_PATH, groupClass('groups'));
  for (const name of MEMBERS) await world.user('POST', CLAIMS(), claim(name, { labels: { app: APP } }));
  const volumes = await Promise.all(MEMBERS.map((name) => bound(world, name)));
  await world.user('POST', GROUPS(), group('all', APP));
  const isReady = (): boolean => [...mirror.groups.all(), ...mirror.snapshots.all()].every(({ status }) => status?.readyToUse === true);
  await eventually('group and members ready', () => {
    const whole = mirror.groups.all().length === 1 && mirror.snapshots.all().length >= MEMBERS.length;
    return whole && isReady() ? true : undefined;
  });
  const sources = mirror.snapshots.all().map((member) => (isMember(member) ? member.spec?.source?.persistentVolumeClaimName : 'no claim'));
  if (sources.toSorted().join() !== MEMBERS.join()) faults.push(`the members are of ${sources.join(', ')}`);
  const cut = world.ledger().snapshots.map(({ sourceVolumeId }) => sourceVolumeId);
  if (cut.toSorted().join() !== volumes.toSorted().join()) faults.push(`the driver holds snapshots of ${cut.join(', ')}`);
  await eventually('claims free again', () =>
    mirror.claims.all().some(({ metadata }) => metadata?.finalizers?.includes(SOURCE_PROTECTION) === true) ? undefined : true,
  );
  await world.user('DELETE', `${GROUPS()}/all`);
  const { groups, groupContents, snapshots, contents } = mirror;
  await eventually('group gone', () =>
    [groups, groupContents, snapshots, contents].every((kind) => kind.all().length === 0) ? true : undefined,
  );
  await deleteClaims(world, MEMBERS);
}

/** Answers the handle of its volume. */
function bound({ mirror }: KillWorld, name: string): Promise<string> {
  return eventually(`claim ${name} bound`, () => {
    const found = mirror.claims.all().find((c) => c.metadata?.name === name && c.status?.phase === 'Bound');
    return mirror.volumes.all().find((volume) => volume.metadata?.name === found?.spec?.volumeName)?.spec?.csi?.volumeHandle;
  });
}

async function deleteClaims(world: KillWorld, names: readonly string[]): Promise<void> {
  const { mirror } = world;
  for (const name of names) await world.user('DELETE', `${CLAIMS()}/${name}`);
  await eventually('volumes gone', () => (mirror.volumes.all().length + mirror.claims.all().length === 0 ? true : undefined));
}
