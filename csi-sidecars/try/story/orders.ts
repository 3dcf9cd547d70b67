/** Everything deleted: in the orders in which users do it, and in the end what is left. */
import type { KubeObject, Resource } from '../../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import { NODE_PODS } from '../../../sandbox/node/pod.ts';
import type { Step } from '../step.ts';
import type { TryWorld } from '../world/world.ts';
import { claim, NAMESPACE, snapshot } from './objects.ts';
import { allGone, bound, create, gone, ready, remove, unmounted } from './waits.ts';

type Part = 'source' | 'snapshot' | 'restored';

const ORDERS: readonly (readonly Part[])[] = [
  ['restored', 'snapshot', 'source'],
  ['snapshot', 'source', 'restored'],
  ['source', 'restored', 'snapshot'],
];

export const ORDERS_STEP: Step = {
  id: 'orders',
  title: 'delete source, snapshot and restored volume in several orders',
  needs: ['restore'],
  fullOnly: true,
  run: async (world) => {
    await Promise.all(ORDERS.map((order, index) => chain(world, order, `order-${index}`)));
    return ORDERS.map((order) => order.join(', ')).join('; ');
  },
};

async function chain(world: TryWorld, order: readonly Part[], name: string): Promise<void> {
  await create(world, PERSISTENT_VOLUME_CLAIMS, claim(`${name}-source`));
  await bound(world, `${name}-source`);
  await create(world, VOLUME_SNAPSHOTS, snapshot(`${name}-snapshot`, `${name}-source`));
  const { status } = await ready(world, `${name}-snapshot`);
  const size = status?.restoreSize;
  const parts = { from: `snapshot/${name}-snapshot`, ...(size === undefined || String(size) === '0' ? {} : { size: String(size) }) };
  await create(world, PERSISTENT_VOLUME_CLAIMS, claim(`${name}-restored`, parts));
  await bound(world, `${name}-restored`);
  for (const part of order) await remove(world, kindOf(part), `${name}-${part}`);
  for (const part of order) await gone(world, kindOf(part), [`${name}-${part}`]);
}

function kindOf(part: Part): Resource<KubeObject> {
  return part === 'snapshot' ? VOLUME_SNAPSHOTS : PERSISTENT_VOLUME_CLAIMS;
}

export const CLEAN_STEP: Step = {
  id: 'clean',
  title: 'delete all claims and snapshots',
  needs: ['sidecars'],
  run: async (world) => {
    const of = async (resource: Resource<KubeObject>): Promise<string[]> => {
      const { items } = await world.cluster.client.list(resource, { namespace: NAMESPACE, signal: world.signal });
      return items.map(({ metadata }) => metadata?.name ?? '');
    };
    for (const name of await of(NODE_PODS)) await unmounted(world, name);
    for (const resource of [VOLUME_SNAPSHOTS, PERSISTENT_VOLUME_CLAIMS] as readonly Resource<KubeObject>[]) {
      const names = await of(resource);
      for (const name of names) await remove(world, resource, name);
      if (names.length > 0) await gone(world, resource, names);
    }
    await allGone(world);
    await world.sidecars.stop();
    return 'no claim, volume, snapshot or content is left';
  },
};
