/** The machines of a world in which each node has a driver and sidecars of its own. */
import type { Pool } from '../../../mock-driver/model/records.ts';
import { CSI_NODES_PATH, csiNode, node, NODES_PATH } from '../manifests.ts';
import { scarcePools } from '../rooms.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
/** Has enough for all, in every story. */
export const ROOMY = NODES[0] ?? '';

/** Two of them, or all three. */
export function someNodes(random: SeededRandom): readonly string[] {
  return NODES.slice(0, 2 + random.below(2));
}

/** All but one have next to no room. */
export function scarceOnNodes(random: SeededRandom): readonly Pool[] {
  return scarcePools(NODES, ROOMY, random);
}

/** What kubelet says of them; those that are there already are left alone. */
export async function join({ user, nodes }: World): Promise<void> {
  for (const name of nodes) {
    await user.create(NODES_PATH, node(name, name));
    await user.create(CSI_NODES_PATH, csiNode(name));
  }
}

/** An administrator takes a machine out of the cluster. */
export async function leave({ user }: World, name: string): Promise<void> {
  await user.remove(`${CSI_NODES_PATH}/${name}`);
  await user.remove(`${NODES_PATH}/${name}`);
}
