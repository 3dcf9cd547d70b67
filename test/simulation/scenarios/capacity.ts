/** Capacities that are published while nodes, classes and volumes come and go, and others touch what is published. */
import { OURS } from '../capacity-checks.ts';
import { drawFaults } from '../faults.ts';
import { Violation } from '../invariants.ts';
import { CLAIMS, claim, CSI_NODES_PATH, DRIVER, NODES_PATH, pod, PODS, storageClass, STORAGE_CLASSES_PATH, ZONE } from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { bound } from './main-job.ts';
import { Machines, scarce, SEGMENTS } from './topology.ts';

const MINUTE_MS = 60_000;
/** Several slow requests one after another, and far less than the poll interval of who asks for it. */
const AT_ONCE_MS = 20_000;
const CAPACITIES = '/apis/storage.k8s.io/v1/namespaces/kube-system/csistoragecapacities';
const LATE = { volumeBindingMode: 'WaitForFirstConsumer' };
const SET = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'csi', uid: '2f0c1c9e-58a6-4a64-9c0f-6a51c1d3b2aa', controller: true };
const EARLIER_SET = { ...SET, uid: '0e7b6a10-77c5-4b6f-8a52-3f3c57a0d0bb' };

/** The Pod of the programs. */
function ownPod({ user }: World): Promise<unknown> {
  const metadata = { name: 'csi-0', namespace: 'kube-system', ownerReferences: [SET] };
  const spec = { nodeName: 'node-0', containers: [{ name: 'main', image: 'x' }] };
  return user.create('/api/v1/namespaces/kube-system/pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec });
}

function capacity(className: string, zone: string, { managedBy = OURS['csi.storage.k8s.io/managed-by'], bytes = '1Gi' } = {}): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIStorageCapacity',
    metadata: {
      generateName: 'csisc-',
      namespace: 'kube-system',
      labels: { ...OURS, 'csi.storage.k8s.io/managed-by': managedBy },
      ownerReferences: [EARLIER_SET],
    },
    storageClassName: className,
    nodeTopology: { matchLabels: { [ZONE]: zone } },
    capacity: bytes,
  };
}

/** As a Go program leaves them: some right, some double, some about what is gone; and one of a provisioner on a node. */
async function predecessors({ user }: World, random: SeededRandom): Promise<void> {
  await user.create(CAPACITIES, capacity('fast', 'a', { managedBy: 'external-provisioner-node-1' }));
  for (const className of ['fast', 'slow', 'gone'])
    for (const zone of ['a', 'b', 'gone'])
      for (let copies = random.below(3); copies > 0; copies -= 1)
        await user.create(CAPACITIES, capacity(className, zone, { bytes: `${random.below(4)}Gi` }));
}

/** Somebody deletes one of ours, changes it, or makes it somebody else's. */
async function meddle({ user, mirror }: World, random: SeededRandom): Promise<void> {
  const [object] = mirror.capacities
    .all()
    .filter(({ metadata }) => metadata?.labels?.['csi.storage.k8s.io/managed-by'] === 'external-provisioner');
  const path = `${CAPACITIES}/${object?.metadata?.name ?? ''}`;
  if (object === undefined) return;
  if (random.chance(0.4)) await user.remove(path);
  else if (random.chance(0.5)) await user.edit(path, { capacity: '7Gi' });
  else await user.edit(path, { metadata: { labels: { 'csi.storage.k8s.io/managed-by': 'somebody' } } });
}

async function classComesOrGoes({ user }: World, random: SeededRandom): Promise<void> {
  if (random.chance(0.5)) await user.remove(`${STORAGE_CLASSES_PATH}/slow`);
  else await user.create(STORAGE_CLASSES_PATH, storageClass('slow', random.chance(0.8) ? LATE : {}));
}

async function comeAndGo(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  const machines = new Machines(world, random);
  const podIsLate = random.chance(0.3);
  if (random.chance(0.7)) await predecessors(world, random);
  if (!podIsLate) await ownPod(world);
  await user.create('/apis/storage.k8s.io/v1/csidrivers', { metadata: { name: DRIVER }, spec: { storageCapacity: random.chance(0.7) } });
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
  if (podIsLate) await ownPod(world);
  await machines.all();
  await user.until(() => names.every((name) => bound(world, name)), random.between(0, 10 * MINUTE_MS));
  for (const name of names) {
    if (random.chance(0.6)) continue;
    await user.remove(`${PODS}/${name}?gracePeriodSeconds=0`);
    await user.remove(`${CLAIMS()}/${name}`);
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
  await ownPod(world);
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
  await user.remove(`${PODS}/one?gracePeriodSeconds=0`);
  await user.remove(`${CLAIMS()}/one`);
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
