/** A driver and a provisioner on every node: local volumes, of Pods that choose the node and of claims that nodes compete for. */
import { drawFaults } from '../faults.ts';
import { nodeOfClaim, nodeOfVolume } from '../local-places.ts';
import {
  CLAIMS,
  claim,
  pod,
  PODS,
  SELECTED_NODE,
  SNAPSHOTS,
  snapshot,
  snapshotClass,
  SNAPSHOT_CLASSES_PATH,
  storageClass,
  STORAGE_CLASSES_PATH,
  ZONE,
} from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { tidy } from '../tidy.ts';
import type { World } from '../world.ts';
import { join, leave, ROOMY, scarceOnNodes, someNodes } from './local-nodes.ts';
import { bound, must, ready } from './main-job.ts';

const MINUTE_MS = 60_000;
const LATE = 'late';

async function localClasses({ user, nodes }: World, random: SeededRandom): Promise<void> {
  await user.create(STORAGE_CLASSES_PATH, storageClass(LATE, { volumeBindingMode: 'WaitForFirstConsumer' }));
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast'));
  const values = [...new Set([ROOMY, random.pick(nodes)])];
  await user.create(
    STORAGE_CLASSES_PATH,
    storageClass('some', { allowedTopologies: [{ matchLabelExpressions: [{ key: ZONE, values }] }] }),
  );
  await user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap'));
}

async function ask({ user }: World, name: string, overrides: Parameters<typeof claim>[1]): Promise<void> {
  await user.create(CLAIMS(), claim(name, overrides));
  if (overrides?.className === LATE) await user.create(PODS, pod(name, name));
}

/** Something becomes of a node, or of what was chosen for a claim. */
async function disturb(world: World, random: SeededRandom, names: readonly string[]): Promise<void> {
  const { user, nodes } = world;
  const name = random.pick(nodes);
  switch (random.below(5)) {
    case 0:
      world.crash(`csi-provisioner-${name}`);
      return;
    case 1:
      if (nodes.some((other) => world.localNodes.isAway(other))) return;
      world.loseNode(name);
      // Without its Node nobody can tell whose a snapshot is, and its content is nobody's, as with the Go program: copies are of the roomy one.
      if (random.chance(0.5) && name !== ROOMY) await leave(world, name);
      return;
    case 2:
      for (const other of nodes) await world.returnNode(other);
      return join(world);
    case 3: {
      // By hand, as an administrator frees a claim from a node that is gone. What its class forbids would never be made, nor freed by a program.
      const freed = random.pick(names);
      const chosen = random.chance(0.5) || !mayBeOn(world, freed, name) ? null : name;
      await user.edit(`${CLAIMS()}/${freed}`, { metadata: { annotations: { [SELECTED_NODE]: chosen } } });
      return;
    }
    default:
      await user.pause(random.between(0, 2 * MINUTE_MS));
  }
}

function mayBeOn({ mirror }: World, claimName: string, node: string): boolean {
  const className = mirror.claims.all().find(({ metadata }) => metadata?.name === claimName)?.spec?.storageClassName;
  const { allowedTopologies = [] } = mirror.classes.all().find(({ metadata }) => metadata?.name === className) ?? {};
  const values = allowedTopologies.flatMap(({ matchLabelExpressions }) => matchLabelExpressions ?? []).flatMap((term) => term.values ?? []);
  return values.length === 0 || values.includes(node);
}

async function everybodyReturns(world: World): Promise<void> {
  for (const name of world.nodes) await world.returnNode(name);
  await join(world);
}

function volumeOf({ mirror }: World, name: string): Parameters<typeof nodeOfVolume>[0] {
  const volumeName = mirror.claims.all().find(({ metadata }) => metadata?.name === name)?.spec?.volumeName;
  return mirror.volumes.all().find(({ metadata }) => metadata?.name === volumeName);
}

/** A copy lies where its source lies: it is asked for only where there is room. */
async function copies(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  if (nodeOfVolume(volumeOf(world, 'one')) !== ROOMY) return;
  const className = random.pick([LATE, 'fast']);
  if (random.chance(0.5)) await ask(world, 'cloned', { fromClaim: 'one', className });
  await user.create(SNAPSHOTS(), snapshot('s1', 'one'));
  if (random.chance(0.5) && !(await user.until(() => ready(world, 's1'), 10 * MINUTE_MS))) return;
  await ask(world, 'restored', { fromSnapshot: 's1', className });
  await user.pause(random.between(0, 20_000));
}

async function removeSome({ user }: World, random: SeededRandom, names: readonly string[]): Promise<void> {
  for (const name of [...names, 'restored', 'cloned']) {
    if (random.chance(0.4)) continue;
    await user.remove(`${PODS}/${name}?gracePeriodSeconds=0`);
    await user.remove(`${CLAIMS()}/${name}`);
    await user.pause(random.between(0, 5_000));
  }
}

const CLASS_NAMES = [LATE, LATE, 'fast', 'fast', 'some'];

async function localVolumes(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  await join(world);
  await localClasses(world, random);
  const names = ['one', 'two', 'three'].slice(0, 1 + random.below(3));
  for (const name of names) {
    await ask(world, name, { className: random.pick(CLASS_NAMES) });
    await user.pause(random.between(0, 5_000));
  }
  for (let acts = random.below(5); acts > 0; acts -= 1) {
    await disturb(world, random, names);
    await user.pause(random.between(0, 30_000));
  }
  if (random.chance(0.7)) await everybodyReturns(world);
  if (await user.until(() => bound(world, 'one'), random.between(0, 10 * MINUTE_MS))) await copies(world, random);
  if (random.chance(0.3)) await disturb(world, random, names);
  if (random.chance(0.5)) await removeSome(world, random, names);
  await everybodyReturns(world);
  if (random.chance(0.3)) await oneIsLost(world);
  await tidy(world);
  await removeUseless(world);
}

/** A machine never comes back, and an administrator frees the claims that were to be made on it: others make them. */
async function oneIsLost(world: World): Promise<void> {
  const [lost] = world.nodes.slice(-1);
  if (lost === undefined) return;
  world.abandonNode(lost);
  await leave(world, lost);
  for (const waiting of world.mirror.claims.all())
    if (waiting.status?.phase !== 'Bound' && nodeOfClaim(waiting) === lost)
      await world.user.edit(`${CLAIMS()}/${waiting.metadata?.name ?? ''}`, { metadata: { annotations: { [SELECTED_NODE]: null } } });
}

/** Pods whose claim was taken away can never run. */
async function removeUseless({ user, mirror }: World): Promise<void> {
  for (const { metadata } of mirror.pods.all()) {
    const isUseful = mirror.claims.all().some((object) => object.metadata?.name === metadata?.name);
    if (!isUseful) await user.remove(`${PODS}/${metadata?.name ?? ''}?gracePeriodSeconds=0`);
  }
}

const COMMON = {
  parts: ['binder', 'scheduler'],
  driver: { nodes: someNodes, pools: scarceOnNodes, promised: 'selected' },
} as const;

export const NODE_DEPLOYMENT: Scenario = {
  ...COMMON,
  name: 'node-deployment',
  about:
    'a driver and a provisioner on every node, nodes that go and come back, copies: each volume is made and deleted on its own node alone',
  faults: drawFaults,
  crashes: 0.005,
  story: localVolumes,
};

/** The same users, and nothing goes wrong: what they wait for is the race of the nodes, and nothing else. */
async function undisturbed(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  await join(world);
  await localClasses(world, random);
  await user.pause(random.between(0, 10_000));
  const names = ['one', 'two', 'three'];
  for (const name of names) {
    await ask(world, name, { className: random.pick(CLASS_NAMES) });
    await user.pause(random.between(0, 30_000));
  }
  await must(world, () => names.every((name) => bound(world, name)), 'claims bound');
  await copies(world, random);
  await user.pause(random.between(0, 2 * MINUTE_MS));
  if (random.chance(0.5)) await removeSome(world, random, names);
  await tidy(world);
  await removeUseless(world);
}

export const NODE_DEPLOYMENT_CALM: Scenario = {
  ...COMMON,
  name: 'node-deployment-calm',
  about:
    'the same without any fault: a claim that waits for no Pod has a node after the base delay at the latest, everybody else is served at once',
  story: undisturbed,
};
