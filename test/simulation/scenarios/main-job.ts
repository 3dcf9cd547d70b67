import { Violation } from '../invariants.ts';
import {
  CLAIMS,
  claim,
  SNAPSHOTS,
  snapshot,
  snapshotClass,
  SNAPSHOT_CLASSES_PATH,
  storageClass,
  STORAGE_CLASSES_PATH,
} from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import { drawFaults } from '../faults.ts';
import type { World } from '../world.ts';

/** Longer than the longest back-off after the longest slow call, several times over. */
const LIMIT_MS = 2 * 3_600_000;

export async function classes(world: World): Promise<void> {
  await world.user.create(STORAGE_CLASSES_PATH, storageClass('fast'));
  await world.user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap'));
}

export function bound(world: World, name: string): boolean {
  return world.mirror.claims.all().some((c) => c.metadata?.name === name && c.status?.phase === 'Bound');
}

export function ready(world: World, name: string): boolean {
  return world.mirror.snapshots.all().some((s) => s.metadata?.name === name && s.status?.readyToUse === true);
}

export async function must(world: World, condition: () => boolean, what: string): Promise<void> {
  if (!(await world.user.until(condition, LIMIT_MS)))
    throw new Violation('desired-is-actual', `${what} did not happen within ${LIMIT_MS / 60_000} virtual minutes`);
}

/** PVC, snapshot, overwrite, restore, delete: the job that users come for. */
export async function mainJob(world: World): Promise<void> {
  const { user } = world;
  await classes(world);
  await user.create(CLAIMS(), claim('data'));
  await must(world, () => bound(world, 'data'), 'claim data bound');
  world.writeVolume('data', 'at snapshot time');
  await user.create(SNAPSHOTS(), snapshot('nightly', 'data'));
  await must(world, () => ready(world, 'nightly'), 'snapshot nightly ready');
  world.writeVolume('data', 'overwritten since');
  await user.create(CLAIMS(), claim('restored', { fromSnapshot: 'nightly' }));
  await must(world, () => bound(world, 'restored'), 'claim restored bound');
  const restored = world.readVolume('restored');
  if (restored !== 'at snapshot time')
    throw new Violation('restored-bytes-are-the-snapshot', `the restored volume holds ${JSON.stringify(restored)}`);
  await user.remove(`${SNAPSHOTS()}/nightly`);
  await must(
    world,
    () => world.mirror.snapshots.all().length === 0 && world.mirror.contents.all().length === 0,
    'snapshot and content gone',
  );
  await user.remove(`${CLAIMS()}/restored`);
  await user.remove(`${CLAIMS()}/data`);
  await must(world, () => world.mirror.volumes.all().length === 0, 'volumes gone');
}

export const MAIN_JOB: Scenario = {
  name: 'main-job',
  about: 'provision, snapshot, restore and delete without any fault: the run whose crash points are counted and swept',
  story: mainJob,
};

export const MAIN_JOB_FAULTS: Scenario = {
  name: 'main-job-faults',
  about: 'the same under every fault at once, with crashes: it still completes, with the right bytes',
  faults: drawFaults,
  crashes: 0.02,
  story: mainJob,
};
