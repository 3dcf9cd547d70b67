/**
 * The cluster's topology as the driver sees it. Nodes are counted once, by the keys that a claim asks for; from then on a
 * node whose labels change costs a look at that node: a cluster of ten thousand is not walked for a claim.
 */
import type { Informer } from '../../lib/controller/informer.ts';
import type { CsiNode, Node, TopologySelectorTerm } from '../../lib/kube/objects.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { Census } from '../segments/census.ts';
import { createCensus } from '../segments/census.ts';
import { fnv1 } from './fnv.ts';
import type { SelectedNode, Term, TopologyInput } from './topology.ts';
import { needsClusterTerms, sortTerms, termOf } from './topology.ts';

export interface TopologyQuestion {
  readonly claim: { readonly name: string; readonly uid: string };
  readonly selectedNode: string | undefined;
  readonly allowed: readonly TopologySelectorTerm[] | undefined;
  readonly strict: boolean;
  readonly immediate: boolean;
}

export interface TopologyBook {
  inputFor(question: TopologyQuestion): TopologyInput;
}

type Keys = readonly string[];

interface TermCount {
  readonly keys: Keys;
  readonly census: Census<Term>;
  /** Memo: a term comes or goes far less often than claims ask. */
  sorted: readonly Term[] | undefined;
}

export function createTopologyBook(
  driver: string,
  { nodes, csiNodes }: { readonly nodes: Informer<Node>; readonly csiNodes: Informer<CsiNode> },
): TopologyBook {
  /** Distinct terms of the cluster's nodes, by the keys that claims have asked for. */
  const counts = new Map<string, TermCount>();
  let draws: readonly Keys[] | undefined;
  nodes.onEvent(({ key, changed }) => {
    if (!changed) return;
    for (const count of counts.values()) place(count, key, nodes.store.get(key));
  });
  csiNodes.onEvent(({ old, object, changed }) => {
    // Other drivers come and go in the same CSINodes.
    if (changed && String(keysOf(old)) !== String(keysOf(object))) draws = undefined;
  });

  const keysOf = (csiNode: CsiNode | undefined): SelectedNode['keys'] => {
    if (csiNode === undefined) return 'no-csinode';
    const entry = csiNode.spec?.drivers?.find(({ name }) => name === driver);
    return entry === undefined ? 'no-driver' : (entry.topologyKeys ?? []);
  };

  /** Keys of the CSINodes that list the driver, by node name. */
  const allKeys = (): readonly Keys[] => {
    draws ??= [...csiNodes.store.list()]
      .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))
      .map(keysOf)
      .filter((keys): keys is Keys => typeof keys !== 'string' && keys.length > 0);
    return draws;
  };

  const clusterTerms = (keys: Keys): readonly Term[] => {
    const name = [...keys].sort().join('\n');
    const count = counts.get(name) ?? { keys, census: createCensus<Term>(), sorted: undefined };
    if (!counts.has(name)) {
      counts.set(name, count);
      for (const node of nodes.store.list()) place(count, keyOf(node), node);
    }
    count.sorted ??= sortTerms(count.census.values());
    return count.sorted;
  };

  return {
    inputFor: ({ claim, selectedNode, allowed, strict, immediate }) => {
      const node = selectedNode === undefined ? undefined : nodes.store.get(selectedNode);
      const selected: SelectedNode | undefined =
        selectedNode === undefined
          ? undefined
          : {
              name: selectedNode,
              keys: keysOf(csiNodes.store.get(selectedNode)),
              labels: node === undefined ? undefined : (node.metadata?.labels ?? {}),
            };
      const needed = needsClusterTerms({ strict, immediate, allowed, selected });
      const sets = needed && selected === undefined ? allKeys() : [];
      // The peer draws a CSINode by chance; by the claim's uid every retry draws the same one.
      const drawn = sets[fnv1(claim.uid) % Math.max(1, sets.length)];
      const clusterKeys = selected === undefined ? drawn : typeof selected.keys === 'string' ? undefined : selected.keys;
      return {
        driver,
        claim,
        strict,
        immediate,
        allowed,
        selected,
        clusterKeys,
        clusterTerms: needed && clusterKeys !== undefined && clusterKeys.length > 0 ? clusterTerms(clusterKeys) : [],
      };
    },
  };
}

function place(count: TermCount, name: string, node: Node | undefined): void {
  const term = node === undefined ? undefined : termOf(count.keys, node.metadata?.labels ?? {});
  const group = term === undefined ? undefined : { id: JSON.stringify(term), value: term };
  if (count.census.put(name, group).length > 0) count.sorted = undefined;
}
