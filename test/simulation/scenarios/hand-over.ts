/**
 * Two replicas of each program, and users who go on while the leaders change: how long they wait is told by the rules
 * of the Go programs about leases (leadership.ts), and by those about everything else.
 */
import { NO_FAULTS } from '../faults.ts';
import { CLAIMS, claim, SNAPSHOTS, snapshot } from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { tidy } from '../tidy.ts';
import type { World } from '../world.ts';
import { bound, classes, ready } from './main-job.ts';

const PATIENCE_MS = 10 * 60_000;

/** Every program that leads, or one of them, is struck. Answers with what puts things right again. */
function strike(world: World, random: SeededRandom): () => void {
  const leaders = world.programNames().filter((name) => world.leads(name));
  const struck = random.chance(0.5) ? leaders : leaders.filter(() => random.chance(0.4));
  switch (random.below(4)) {
    // A roll-out: the Pod ends, another one comes later.
    case 0:
      for (const name of struck) world.terminate(name);
      return () => struck.forEach((name) => world.restart(name));
    // A machine goes.
    case 1:
      for (const name of struck) world.kill(name);
      return () => struck.forEach((name) => world.restart(name));
    // The container starts again under its name.
    case 2:
      for (const name of struck) world.crash(name);
      return () => undefined;
    default:
      for (const name of struck) world.pause(name);
      return () => struck.forEach((name) => world.resume(name));
  }
}

async function handOver(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  const moment = (): Promise<void> => user.pause(random.chance(0.5) ? random.between(0, 300) : random.between(0, 8_000));
  await classes(world);
  await user.create(CLAIMS(), claim('data'));
  await user.until(() => bound(world, 'data'), PATIENCE_MS);
  for (let round = 0; round < 4; round += 1) {
    const [copy, cut] = [`copy${round}`, `cut${round}`];
    const acts = [
      () => user.create(SNAPSHOTS(), snapshot(cut, 'data')),
      () => user.create(CLAIMS(), claim(copy, random.chance(0.5) ? {} : { fromSnapshot: cut })),
      () => user.remove(`${SNAPSHOTS()}/cut${round - 1}`),
      () => user.remove(`${CLAIMS()}/copy${round - 1}`),
    ];
    const at = random.below(acts.length);
    let mend = (): void => undefined;
    for (const [index, act] of acts.entries()) {
      await act();
      await moment();
      if (index === at) mend = strike(world, random);
    }
    await user.pause(random.between(0, 40_000));
    mend();
    if (random.chance(0.7)) await user.until(() => bound(world, copy) && ready(world, cut), PATIENCE_MS);
  }
  await tidy(world);
}

export const HAND_OVER: Scenario = {
  name: 'hand-over',
  about: 'leaders end, die, start again or stop for a while, and users go on: nobody waits longer than leases demand',
  election: true,
  faults: (random) => ({
    ...NO_FAULTS,
    driverError: random.chance(0.5) ? 0 : random.between(0, 0.4),
    driverSlow: random.chance(0.7) ? 0 : random.between(0, 0.4),
    driverDoneButError: random.chance(0.7) ? 0 : random.between(0, 0.3),
  }),
  story: handOver,
};
