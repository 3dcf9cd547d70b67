/** Stories of single claims where each node has a driver of its own: nodes that are full, and one that goes while it makes a volume. */
import type { Pool } from '../../../mock-driver/model/records.ts';
import { drawFaults, NO_FAULTS } from '../faults.ts';
import { Violation } from '../invariants.ts';
import { nodeOfClaim, nodeOfVolume } from '../local-places.ts';
import { CLAIMS, claim, pod, PODS, SELECTED_NODE, storageClass, STORAGE_CLASSES_PATH, ZONE } from '../manifests.ts';
import { GIB } from '../rooms.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { join, leave, ROOMY, scarceOnNodes, someNodes } from './local-nodes.ts';
import { bound, must } from './main-job.ts';

const MINUTE_MS = 60_000;
const ONE_EACH = (): readonly Pool[] => ['node-1', 'node-2', 'node-3'].map((name) => ({ segment: { [ZONE]: name }, bytes: GIB }));

/** More claims than there is room for: as soon as a volume goes, or a node takes back what it refused, the next claim has its turn. */
async function fullNodes(world: World, random: SeededRandom): Promise<void> {
  const { user, nodes } = world;
  await join(world);
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast'));
  const names = nodes.map((_, i) => `claim-${i}`);
  for (const name of names) {
    await user.create(CLAIMS(), claim(name));
    await user.pause(random.between(0, 90_000));
  }
  await must(world, () => names.every((name) => bound(world, name)), 'a claim on each node bound');
  let refusals = random.below(4);
  world.driverScript = ({ rpc }) => (rpc === 'CreateVolume' && (refusals -= 1) >= 0 ? { code: 'RESOURCE_EXHAUSTED' } : undefined);
  await user.create(CLAIMS(), claim('next'));
  await user.pause(random.between(0, 10 * MINUTE_MS));
  await user.remove(`${CLAIMS()}/${random.pick(names)}`);
  await must(world, () => bound(world, 'next'), 'the claim that waited bound');
}

export const NODES_FULL: Scenario = {
  name: 'nodes-full',
  about:
    'a node for each claim and a claim more, drivers that refuse what they said they had room for: who waits is served as soon as there is room',
  driver: { nodes: someNodes, pools: ONE_EACH, promised: 'selected' },
  story: fullNodes,
};

/** With next to no delay every node wants every claim at once: the claim's version decides, and nobody is told of those who lost. */
async function allAtOnce(world: World, random: SeededRandom): Promise<void> {
  const { user, nodes } = world;
  await join(world);
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast'));
  await user.pause(random.between(0, 5_000));
  const names = ['one', 'two', 'three', 'four'];
  for (const name of names) {
    await user.create(CLAIMS(), claim(name));
    if (random.chance(0.3)) world.crash(`csi-provisioner-${random.pick(nodes)}`);
    await user.pause(random.chance(0.5) ? 0 : random.between(0, 5_000));
  }
  await user.until(() => names.every((name) => bound(world, name)), random.between(0, 10 * MINUTE_MS));
  for (const name of names) if (random.chance(0.3)) await user.remove(`${CLAIMS()}/${name}`);
}

export const NODES_AT_ONCE: Scenario = {
  name: 'nodes-at-once',
  about: 'every node wants every claim in the same moment: each claim has one volume, on the node that was first, and no conflict is told',
  driver: { nodes: someNodes, pools: scarceOnNodes, promised: 'selected' },
  flags: { 'csi-provisioner': ['--node-deployment-base-delay=5ms', '--node-deployment-max-delay=1s'] },
  faults: (random) => (random.chance(0.4) ? NO_FAULTS : drawFaults(random)),
  crashes: 0.005,
  story: allAtOnce,
};

function claimNamed({ mirror }: World, name: string) {
  return mirror.claims.all().find(({ metadata }) => metadata?.name === name);
}

/** What its driver was asked for and did not decide is settled once the node is back, by nobody else, whatever became of the claim. */
async function lostInTheMaking(world: World, random: SeededRandom): Promise<void> {
  const { user, mirror, calls } = world;
  const isLate = random.chance(0.5);
  let undecided = true;
  world.driverScript = ({ rpc }) =>
    rpc === 'CreateVolume' && undecided ? { code: 'DEADLINE_EXCEEDED', effect: random.chance(0.8) } : undefined;
  await join(world);
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', isLate ? { volumeBindingMode: 'WaitForFirstConsumer' } : {}));
  const { object } = await user.create(CLAIMS(), claim('data'));
  if (isLate) await user.create(PODS, pod('data', 'data'));
  const asked = (): number => calls.of('CreateVolume', `pvc-${object.metadata?.uid ?? ''}`).length;
  const most = 1 + random.below(3);
  await must(world, () => asked() >= most, 'the driver asked');
  const lost = nodeOfClaim(claimNamed(world, 'data') ?? {}) ?? ROOMY;
  world.loseNode(lost);
  undecided = false;
  await leave(world, lost);
  await user.pause(random.between(0, 5 * MINUTE_MS));
  const isFreed = random.chance(0.6);
  if (isFreed) await user.edit(`${CLAIMS()}/data`, { metadata: { annotations: { [SELECTED_NODE]: null } } });
  else {
    await user.remove(`${PODS}/data?gracePeriodSeconds=0`);
    await user.remove(`${CLAIMS()}/data`);
  }
  if (isFreed) await must(world, () => bound(world, 'data'), 'the claim bound on another node');
  await user.pause(random.chance(0.5) ? random.between(0, MINUTE_MS) : random.between(0, 60 * MINUTE_MS));
  await world.returnNode(lost);
  await join(world);
  if (!isFreed) return;
  await user.pause(random.between(0, MINUTE_MS));
  // And the volume of one that is away stays as it is until it is back.
  const volume = mirror.volumes.all().find(({ metadata }) => metadata?.name === claimNamed(world, 'data')?.spec?.volumeName);
  const holder = nodeOfVolume(volume) ?? ROOMY;
  world.loseNode(holder);
  await user.remove(`${PODS}/data?gracePeriodSeconds=0`);
  await user.remove(`${CLAIMS()}/data`);
  await user.pause(random.between(0, 30 * MINUTE_MS));
  if (!mirror.volumes.all().some(({ metadata }) => metadata?.uid === volume?.metadata?.uid))
    throw new Violation('nothing-lost', `PV ${volume?.metadata?.name ?? ''} went while its node ${holder} was away`);
  await world.returnNode(holder);
}

export const NODE_LOST_IN_THE_MAKING: Scenario = {
  name: 'node-lost-in-the-making',
  about:
    'a node goes after its driver gave no answer, and comes back late: another one makes the volume, and what the first one made is deleted',
  driver: { nodes: someNodes, promised: 'selected' },
  parts: ['binder', 'scheduler'],
  crashes: 0.002,
  story: lostInTheMaking,
};
