/** What a CreateSnapshot call without an answer may have cut is found later, while no user waits for it. */
import { NO_FAULTS } from '../faults.ts';
import { Violation } from '../invariants.ts';
import { CLAIMS, claim, SNAPSHOTS, snapshot } from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { bound, classes } from './main-job.ts';
import { BEING_CREATED } from '../past.ts';

/** Several turns of programs that may just be starting anew. */
const AT_ONCE_MS = 30_000;

async function lostThenRefused(world: World, random: SeededRandom): Promise<void> {
  const { user, mirror } = world;
  await classes(world);
  await user.create(CLAIMS(), claim('data'));
  await user.until(() => bound(world, 'data'), 600_000);
  world.setFaults({ ...NO_FAULTS, driverDoneButError: 1 });
  await user.create(SNAPSHOTS(), snapshot('s1', 'data'));
  await user.until(() => world.ledger().snapshots.length > 0, 60_000);
  world.setFaults({ ...NO_FAULTS, driverError: 1 });
  await user.pause(random.between(0, 20_000));
  await user.remove(`${SNAPSHOTS()}/s1`);
  const isRunning = (): boolean => mirror.contents.all().some(({ metadata }) => metadata?.annotations?.[BEING_CREATED] !== undefined);
  const isGone = (): boolean => mirror.snapshots.all().length === 0;
  // Whoever is seen with the mark has an answer of the driver to wait for, as with the Go programs.
  await user.until(() => !isRunning(), 600_000);
  await user.until(() => isGone() || isRunning(), AT_ONCE_MS);
  if (!isGone() && !isRunning())
    world.fail(new Violation('deleted-means-gone', 'a VolumeSnapshot waits for what nobody knows to be there'));
  await user.pause(random.between(0, 120_000));
}

export const UNCERTAIN_SNAPSHOT: Scenario = {
  name: 'uncertain-snapshot',
  about:
    'CreateSnapshot succeeds without an answer, then fails for good, and the VolumeSnapshot is deleted: it goes at once, and nothing is left',
  crashes: 0.01,
  story: lostThenRefused,
};
