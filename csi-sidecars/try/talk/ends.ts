/** The beginning and the end of a trial: what is listed before, everything deleted, and what is left. */
import { GrpcCode } from '../../../lib/csi/grpc-code.ts';
import { CsiError } from '../../../lib/csi/csi-error.ts';
import { NOWHERE } from '../nowhere.ts';
import type { Step } from '../step.ts';
import { NotTried } from '../step.ts';
import { parametersOf } from '../world/classes.ts';
import type { TryWorld } from '../world/world.ts';
import { classesOf, driverOf } from '../world/world.ts';
import { listed, listSnapshots, listVolumes } from './lists.ts';
import { snapshotSecrets, volumeSecrets, WRITER } from './requests.ts';
import { leftovers } from './tidy.ts';
import { tolerate } from './tolerate.ts';

export const BEFORE_STEP: Step = {
  id: 'before',
  title: 'list what is there before',
  needs: ['identity'],
  run: async (world) => {
    const volumes = await listVolumes(world);
    const snapshots = await listSnapshots(world);
    world.notes.listedBefore = { volumes: new Set(volumes?.ids), snapshots: new Set(snapshots?.ids) };
    if (volumes === undefined && snapshots === undefined) throw new NotTried('the driver offers neither LIST_VOLUMES nor LIST_SNAPSHOTS');
    return listed(volumes, snapshots);
  },
};

/** Deletes what the trial's own calls made, each twice. */
export const DELETE_STEP: Step = {
  id: 'delete',
  title: 'delete what was made, twice',
  needs: ['volume'],
  run: async (world) => {
    const { calls, signal, journal, notes } = world;
    const secrets = volumeSecrets(world);
    const left = leftovers(journal.calls);
    const cuts = driverOf(world).identity.controller.has('CREATE_DELETE_SNAPSHOT');
    // The source goes first where the driver lets it, so that its snapshot has to stand alone.
    const source = notes.volume?.volumeId ?? '';
    const first = await tolerate(calls.deleteVolume({ volumeId: source, secrets }, signal));
    for (const snapshotId of cuts ? [...left.snapshots, NOWHERE] : [])
      for (let time = 0; time < 2; time += 1) await tolerate(calls.deleteSnapshot({ snapshotId, secrets: snapshotSecrets(world) }, signal));
    for (const volumeId of [...left.volumes, NOWHERE])
      for (let time = 0; time < 2; time += 1) await tolerate(calls.deleteVolume({ volumeId, secrets }, signal));
    await tolerate(calls.deleteVolume({ volumeId: '', secrets }, signal));
    if (cuts) await tolerate(calls.deleteSnapshot({ snapshotId: '', secrets: snapshotSecrets(world) }, signal));
    const { volumes, snapshots } = leftovers(journal.calls);
    const still = [...volumes, ...snapshots];
    if (still.length > 0) throw new Error(`not deleted: ${still.join(', ')}`);
    return `${left.volumes.size} volumes, ${left.snapshots.size} snapshots; a volume ${first === undefined ? 'must not go' : 'may go'} before its snapshot`;
  },
};

/** Holds the driver's word against its lists: what it said is deleted is gone, and nothing is there that was not before. */
export const LEAK_STEP: Step = {
  id: 'leaks',
  title: 'look for what was left',
  needs: ['volume'],
  run: async (world) => {
    const { volumes, snapshots, deletedVolumes, deletedSnapshots } = leftovers(world.journal.calls);
    const listedVolumes = await listVolumes(world);
    const listedSnapshots = await listSnapshots(world);
    const ghosts = listedVolumes === undefined ? await livingGhosts(world, deletedVolumes) : both(deletedVolumes, listedVolumes.ids);
    for (const id of ghosts) world.observe('deleted-volume-is-gone', `${id} is there, though its deletion succeeded`);
    if (ghosts.length === 0 && deletedVolumes.size > 0) world.observe('deleted-volume-is-gone');
    const shadows = listedSnapshots === undefined ? [] : both(deletedSnapshots, listedSnapshots.ids);
    for (const id of shadows) world.observe('deleted-snapshot-is-gone', `${id} is there, though its deletion succeeded`);
    if (shadows.length === 0 && listedSnapshots !== undefined && deletedSnapshots.size > 0) world.observe('deleted-snapshot-is-gone');
    const left = [...volumes, ...snapshots, ...ghosts, ...shadows];
    if (left.length > 0) throw new Error(`left: ${left.join(', ')}`);
    const strangers = newOnes(world, listedVolumes?.ids ?? [], listedSnapshots?.ids ?? []);
    const how = listedVolumes === undefined ? 'the driver lists no volumes: each was asked for' : 'nothing is left';
    return strangers === 0 ? how : `${how}; ${strangers} more appeared meanwhile that this trial did not make`;
  },
};

function both(ids: ReadonlySet<string>, listed: readonly string[]): string[] {
  return [...new Set(listed)].filter((id) => ids.has(id));
}

/** Without a list: a volume that is gone cannot be validated. */
async function livingGhosts(world: TryWorld, deleted: ReadonlySet<string>): Promise<string[]> {
  const { calls, signal } = world;
  const parameters = parametersOf(classesOf(world).storageClass);
  const ghosts: string[] = [];
  for (const volumeId of deleted) {
    const request = {
      volumeId,
      volumeContext: {},
      volumeCapabilities: [WRITER],
      parameters,
      secrets: volumeSecrets(world),
      mutableParameters: {},
    };
    try {
      await calls.validateVolumeCapabilities(request, signal);
      ghosts.push(volumeId);
    } catch (error) {
      if (!(error instanceof CsiError)) throw error;
      if (error.grpcCode !== GrpcCode.NOT_FOUND) return ghosts;
    }
  }
  return ghosts;
}

function newOnes({ notes }: TryWorld, volumes: readonly string[], snapshots: readonly string[]): number {
  const before = notes.listedBefore;
  return (
    volumes.filter((id) => before?.volumes.has(id) !== true).length + snapshots.filter((id) => before?.snapshots.has(id) !== true).length
  );
}
