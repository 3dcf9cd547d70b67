/** Nodes and CSINodes: most alike, some without a label, without the driver, or with other keys than the rest. */
import type { KubeObject } from '../../../lib/kube/objects.ts';
import { CSI_NODES, NODES } from '../../../lib/kube/resources.ts';
import type { SeededRandom } from '../../simulation/seeded-random.ts';
import type { Side } from '../programs.ts';
import { shuffled, someOf } from './draws.ts';
import { type MadeObject, ofSide, SIDES } from './parts.ts';

interface NodePlace {
  readonly name: string;
  readonly driver: string;
  readonly keys: readonly string[];
}

export function drawNodes(random: SeededRandom, { name, driver, keys }: NodePlace): readonly MadeObject[] {
  const usual = someOf(random, keys, 0.6);
  const values = [
    ['a', 'b', 'c'],
    ['1', '2'],
    ['east', 'west'],
  ];
  return Array.from({ length: random.pick([0, 2, 3, 4, 4, 5, 5, 6, 6, 8]) }, (_, index) => index).flatMap((index): MadeObject[] => {
    const node = `${name}-n${index}`;
    const labels = Object.fromEntries(
      keys.flatMap((key, at) => (random.chance(0.97) ? [[key, random.pick(values[at] ?? [])]] : [])),
    ) as Record<string, string>;
    const topologyKeys = random.chance(0.8) ? usual : someOf(random, keys, 0.5);
    const inOrder = shuffled(random, topologyKeys);
    const entry = (side: Side): object => ({ name: ofSide(driver, side), nodeID: node, topologyKeys: inOrder });
    const drivers = random.chance(0.95) ? SIDES.map(entry) : [];
    const other = { name: 'other.csi.example', nodeID: node, topologyKeys: [...keys] };
    const made = { resource: NODES, object: { metadata: { name: node, labels } } };
    const csiNode = { resource: CSI_NODES, object: { metadata: { name: node }, spec: { drivers: [...drivers, other] } } as KubeObject };
    return [...(random.chance(0.98) ? [made] : []), ...(random.chance(0.97) ? [csiNode] : [])];
  });
}
