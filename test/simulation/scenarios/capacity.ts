/** Capacities that are published while nodes, classes and volumes come and go, and others touch what is published. */
import { drawFaults, NO_FAULTS } from '../faults.ts';
import { Violation } from '../invariants.ts';
import { CLAIMS, claim, CSI_NODES_PATH, NODES_PATH, pod, PODS, storageClass, STORAGE_CLASSES_PATH } from '../manifests.ts';
import { GIB } from '../rooms.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { classComesOrGoes, driverObject, foreigner, LATE, MANAGER, meddle, ownPods, predecessor, removeWithPod } from './capacity-acts.ts';
import { join, ROOMY, scarceOnNodes, someNodes } from './local-nodes.ts';
import { bound } from './main-job.ts';
import { Machines, scarce, SEGMENTS } from './topology.ts';

const MINUTE_MS = 60_000;
/** Several slow requests one after another, and far less than the poll interval of who asks for it. */
const AT_ONCE_MS = 20_000;
async function comeAndGo(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  const machines = new Machines(world, random);
  const podIsLate = random.chance(0.3);
  if (random.chance(0.7)) {
    await foreigner(world, `${MANAGER}-node-1`, 'a');
    await predecessor(world, random, { managedBy: MANAGER, zones: ['a', 'b'] });
  }
  if (!podIsLate) await ownPods(world);
  await driverObject(world, random);
  await machines.some();
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', LATE));
  await user.create(STORAGE_CLASSES_PATH, storageClass('now'));
  const names = ['one', 'two', 'three'].slice(0, 1 + random.below(3));
  for (const name of names) {
    await user.create(CLAIMS(), claim(name));
    await user.create(PODS, pod(name, name));
    for (let acts = random.below(4); acts > 0; acts -= 1) {
      if (random.chance(0.5)) await machines.act();
      if (random.chance(0.5)) await classComesOrGoes(world, random);
      if (random.chance(0.5)) await meddle(world, random);
      await user.pause(random.chance(0.2) ? random.between(0, 3 * MINUTE_MS) : random.between(0, 10_000));
    }
  }
  if (podIsLate) await ownPods(world);
  await machines.all();
  await user.until(() => names.every((name) => bound(world, name)), random.between(0, 10 * MINUTE_MS));
  for (const name of names) {
    if (random.chance(0.6)) continue;
    await removeWithPod(world, name);
    await user.pause(random.between(0, 5_000));
  }
}

const COMMON = {
  publishesCapacity: true,
  parts: ['binder', 'scheduler'],
  driver: { topology: SEGMENTS, pools: scarce, promised: 'cluster' },
} as const;

export const CAPACITY: Scenario = {
  ...COMMON,
  name: 'capacity',
  about:
    'capacities beside those of a predecessor, while nodes, classes and volumes come and go and others meddle: in the end they are what the driver says',
  faults: drawFaults,
  crashes: 0.005,
  story: comeAndGo,
};

export const CAPACITY_ELECTED: Scenario = {
  ...COMMON,
  name: 'capacity-elected',
  about: 'the same with two provisioners of which one leads: only that one writes',
  faults: drawFaults,
  crashes: 0.01,
  election: true,
  story: comeAndGo,
};

/** Whatever happens, what is published follows without waiting for the next poll. */
async function atOnce(world: World, random: SeededRandom): Promise<void> {
  const { user, capacity: checks } = world;
  const machines = new Machines(world, random);
  const follows = async (what: string): Promise<void> => {
    // The invariants hear of it first.
    await user.pause(10);
    const isRight = (): boolean => checks?.violations().length === 0;
    if (await user.until(isRight, AT_ONCE_MS)) return;
    throw new Violation('capacity-is-what-the-driver-says', `${what}, and still: ${checks?.violations()[0]?.message ?? ''}`);
  };
  await ownPods(world);
  await machines.all();
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', LATE));
  await user.create(STORAGE_CLASSES_PATH, storageClass('slow', LATE));
  await follows('nodes and classes came');
  await user.create(CLAIMS(), claim('one'));
  await user.create(PODS, pod('one', 'one'));
  await user.until(() => bound(world, 'one'), 10 * MINUTE_MS);
  await follows('a volume was made');
  const acts: readonly (() => Promise<void>)[] = [
    async () => {
      await user.remove(`${STORAGE_CLASSES_PATH}/slow`);
      await follows('a class went');
      await user.create(STORAGE_CLASSES_PATH, storageClass('slow', LATE));
      await follows('a class came');
    },
    async () => {
      const name = `node-${random.pick([1, 2, 3])}`;
      await user.remove(`${random.pick([NODES_PATH, CSI_NODES_PATH])}/${name}`);
      await follows('a node went');
      await machines.all();
      await follows('a node came');
    },
    async () => {
      await meddle(world, random);
      await follows('somebody meddled');
    },
  ];
  for (let rounds = 1 + random.below(4); rounds > 0; rounds -= 1) await random.pick(acts)();
  await removeWithPod(world, 'one');
  await user.until(() => world.mirror.volumes.all().length === 0, 10 * MINUTE_MS);
  await follows('a volume was deleted');
}

const SELDOM = ['--capacity-poll-interval=1h'];

export const CAPACITY_AT_ONCE: Scenario = {
  ...COMMON,
  name: 'capacity-at-once',
  about: 'without any fault, and hardly ever a poll: what is published follows every class, node, volume and meddler at once',
  flags: { 'csi-provisioner': SELDOM, 'csi-sidecars': SELDOM },
  story: atOnce,
};

/** What a driver says that does not know what it has: from nothing to more than there is. */
const LIES = [0n, GIB, 1n << 50n];
/** The poll interval, and slow requests. */
const ASKED_AGAIN_MS = 2 * MINUTE_MS;

/** For a while the driver says the same of every place, and Pods are sent by what it says. */
async function lies(world: World, random: SeededRandom): Promise<void> {
  const { user, capacity: checks } = world;
  const machines = new Machines(world, random);
  const say = (bytes: bigint | undefined): void => {
    if (checks !== undefined) checks.said = bytes;
    const text = String(bytes);
    world.driverScript = ({ rpc }) =>
      rpc === 'GetCapacity' && bytes !== undefined
        ? { answer: { set: { available_capacity: text, 'maximum_volume_size.value': text } } }
        : undefined;
  };
  await ownPods(world);
  await driverObject(world, random);
  await machines.all();
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', LATE));
  const names = ['one', 'two', 'three'].slice(0, 1 + random.below(3));
  for (const name of names) {
    say(random.pick(LIES));
    await user.create(CLAIMS(), claim(name));
    await user.create(PODS, pod(name, name));
    if (random.chance(0.5)) await classComesOrGoes(world, random);
    await user.pause(random.between(0, 3 * MINUTE_MS));
    if (random.chance(0.5)) continue;
    await user.pause(ASKED_AGAIN_MS);
    const [wrong] = checks?.violations() ?? [];
    if (world.calm.untouched && wrong !== undefined) throw wrong;
  }
  say(undefined);
  await user.until(() => names.every((name) => bound(world, name)), random.between(0, 20 * MINUTE_MS));
  if (random.chance(0.4)) await removeWithPod(world, 'one');
}

export const CAPACITY_LIES: Scenario = {
  ...COMMON,
  name: 'capacity-lies',
  about:
    'a driver that says for a while that it has more or less room than it has: what it says is published, and every Pod runs in the end',
  faults: (random) => (random.chance(0.4) ? NO_FAULTS : drawFaults(random)),
  crashes: 0.005,
  story: lies,
};

/** Every node publishes what its own driver has, and nothing of the others'. */
async function onNodes(world: World, random: SeededRandom): Promise<void> {
  const { user, nodes } = world;
  const podsAreLate = random.chance(0.3);
  if (random.chance(0.7)) {
    // Of a deployment with one provisioner for all, and of a node that nobody knows.
    await foreigner(world, MANAGER, ROOMY);
    await foreigner(world, `${MANAGER}-node-9`, 'node-9');
    for (const node of nodes) await predecessor(world, random, { managedBy: `${MANAGER}-${node}`, zones: [node] });
  }
  if (!podsAreLate) await ownPods(world);
  await driverObject(world, random);
  await join(world);
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', LATE));
  await user.create(STORAGE_CLASSES_PATH, storageClass('now'));
  const names = ['one', 'two', 'three'].slice(0, 1 + random.below(3));
  for (const name of names) {
    const className = random.chance(0.7) ? 'fast' : 'now';
    await user.create(CLAIMS(), claim(name, { className }));
    if (className === 'fast') await user.create(PODS, pod(name, name));
    if (random.chance(0.5)) await classComesOrGoes(world, random);
    if (random.chance(0.5)) await meddle(world, random);
    if (random.chance(0.4)) world.loseNode(random.pick(nodes));
    await user.pause(random.chance(0.3) ? random.between(0, 3 * MINUTE_MS) : random.between(0, 10_000));
    for (const node of nodes) await world.returnNode(node);
  }
  if (podsAreLate) await ownPods(world);
  await user.until(() => names.every((name) => bound(world, name)), random.between(0, 10 * MINUTE_MS));
  for (const name of names) if (random.chance(0.4)) await removeWithPod(world, name);
}

export const CAPACITY_ON_NODES: Scenario = {
  ...COMMON,
  name: 'capacity-on-nodes',
  about:
    'a provisioner on every node, each beside what its predecessor left: each publishes its own node and leaves those of the others alone',
  driver: { nodes: someNodes, pools: scarceOnNodes, promised: 'selected' },
  faults: drawFaults,
  crashes: 0.005,
  story: onNodes,
};
