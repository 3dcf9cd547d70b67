/**
 * The cluster's topology as the driver sees it, counted once and again only when a node's labels or a
 * CSINode's drivers changed: a cluster of ten thousand nodes is not walked for each claim.
 */
import type { Informer } from '../../lib/controller/informer.ts';
import type { CsiNode, Node, TopologySelectorTerm } from '../../lib/kube/objects.ts';
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

export function createTopologyBook(
  driver: string,
  { nodes, csiNodes }: { readonly nodes: Informer<Node>; readonly csiNodes: Informer<CsiNode> },
): TopologyBook {
  let keySets: readonly (readonly string[])[] | undefined;
  const terms = new Map<string, readonly Term[]>();
  nodes.onEvent(({ changed }) => {
    if (changed) terms.clear();
  });
  csiNodes.onEvent(({ changed }) => {
    if (changed) keySets = undefined;
  });

  const keysOf = (csiNode: CsiNode | undefined): SelectedNode['keys'] => {
    if (csiNode === undefined) return 'no-csinode';
    const entry = csiNode.spec?.drivers?.find(({ name }) => name === driver);
    return entry === undefined ? 'no-driver' : (entry.topologyKeys ?? []);
  };

  /** Keys of the CSINodes that list the driver, by node name. */
  const allKeySets = (): readonly (readonly string[])[] => {
    keySets ??= [...csiNodes.store.list()]
      .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))
      .map(keysOf)
      .filter((keys): keys is readonly string[] => typeof keys !== 'string' && keys.length > 0);
    return keySets;
  };

  const clusterTerms = (keys: readonly string[]): readonly Term[] => {
    const name = [...keys].sort().join('\n');
    const known = terms.get(name);
    if (known !== undefined) return known;
    const found = nodes.store.list().flatMap((node) => {
      const term = termOf(keys, node.metadata?.labels ?? {});
      return term === undefined ? [] : [term];
    });
    const counted = sortTerms(found);
    terms.set(name, counted);
    return counted;
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
      const sets = needed && selected === undefined ? allKeySets() : [];
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
