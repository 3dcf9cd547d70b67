/** Volumes that lie in one zone each: Pods that choose it, classes that restrict it, nodes that come and go. */
import type { Pool, Segment } from '../../../mock-driver/model/records.ts';
import { drawFaults } from '../faults.ts';
import {
  CLAIMS,
  claim,
  CSI_NODES_PATH,
  csiNode,
  node,
  NODES_PATH,
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
import { scarcePools } from '../rooms.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { bound, ready } from './main-job.ts';

const MINUTE_MS = 60_000;
const ZONES = ['a', 'b', 'c'];
export const SEGMENTS: readonly Segment[] = ZONES.map((zone) => ({ [ZONE]: zone }));
/** Has enough for all, in every story. */
const ROOMY = 'c';

/** Two zones with next to no room. */
export function scarce(random: SeededRandom): readonly Pool[] {
  return scarcePools(ZONES, ROOMY, random);
}

const allowedIn = (...zones: readonly string[]): readonly object[] => [{ matchLabelExpressions: [{ key: ZONE, values: zones }] }];

/** A node in each zone, some of them with their driver registered only later, or gone for a while. */
export class Machines {
  private readonly world: World;
  private readonly random: SeededRandom;
  private readonly zones: readonly (readonly [string, string])[];

  constructor(world: World, random: SeededRandom) {
    this.world = world;
    this.random = random;
    this.zones = [...ZONES, random.pick(ZONES)].map((zone, i) => [`node-${i + 1}`, zone]);
  }

  async some(): Promise<void> {
    for (const [name, zone] of this.zones) {
      if (this.random.chance(0.3)) continue;
      await this.world.user.create(NODES_PATH, node(name, zone));
      if (this.random.chance(0.7)) await this.world.user.create(CSI_NODES_PATH, csiNode(name));
    }
  }

  /** Those that are there already are left alone. */
  async all(): Promise<void> {
    for (const [name, zone] of this.zones) {
      await this.world.user.create(NODES_PATH, node(name, zone));
      await this.world.user.create(CSI_NODES_PATH, csiNode(name));
    }
  }

  async act(): Promise<void> {
    const { user } = this.world;
    const [name, zone] = this.random.pick(this.zones);
    switch (this.random.below(4)) {
      case 0:
        await user.remove(`${CSI_NODES_PATH}/${name}`);
        if (this.random.chance(0.7)) await user.remove(`${NODES_PATH}/${name}`);
        return;
      case 1:
        await user.create(NODES_PATH, node(name, zone));
        return;
      default:
        await user.create(NODES_PATH, node(name, zone));
        await user.create(CSI_NODES_PATH, csiNode(name));
    }
  }
}

const LATE = { volumeBindingMode: 'WaitForFirstConsumer' };

/** Claims that wait for their Pods; the scheduler chooses, the provisioner may give the choice back. */
async function lateBinding(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  const machines = new Machines(world, random);
  await machines.some();
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', LATE));
  // The zone that has room is always among them.
  await user.create(STORAGE_CLASSES_PATH, storageClass('some', { ...LATE, allowedTopologies: allowedIn(random.pick(ZONES), ROOMY) }));
  await user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap'));
  const names = ['one', 'two', 'three'].slice(0, 1 + random.below(3));
  for (const name of names) {
    await user.create(CLAIMS(), claim(name, { className: random.pick(['fast', 'some']) }));
    await user.create(PODS, pod(name, name));
    if (random.chance(0.5)) await machines.act();
    await user.pause(random.between(0, 5_000));
    // A node that nobody knows: chosen from a stale cache, or by hand.
    if (random.chance(0.15)) await user.edit(`${CLAIMS()}/${name}`, { metadata: { annotations: { [SELECTED_NODE]: 'node-9' } } });
  }
  for (let acts = random.below(4); acts > 0; acts -= 1) {
    await machines.act();
    await user.pause(random.between(0, 10_000));
  }
  await machines.all();
  if ((await user.until(() => bound(world, 'one'), random.between(0, 10 * MINUTE_MS))) && hasRoom(world, 'one'))
    await restore(world, random);
  if (random.chance(0.4)) await deleteSome(world, random, names);
}

/** A copy of a volume in a zone without room can never be made: nobody asks for one. */
function hasRoom(world: World, claimName: string): boolean {
  const handle = world.handleOfClaim(claimName);
  const zone = world.ledger().volumes.find(({ id }) => id === handle)?.segment?.[ZONE];
  return zone === ROOMY;
}

/** A copy lies where its source lies: whatever node is chosen first, it ends there. */
async function restore(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  await user.create(SNAPSHOTS(), snapshot('s1', 'one'));
  if (!(await user.until(() => ready(world, 's1'), 10 * MINUTE_MS))) return;
  await user.create(CLAIMS(), claim('restored', { fromSnapshot: 's1' }));
  await user.create(PODS, pod('restored', 'restored'));
  await user.pause(random.between(0, 20_000));
}

async function deleteSome({ user }: World, random: SeededRandom, names: readonly string[]): Promise<void> {
  for (const name of [...names, 'restored']) {
    if (random.chance(0.3)) continue;
    await user.remove(`${PODS}/${name}?gracePeriodSeconds=0`);
    await user.remove(`${CLAIMS()}/${name}`);
    await user.pause(random.between(0, 5_000));
  }
}

export const TOPOLOGY_LATE_BINDING: Scenario = {
  name: 'topology-late-binding',
  about: 'Pods choose the zone, nodes and CSINodes come and go, snapshots are restored: every volume is where its Pod was sent',
  faults: drawFaults,
  crashes: 0.005,
  parts: ['binder', 'scheduler'],
  driver: { topology: SEGMENTS, promised: 'preferred' },
  story: lateBinding,
};

const STRICT = ['--strict-topology'];

export const TOPOLOGY_STRICT: Scenario = {
  name: 'topology-strict',
  about: 'the same with --strict-topology and zones that are full: choices are taken back until a zone has room',
  faults: drawFaults,
  crashes: 0.005,
  parts: ['binder', 'scheduler'],
  flags: { 'csi-provisioner': STRICT, 'csi-sidecars': STRICT },
  driver: { topology: SEGMENTS, pools: scarce, promised: 'selected' },
  story: lateBinding,
};

export const TOPOLOGY_FULL: Scenario = {
  name: 'topology-full',
  about: 'zones that are full, without --strict-topology: the volume lands in another zone, and its Pod follows it',
  faults: drawFaults,
  crashes: 0.005,
  parts: ['binder', 'scheduler'],
  driver: { topology: SEGMENTS, pools: scarce, promised: 'cluster' },
  story: lateBinding,
};

/** Claims that wait for nobody, while the nodes that define the zones come and go. */
async function immediate(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  const machines = new Machines(world, random);
  if (random.chance(0.6)) await machines.some();
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast'));
  await user.create(STORAGE_CLASSES_PATH, storageClass('some', { allowedTopologies: allowedIn(random.pick(['a', 'b']), ROOMY) }));
  await user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap'));
  for (const name of ['one', 'data-0', 'data-1'].slice(0, 1 + random.below(3))) {
    await user.create(CLAIMS(), claim(name, { className: random.pick(['fast', 'some']) }));
    await user.pause(random.between(0, 5_000));
    await machines.act();
  }
  await user.pause(random.between(0, 2 * MINUTE_MS));
  await machines.all();
  if ((await user.until(() => bound(world, 'one'), random.between(0, 10 * MINUTE_MS))) && hasRoom(world, 'one')) {
    await user.create(CLAIMS(), claim('cloned', { fromClaim: 'one', className: classOf(world, 'one') }));
    await user.pause(random.between(0, 10_000));
  }
  if (random.chance(0.3)) await user.remove(`${CLAIMS()}/data-0`);
}

function classOf({ mirror }: World, name: string): string {
  return mirror.claims.all().find(({ metadata }) => metadata?.name === name)?.spec?.storageClassName ?? '';
}

export const TOPOLOGY_IMMEDIATE: Scenario = {
  name: 'topology-immediate',
  about: 'claims without Pods, with and without allowed topologies, nodes late: volumes lie in zones that the cluster has',
  faults: drawFaults,
  crashes: 0.005,
  driver: { topology: SEGMENTS, pools: scarce, promised: 'cluster' },
  story: immediate,
};

const ANYWHERE = ['--immediate-topology=false'];

export const TOPOLOGY_ANYWHERE: Scenario = {
  name: 'topology-anywhere',
  about: 'the same with --immediate-topology=false: the driver chooses, and the PV says where',
  faults: drawFaults,
  crashes: 0.005,
  flags: { 'csi-provisioner': ANYWHERE, 'csi-sidecars': ANYWHERE },
  driver: { topology: SEGMENTS, pools: scarce, promised: 'anywhere' },
  story: immediate,
};
