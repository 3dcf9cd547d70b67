/** What users, predecessors and meddlers do where capacities are published. */
import { OURS } from '../capacity-checks.ts';
import { CLAIMS, DRIVER, PODS, storageClass, STORAGE_CLASSES_PATH, ZONE } from '../manifests.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';

const CAPACITIES = '/apis/storage.k8s.io/v1/namespaces/kube-system/csistoragecapacities';
const MANAGED_BY = 'csi.storage.k8s.io/managed-by';
export const MANAGER = OURS[MANAGED_BY];
export const LATE = { volumeBindingMode: 'WaitForFirstConsumer' };
const SET = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'csi', uid: '2f0c1c9e-58a6-4a64-9c0f-6a51c1d3b2aa', controller: true };
const EARLIER_SET = { ...SET, uid: '0e7b6a10-77c5-4b6f-8a52-3f3c57a0d0bb' };

/** The Pods of the programs: one, or one on each node. */
export async function ownPods({ user, nodes }: World): Promise<void> {
  for (const [name, nodeName] of nodes.length === 0 ? [['csi-0', 'node-0']] : nodes.map((node) => [`csi-${node}`, node])) {
    const metadata = { name, namespace: 'kube-system', ownerReferences: [SET] };
    const spec = { nodeName, containers: [{ name: 'main', image: 'x' }] };
    await user.create('/api/v1/namespaces/kube-system/pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec });
  }
}

export async function driverObject({ user }: World, random: SeededRandom): Promise<void> {
  await user.create('/apis/storage.k8s.io/v1/csidrivers', { metadata: { name: DRIVER }, spec: { storageCapacity: random.chance(0.7) } });
}

/** As a Go program writes it. */
export function capacity(className: string, zone: string, { managedBy = MANAGER, bytes = '1Gi' } = {}): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIStorageCapacity',
    metadata: {
      generateName: 'csisc-',
      namespace: 'kube-system',
      labels: { ...OURS, [MANAGED_BY]: managedBy },
      ownerReferences: [EARLIER_SET],
    },
    storageClassName: className,
    nodeTopology: { matchLabels: { [ZONE]: zone } },
    capacity: bytes,
  };
}

/** Of a manager and what it may have published. */
interface Predecessor {
  readonly managedBy: string;
  readonly zones: readonly string[];
}

/** As a Go program leaves them: some right, some double, some about what is gone. */
export async function predecessor({ user }: World, random: SeededRandom, { managedBy, zones }: Predecessor): Promise<void> {
  for (const className of ['fast', 'slow', 'gone'])
    for (const zone of [...zones, 'gone'])
      for (let copies = random.below(3); copies > 0; copies -= 1)
        await user.create(CAPACITIES, capacity(className, zone, { managedBy, bytes: `${random.below(4)}Gi` }));
}

/** What belongs to a manager that is not there is left alone. */
export async function foreigner({ user }: World, managedBy: string, zone: string): Promise<void> {
  await user.create(CAPACITIES, capacity('fast', zone, { managedBy }));
}

/** Somebody deletes one of ours, changes it, makes it somebody else's; or a Go program that is on its way out publishes once more. */
export async function meddle({ user, mirror, nodes }: World, random: SeededRandom): Promise<void> {
  const managers = nodes.length === 0 ? [MANAGER] : nodes.map((node) => `${MANAGER}-${node}`);
  const ours = mirror.capacities.all().filter(({ metadata }) => managers.includes(metadata?.labels?.[MANAGED_BY] ?? ''));
  const object = ours[random.below(Math.max(1, ours.length))];
  const { name = '', labels = {} } = object?.metadata ?? {};
  if (object === undefined) return;
  if (random.chance(0.3)) await user.remove(`${CAPACITIES}/${name}`);
  else if (random.chance(0.4)) await user.edit(`${CAPACITIES}/${name}`, { capacity: '7Gi' });
  else if (random.chance(0.5)) await user.edit(`${CAPACITIES}/${name}`, { metadata: { labels: { [MANAGED_BY]: 'somebody' } } });
  else {
    const zone = object.nodeTopology?.matchLabels?.[ZONE] ?? 'gone';
    const managedBy = labels[MANAGED_BY] ?? MANAGER;
    await user.create(CAPACITIES, capacity(object.storageClassName ?? 'gone', zone, { managedBy, bytes: `${random.below(9)}Gi` }));
  }
}

export async function classComesOrGoes({ user }: World, random: SeededRandom): Promise<void> {
  if (random.chance(0.5)) await user.remove(`${STORAGE_CLASSES_PATH}/slow`);
  else await user.create(STORAGE_CLASSES_PATH, storageClass('slow', random.chance(0.8) ? LATE : {}));
}

export async function removeWithPod({ user }: World, name: string): Promise<void> {
  await user.remove(`${PODS}/${name}?gracePeriodSeconds=0`);
  await user.remove(`${CLAIMS()}/${name}`);
}
