/**
 * The segments of a cluster, as the driver's CSINodes and the labels of their Nodes tell them. Each node is counted in
 * its segment; a change of one node costs the keys of that node, whatever the size of the cluster.
 *
 * A node counts where its CSINode lists the driver and it has a label for every key named there. Kubelet sets the labels
 * a moment after the keys: until then the node lies nowhere.
 */
import type { Informer } from '../../lib/controller/informer.ts';
import type { CsiNode, Node } from '../../lib/kube/objects.ts';
import { changesKeys, changesPlace, registeredKeys } from '../facts/registered-keys.ts';
import { createCensus } from './census.ts';
import type { Segment } from './segment.ts';
import { segmentId, segmentOf } from './segment.ts';
import type { Segments } from './segments.ts';

export interface SegmentIndexDeps {
  readonly driver: string;
  readonly nodes: Informer<Node>;
  readonly csiNodes: Informer<CsiNode>;
}

export function createSegmentIndex({ driver, nodes, csiNodes }: SegmentIndexDeps): Segments {
  const census = createCensus<Segment>();
  const listeners: ((id: string) => void)[] = [];

  const look = (name: string): void => {
    const segment = segmentOfNode(driver, csiNodes.store.get(name), nodes.store.get(name));
    const changed = census.put(name, segment === undefined ? undefined : { id: segmentId(segment), value: segment });
    for (const id of changed) for (const listener of listeners) listener(id);
  };

  // A CSINode has the name of its Node.
  nodes.onEvent((event) => {
    if (changesPlace(registeredKeys(driver, csiNodes.store.get(event.key)), event)) look(event.key);
  });
  csiNodes.onEvent((event) => {
    if (changesKeys(driver, event)) look(event.key);
  });

  return {
    get: (id) => census.get(id),
    ids: () => census.ids(),
    onChange: (listener) => void listeners.push(listener),
  };
}

function segmentOfNode(driver: string, csiNode: CsiNode | undefined, node: Node | undefined): Segment | undefined {
  const keys = registeredKeys(driver, csiNode);
  return typeof keys === 'string' || node === undefined ? undefined : segmentOf(keys, node.metadata?.labels ?? {});
}
