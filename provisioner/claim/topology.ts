/**
 * Which topology a CreateVolume asks for. Source: docs/peer-behaviour.md#topology, KEP-490 (late binding and topology-aware scheduling), CSI specification (TopologyRequirement).
 *
 * Pure, and without chance.
 */
import type { RegisteredKeys } from '../facts/registered-keys.ts';
import { mapText, pairsText, quoted, words } from '../facts/peer-words.ts';
import { fnv1 } from './fnv.ts';
import type { Allowed, Places, Requirement } from './places.ts';
import { NO_PLACES, placesOf } from './places.ts';
import type { Term } from './terms.ts';
import { isSubset, termOf } from './terms.ts';

export type TopologyKeys = readonly string[];

/** The node that the scheduler chose, as far as the caches know it. */
export interface SelectedNode {
  readonly name: string;
  /** Topology keys of the driver in the CSINode. `no-csinode`: there is no such object; `no-driver`: it does not list the driver. */
  readonly keys: RegisteredKeys;
  /** Undefined: there is no such Node. */
  readonly labels: Readonly<Record<string, string>> | undefined;
}

export interface TopologyInput {
  readonly driver: string;
  readonly claim: { readonly name: string; readonly uid: string };
  readonly strict: boolean;
  readonly immediate: boolean;
  readonly allowed: Allowed | undefined;
  readonly selected: SelectedNode | undefined;
  /** Sets of keys by which the cluster's terms are counted: the selected node's, or all that the driver has registered. */
  readonly clusterKeys: readonly TopologyKeys[];
  /** Every distinct term of the nodes that have registered one of `clusterKeys`, sorted. Looked at only where `needsCluster`. */
  readonly cluster: Places;
}

export type TopologyResult =
  /** No requirement: the driver chooses. */
  | { readonly kind: 'any' }
  | { readonly kind: 'terms'; readonly requirement: Requirement }
  | { readonly kind: 'error'; readonly message: string }
  /** The selected node is gone: another one has to be chosen. */
  | { readonly kind: 'reschedule'; readonly message: string };

export function topologyFor(input: TopologyInput): TopologyResult {
  const { selected } = input;
  const node = selected === undefined ? undefined : nodeTerm(input.driver, selected);
  if (node !== undefined && 'kind' in node) return node;
  const requisite = requisitePlaces(input, node);
  if ('kind' in requisite) return requisite;
  const { terms } = requisite;
  // A list of allowed topologies without any value asks for nothing.
  if (terms.length === 0) return { kind: 'any' };
  if (node === undefined) return { kind: 'terms', requirement: requisite.requirement(spread(input.claim, terms.length)) };
  if (input.strict) return { kind: 'terms', requirement: requisite.requirement(0) };
  const first = terms.findIndex((term) => isSubset(term, node));
  if (first >= 0) return { kind: 'terms', requirement: requisite.requirement(first) };
  return {
    kind: 'error',
    message: `topology ${pairsText(node)} from selected node ${quoted(selected?.name ?? '')} is not in requisite: ${termsText(terms)}`,
  };
}

function requisitePlaces(input: TopologyInput, node: Term | undefined): Places | TopologyResult {
  const { allowed, selected, driver } = input;
  if (input.strict && node !== undefined) {
    if (allowed !== undefined && !allowed.terms.some((term) => isSubset(term, node))) {
      const name = quoted(selected?.name ?? '');
      return {
        kind: 'error',
        message: `selected node '${name}' topology '${pairsText(node)}' is not in allowed topologies: ${termsText(allowed.terms)}`,
      };
    }
    return placesOf([node]);
  }
  if (allowed !== undefined) return allowed.places;
  if (selected === undefined && !input.immediate) return NO_PLACES;
  if (input.clusterKeys.length === 0) {
    return {
      kind: 'error',
      message: words(
        'no available topology found',
        `no CSINode lists driver ${driver} with topology keys; is the driver's node plugin running?`,
      ),
    };
  }
  if (input.cluster.terms.length > 0) return input.cluster;
  return {
    kind: 'error',
    message: words(
      `topologyKeys [${input.clusterKeys.map((keys) => `[${keys.join(' ')}]`).join(' ')}] were not found on any nodes`,
      `no node has all the labels that its CSINode lists for driver ${driver}; kubelet sets them`,
    ),
  };
}

/** The one case in which every node of the cluster counts, for whoever gathers. */
export function needsCluster(input: Pick<TopologyInput, 'strict' | 'immediate' | 'allowed'> & { readonly selected: unknown }): boolean {
  if (input.allowed !== undefined) return false;
  return input.selected === undefined ? input.immediate : !input.strict;
}

/** The selected node's own term, or why there is none. */
/** Whether the selected node says where it is; undefined: none is selected. */
export function isPlaced({ driver, selected }: Pick<TopologyInput, 'driver' | 'selected'>): boolean | undefined {
  return selected === undefined ? undefined : !('kind' in nodeTerm(driver, selected));
}

function nodeTerm(driver: string, { name, keys, labels }: SelectedNode): Term | TopologyResult {
  if (keys === 'no-csinode') {
    const why = `csinode.storage.k8s.io ${quoted(name)} not found`;
    return { kind: 'reschedule', message: `failed to get selected CSINode ${name}: ${why}` };
  }
  if (keys === 'no-driver' || keys.length === 0) {
    const what = keys === 'no-driver' ? `does not list driver ${driver}` : `lists driver ${driver} without topology keys`;
    return {
      kind: 'error',
      message: words(
        `no topology key found for node ${name}`,
        `CSINode "${name}" ${what}; its node plugin sets them when kubelet registers it`,
      ),
    };
  }
  const term = termOf(keys, labels ?? {});
  if (term !== undefined) return term;
  const missing = keys.filter((key) => labels?.[key] === undefined);
  const ours =
    labels === undefined
      ? `node "${name}" is not found`
      : `node "${name}" lacks the label ${missing.join(', ')} that driver ${driver} names as topology key; kubelet sets it`;
  return {
    kind: 'error',
    message: words(
      `topology labels from selected node ${mapText(labels ?? {})} does not match topology keys from CSINode [${keys.join(' ')}]`,
      ours,
    ),
  };
}

/**
 * Where the preferred list of an unscheduled claim starts. Claims of a StatefulSet (`data-web-3`) share the
 * hash of the set's name and are told apart by their ordinal, so that replicas land on different segments.
 */
export function spread(claim: { readonly name: string; readonly uid: string }, count: number): number {
  const [, base = '', ordinal] = /^(.*)-(\d+)$/.exec(claim.name) ?? [];
  const number = ordinal === undefined ? Number.NaN : Number(ordinal);
  const replica = number <= 0xffffffff;
  const set = replica ? base.slice(base.lastIndexOf('-') + 1) : '';
  return ((fnv1(set || claim.name || claim.uid) + (replica ? number : 0)) >>> 0) % count;
}

function termsText(terms: readonly Term[]): string {
  return `[${terms.map(pairsText).join(' ')}]`;
}
