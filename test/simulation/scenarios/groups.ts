/** Groups of snapshots: users make, relabel and delete groups, members and sources at any time. */
import { drawFaults } from '../faults.ts';
import { isMember } from '../mirror.ts';
import {
  CLAIMS,
  claim,
  group,
  GROUP_CLASSES_PATH,
  groupClass,
  GROUPS,
  SNAPSHOTS,
  storageClass,
  STORAGE_CLASSES_PATH,
} from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { tidy } from '../tidy.ts';
import type { World } from '../world.ts';
import { bound, must } from './main-job.ts';

const SOURCES = ['a', 'b', 'c'];
const LABELS = ['db', 'web'];

async function sources({ user }: World): Promise<void> {
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast'));
  await user.create(GROUP_CLASSES_PATH, groupClass('groups'));
  await user.create(GROUP_CLASSES_PATH, groupClass('kept', 'Retain'));
  for (const name of SOURCES) await user.create(CLAIMS(), claim(`claim-${name}`, { labels: { app: 'db' } }));
}

/** One random act of a user or of the machine. */
async function act(world: World, random: SeededRandom): Promise<void> {
  const { user, mirror } = world;
  const name = `claim-${random.pick(SOURCES)}`;
  const label = random.pick(LABELS);
  const members = mirror.snapshots.all().filter(isMember);
  const member = random.below(14) < 4 && members.length > 0 ? random.pick(members).metadata?.name : undefined;
  switch (random.below(14)) {
    case 0:
    case 1:
    case 2:
      await user.create(GROUPS(), group(`group-${label}`, label, random.chance(0.8) ? 'groups' : 'kept'));
      return;
    case 3:
    case 4:
      await user.remove(`${GROUPS()}/group-${label}`);
      return;
    case 5:
      await user.edit(`${CLAIMS()}/${name}`, { metadata: { labels: { app: label } } });
      return;
    case 6:
      await user.remove(`${CLAIMS()}/${name}`);
      return;
    case 7:
      await user.create(CLAIMS(), claim(name, { labels: { app: label } }));
      return;
    case 8:
      if (member !== undefined) await user.remove(`${SNAPSHOTS()}/${member}`);
      return;
    case 9:
      if (member !== undefined) await user.create(CLAIMS(), claim(`restored-${label}`, { fromSnapshot: member }));
      return;
    case 10:
      await user.remove(`${CLAIMS()}/restored-${label}`);
      return;
    case 11:
      await user.edit(`${GROUPS()}/group-${label}`, { metadata: { labels: { touched: String(random.below(1000)) } } });
      return;
    case 12:
      world.driver.stop();
      await user.pause(random.between(100, 8_000));
      await world.driver.start();
      return;
    default:
      world.crash(random.pick(world.programNames()));
  }
}

/** A group of three from the labels of its claims to its end, without any fault: the run whose crash points are swept. */
export const GROUP_JOB: Scenario = {
  name: 'group-job',
  about: 'a group of three is made and deleted without any fault: every crash point of it is visited',
  groups: true,
  story: async (world) => {
    const { user, mirror } = world;
    await sources(world);
    await must(world, () => SOURCES.every((name) => bound(world, `claim-${name}`)), 'claims bound');
    await user.create(GROUPS(), group('group-db', 'db'));
    const isReady = (): boolean => mirror.groups.all()[0]?.status?.readyToUse === true && mirror.snapshots.all().length === SOURCES.length;
    await must(world, isReady, 'group ready');
    await user.remove(`${GROUPS()}/group-db`);
    await must(world, () => mirror.groups.all().length + mirror.snapshots.all().length === 0, 'group and members gone');
  },
};

async function anyTime(world: World, random: SeededRandom): Promise<void> {
  await sources(world);
  if (random.chance(0.7)) await world.user.until(() => SOURCES.every((name) => bound(world, `claim-${name}`)), 600_000);
  const acts = 10 + random.below(20);
  for (let i = 0; i < acts; i += 1) {
    await act(world, random);
    await world.user.pause(random.chance(0.3) ? random.between(0, 50) : random.between(0, 8_000));
  }
  if (random.chance(0.5))
    for (const { metadata } of world.mirror.groups.all()) {
      await world.user.remove(`${GROUPS()}/${metadata?.name ?? ''}`);
      await world.user.pause(random.between(0, 2_000));
    }
  await tidy(world);
}

export const GROUPS_CALM: Scenario = {
  name: 'groups-calm',
  about: 'users make, relabel and delete groups, members and sources; no faults: orders of events alone',
  groups: true,
  story: anyTime,
};

export const GROUPS_AT_ANY_TIME: Scenario = {
  name: 'groups-at-any-time',
  about: 'the same under every fault, with crashes and driver restarts: nothing is left, and no member is made twice',
  faults: drawFaults,
  crashes: 0.01,
  groups: true,
  story: anyTime,
};

/** Programs die, some of them several times, within moments of what was asked for. */
async function restarts(world: World, random: SeededRandom): Promise<void> {
  for (let times = random.below(4); times > 0; times -= 1) {
    await world.user.pause(random.between(0, 400));
    world.crash(random.pick(world.programNames()));
  }
}

export const GROUPS_OVER_RESTARTS: Scenario = {
  name: 'groups-over-restarts',
  about: 'a group is made and deleted while programs die at any step and leaders change',
  election: true,
  groups: true,
  story: async (world, random) => {
    const { user, mirror } = world;
    await sources(world);
    await user.until(() => SOURCES.every((name) => bound(world, `claim-${name}`)), 3_600_000);
    await user.create(GROUPS(), group('group-db', 'db'));
    await restarts(world, random);
    if (random.chance(0.6)) await user.until(() => mirror.groups.all()[0]?.status?.readyToUse === true, 3_600_000);
    await user.remove(`${GROUPS()}/group-db`);
    await restarts(world, random);
    await user.until(() => mirror.groups.all().length === 0, 3_600_000);
  },
};
