/**
 * Short lives and a slow network: what was sent arrives when nobody expects it any more. Nobody waits for it: it is
 * refused by its version, or met when it arrives.
 */
import type { FaultRates } from '../faults.ts';
import { NO_FAULTS } from '../faults.ts';
import { CLAIMS, claim, SNAPSHOTS, snapshot } from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { bound, classes, ready } from './main-job.ts';

const PATIENCE_MS = 10 * 60_000;

async function shortLives(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  const moment = (): Promise<void> => user.pause(random.chance(0.5) ? random.between(0, 300) : random.between(0, 20_000));
  await classes(world);
  await user.create(CLAIMS(), claim('data'));
  await user.until(() => bound(world, 'data'), PATIENCE_MS);
  for (let round = 0; round < 3; round += 1) {
    await user.create(SNAPSHOTS(), snapshot(`s${round}`, 'data'));
    await user.create(CLAIMS(), claim(`brief${round}`));
    if (random.chance(0.5)) await user.until(() => ready(world, `s${round}`), PATIENCE_MS);
    await user.create(CLAIMS(), claim(`restored${round}`, { fromSnapshot: `s${round}` }));
    await moment();
    if (random.chance(0.3)) world.crash(random.pick(world.programNames()));
    // What the dead process had under way meets the work of the next one.
    if (random.chance(0.2)) await user.pause(random.between(0, 2_000));
    for (const path of [`${SNAPSHOTS()}/s${round}`, `${CLAIMS()}/brief${round}`, `${CLAIMS()}/restored${round}`]) {
      await user.remove(path);
      await moment();
    }
  }
}

const slowNetwork = (random: SeededRandom): FaultRates => ({
  ...NO_FAULTS,
  limbo: random.between(0.05, 0.4),
  lateAnswer: random.between(0, 0.1),
});

export const LATE_WRITES: Scenario = {
  name: 'late-writes',
  about: 'writes are applied up to a minute after their sender saw the connection break or died: short lives leave nothing behind',
  faults: slowNetwork,
  crashes: 0.01,
  story: shortLives,
};

export const LATE_WRITES_ELECTED: Scenario = {
  name: 'late-writes-elected',
  about: 'the same with two replicas each: what the old leader wrote arrives when the new one has taken over',
  election: true,
  faults: slowNetwork,
  crashes: 0.02,
  story: shortLives,
};
