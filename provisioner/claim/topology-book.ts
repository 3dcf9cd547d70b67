/**
 * The cluster's topology as the driver has registered it. Nodes are counted once for each set of keys; from then on a node whose
 * labels or keys change costs a look at that node: a cluster of ten thousand is not walked for a claim.
 * Source: docs/peer-behaviour.md#topology.
 */
import type { Informer } from '../../lib/controller/informer.ts';
import type { CsiNode, Node, TopologySelectorTerm } from '../../lib/kube/objects.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { Census } from '../segments/census.ts';
import { createCensus } from '../segments/census.ts';
import type { RegisteredKeys } from '../facts/registered-keys.ts';
import { changesKeys, changesPlace, registeredKeys } from '../facts/registered-keys.ts';
import type { Places } from './places.ts';
import { createAllowedBook, NO_PLACES, placesOf } from './places.ts';
import type { Term } from './terms.ts';
import { sortTerms, termOf } from './terms.ts';
import type { SelectedNode, TopologyInput, TopologyKeys } from './topology.ts';
import { needsCluster } from './topology.ts';

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

interface TermCount {
  readonly keys: TopologyKeys;
  readonly census: Census<Term>;
  /** Memo: a term comes or goes far less often than claims ask. */
  sorted: Places | undefined;
}

interface Cluster {
  /** Sets of keys, by the nodes whose CSINodes register them. */
  readonly keySets: Census<TopologyKeys>;
  /** Memo: sorted. */
  sets: readonly TopologyKeys[] | undefined;
  /** Distinct terms of the nodes that have registered a set of keys, by that set. */
  readonly counts: Map<string, TermCount>;
  /** Memo: those of all sets. */
  places: Places | undefined;
}

export function createTopologyBook(
  driver: string,
  { nodes, csiNodes }: { readonly nodes: Informer<Node>; readonly csiNodes: Informer<CsiNode> },
): TopologyBook {
  /** Undefined: nobody has asked yet. */
  let cluster: Cluster | undefined;
  const allowedBy = createAllowedBook();

  const keysOf = (name: string): RegisteredKeys => registeredKeys(driver, csiNodes.store.get(name));
  const registeredOn = (name: string): TopologyKeys => {
    const keys = keysOf(name);
    return typeof keys === 'string' ? [] : keys;
  };

  const place = (book: Cluster, count: TermCount, name: string): void => {
    const registered = registeredOn(name);
    const labels = nodes.store.get(name)?.metadata?.labels;
    const term = labels !== undefined && count.keys.every((key) => registered.includes(key)) ? termOf(count.keys, labels) : undefined;
    if (count.census.put(name, term === undefined ? undefined : { id: JSON.stringify(term), value: term }).length === 0) return;
    count.sorted = undefined;
    book.places = undefined;
  };

  const putKeys = (book: Cluster, name: string): void => {
    const keys = [...registeredOn(name)].sort();
    for (const id of book.keySets.put(name, keys.length === 0 ? undefined : { id: setId(keys), value: keys })) {
      book.sets = undefined;
      book.places = undefined;
      if (book.keySets.get(id) === undefined) book.counts.delete(id);
    }
  };

  const opened = (): Cluster => {
    if (cluster !== undefined) return cluster;
    cluster = { keySets: createCensus(), sets: undefined, counts: new Map(), places: undefined };
    for (const csiNode of csiNodes.store.list()) putKeys(cluster, keyOf(csiNode));
    return cluster;
  };

  // A CSINode has the name of its Node.
  nodes.onEvent((event) => {
    if (cluster === undefined || !changesPlace(keysOf(event.key), event)) return;
    for (const count of cluster.counts.values()) place(cluster, count, event.key);
  });
  csiNodes.onEvent((event) => {
    const { key } = event;
    if (cluster === undefined || !changesKeys(driver, event)) return;
    putKeys(cluster, key);
    for (const count of cluster.counts.values()) place(cluster, count, key);
  });

  const placesBy = (book: Cluster, keys: TopologyKeys): Places => {
    const id = setId([...keys].sort());
    let count = book.counts.get(id);
    if (count === undefined) {
      count = { keys, census: createCensus(), sorted: undefined };
      book.counts.set(id, count);
      for (const node of nodes.store.list()) place(book, count, keyOf(node));
    }
    count.sorted ??= placesOf(sortTerms(count.census.values()));
    return count.sorted;
  };

  const placesOfAll = (book: Cluster, sets: readonly TopologyKeys[]): Places => {
    const [first, ...others] = sets;
    book.places ??=
      first !== undefined && others.length === 0
        ? placesBy(book, first)
        : placesOf(sortTerms(sets.flatMap((keys) => placesBy(book, keys).terms)));
    return book.places;
  };

  const clusterOf = (selected: SelectedNode | undefined): Pick<TopologyInput, 'clusterKeys' | 'cluster'> => {
    const book = opened();
    if (selected !== undefined) {
      const { keys } = selected;
      const known = typeof keys !== 'string' && keys.length > 0;
      return known ? { clusterKeys: [keys], cluster: placesBy(book, keys) } : NOWHERE;
    }
    book.sets ??= [...book.keySets.values()].sort(compareKeys);
    return { clusterKeys: book.sets, cluster: placesOfAll(book, book.sets) };
  };

  return {
    inputFor: ({ claim, selectedNode, allowed: list, strict, immediate }) => {
      const allowed = allowedBy(list);
      const node = selectedNode === undefined ? undefined : nodes.store.get(selectedNode);
      const selected: SelectedNode | undefined =
        selectedNode === undefined
          ? undefined
          : {
              name: selectedNode,
              keys: keysOf(selectedNode),
              labels: node === undefined ? undefined : (node.metadata?.labels ?? {}),
            };
      const needed = needsCluster({ strict, immediate, allowed, selected });
      return { driver, claim, strict, immediate, allowed, selected, ...(needed ? clusterOf(selected) : NOWHERE) };
    },
  };
}

const NOWHERE = { clusterKeys: [], cluster: NO_PLACES };

function setId(sorted: TopologyKeys): string {
  return sorted.join('\n');
}

function compareKeys(a: TopologyKeys, b: TopologyKeys): number {
  return setId(a) < setId(b) ? -1 : 1;
}
