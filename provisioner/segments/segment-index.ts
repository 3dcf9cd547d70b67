/**
 * The segments of a cluster, as the driver's CSINodes and the labels of their Nodes tell them. Each node is counted in
 * its segment; a change of one node costs the keys of that node, whatever the size of the cluster.
 *
 * A node counts where its CSINode lists the driver and it has a label for every key named there. Kubelet sets the labels
 * a moment after the keys: until then the node lies nowhere.
 */
import type { Informer } from '../../lib/controller/informer.ts';
import type { CsiNode, Node } from '../../lib/kube/objects.ts';
import type { Segment } from './segment.ts';
import { segmentId, segmentOf } from './segment.ts';
import type { Segments } from './segments.ts';

export interface SegmentIndexDeps {
  readonly driver: string;
  readonly nodes: Informer<Node>;
  readonly csiNodes: Informer<CsiNode>;
}

export function createSegmentIndex({ driver, nodes, csiNodes }: SegmentIndexDeps): Segments {
  const segments = new Map<string, { readonly segment: Segment; nodes: number }>();
  /** Segment by node name. */
  const placed = new Map<string, string>();
  const listeners: ((id: string) => void)[] = [];
  const tell = (id: string): void => {
    for (const listener of listeners) listener(id);
  };

  const enter = (name: string, segment: Segment, id: string): void => {
    placed.set(name, id);
    const known = segments.get(id);
    if (known !== undefined) {
      known.nodes += 1;
      return;
    }
    segments.set(id, { segment, nodes: 1 });
    tell(id);
  };

  const leave = (id: string): void => {
    const known = segments.get(id);
    if (known === undefined) return;
    known.nodes -= 1;
    if (known.nodes > 0) return;
    segments.delete(id);
    tell(id);
  };

  const look = (name: string): void => {
    const segment = segmentOfNode(driver, csiNodes.store.get(name), nodes.store.get(name));
    const id = segment === undefined ? undefined : segmentId(segment);
    const before = placed.get(name);
    if (id === before) return;
    if (segment !== undefined && id !== undefined) enter(name, segment, id);
    else placed.delete(name);
    if (before !== undefined) leave(before);
  };

  // A CSINode has the name of its Node.
  nodes.onEvent(({ key, changed }) => {
    if (changed) look(key);
  });
  csiNodes.onEvent(({ key, changed }) => {
    if (changed) look(key);
  });

  return {
    get: (id) => segments.get(id)?.segment,
    ids: () => [...segments.keys()],
    onChange: (listener) => void listeners.push(listener),
  };
}

function segmentOfNode(driver: string, csiNode: CsiNode | undefined, node: Node | undefined): Segment | undefined {
  const entry = csiNode?.spec?.drivers?.find(({ name }) => name === driver);
  if (entry === undefined || node === undefined) return undefined;
  return segmentOf(entry.topologyKeys ?? [], node.metadata?.labels ?? {});
}
