import { drawFaults } from '../faults.ts';
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
import type { SeededRandom } from '../seeded-random.ts';
import { tidy } from '../tidy.ts';
import type { World } from '../world.ts';
import { classes } from './main-job.ts';

const NAMES = ['a', 'b', 'c'];

/** One random act of a user, of a second writer or of the machine. */
async function act(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  const name = random.pick(NAMES);
  const other = random.pick(NAMES);
  switch (random.below(14)) {
    case 0:
    case 1:
      await user.create(CLAIMS(), claim(`claim-${name}`));
      return;
    case 2:
    case 3:
      await user.create(SNAPSHOTS(), snapshot(`snap-${name}`, `claim-${other}`));
      return;
    case 4:
      await user.create(CLAIMS(), claim(`restore-${name}`, { fromSnapshot: `snap-${other}` }));
      return;
    case 5:
      await user.create(CLAIMS(), claim(`clone-${name}`, { fromClaim: `claim-${other}` }));
      return;
    case 6:
      await user.remove(`${CLAIMS()}/claim-${name}`);
      return;
    case 7:
      await user.remove(`${SNAPSHOTS()}/snap-${name}`);
      return;
    case 8:
      await user.remove(`${CLAIMS()}/${random.pick(['restore', 'clone'])}-${name}`);
      return;
    case 9:
      await user.edit(`${SNAPSHOTS()}/snap-${name}`, { metadata: { labels: { touched: String(random.below(1000)) } } });
      return;
    case 10:
      await user.edit(`${CLAIMS()}/claim-${name}`, { metadata: { annotations: { note: String(random.below(1000)) } } });
      return;
    case 11: {
      const contents = world.mirror.contents.all();
      const content = contents[random.below(contents.length + 1)];
      if (content !== undefined)
        await user.edit(`/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents/${content.metadata?.name ?? ''}`, {
          metadata: { labels: { touched: String(random.below(1000)) } },
        });
      return;
    }
    case 12:
      world.driver.stop();
      await user.pause(random.between(100, 8_000));
      await world.driver.start();
      return;
    default:
      world.crash(random.pick(world.programNames()));
  }
}

async function removeAll(world: World, random: SeededRandom): Promise<void> {
  const { mirror, user } = world;
  for (const { metadata } of mirror.claims.all()) {
    await user.remove(`${CLAIMS()}/${metadata?.name ?? ''}`);
    await user.pause(random.between(0, 2_000));
  }
  for (const { metadata } of mirror.snapshots.all()) {
    await user.remove(`${SNAPSHOTS()}/${metadata?.name ?? ''}`);
    await user.pause(random.between(0, 2_000));
  }
}

async function chaos(world: World, random: SeededRandom): Promise<void> {
  if (random.chance(0.8)) await classes(world);
  const acts = 10 + random.below(20);
  for (let i = 0; i < acts; i += 1) {
    await act(world, random);
    await world.user.pause(random.chance(0.3) ? random.between(0, 50) : random.between(0, 8_000));
  }
  await world.user.create(STORAGE_CLASSES_PATH, storageClass('fast'));
  await world.user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap'));
  if (random.chance(0.6)) await removeAll(world, random);
  await tidy(world);
}

export const CHAOS: Scenario = {
  name: 'chaos',
  about: 'users create, edit and delete anything at any time under all faults, crashes and driver restarts',
  faults: drawFaults,
  crashes: 0.01,
  story: chaos,
};

export const CHAOS_CALM: Scenario = {
  name: 'chaos-calm',
  about: 'the same users, no faults: orders of events alone',
  story: chaos,
};
