/**
 * Which topology a CreateVolume asks for. Source: docs/peer-behaviour.md#topology, KEP-490 (late binding and topology-aware scheduling), CSI specification (TopologyRequirement).
 *
 * Pure, and without chance. A term is a list of segments sorted by key and is never changed once made, since callers share them.
 */
import type { TopologyRequirement } from '../../proto/gen/csi.ts';
import type { NodeSelectorTerm, TopologySelectorTerm } from '../../lib/kube/objects.ts';
import type { RegisteredKeys } from '../facts/registered-keys.ts';
import { mapText, pairsText, quoted, words } from '../facts/peer-words.ts';
import { fnv1 } from './fnv.ts';

export interface Segment {
  readonly key: string;
  readonly value: string;
}
export type Term = readonly Segment[];
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
  readonly allowed: readonly TopologySelectorTerm[] | undefined;
  readonly selected: SelectedNode | undefined;
  /** Sets of keys by which the cluster's terms are counted: the selected node's, or all that the driver has registered. */
  readonly clusterKeys: readonly TopologyKeys[];
  /** Every distinct term of the nodes that have registered one of `clusterKeys`, sorted. Looked at only where `needsClusterTerms`. */
  readonly clusterTerms: readonly Term[];
}

export type TopologyResult =
  /** No requirement: the driver chooses. */
  | { readonly kind: 'any' }
  | { readonly kind: 'terms'; readonly requisite: readonly Term[]; readonly preferred: readonly Term[] }
  | { readonly kind: 'error'; readonly message: string }
  /** The selected node is gone: another one has to be chosen. */
  | { readonly kind: 'reschedule'; readonly message: string };

export function topologyFor(input: TopologyInput): TopologyResult {
  const { selected } = input;
  const node = selected === undefined ? undefined : nodeTerm(input.driver, selected);
  if (node !== undefined && 'kind' in node) return node;
  const requisite = requisiteTerms(input, node);
  if ('kind' in requisite) return requisite;
  // A list of allowed topologies without any value asks for nothing.
  if (requisite.length === 0) return { kind: 'any' };
  if (node === undefined) return { kind: 'terms', requisite, preferred: rotate(requisite, spread(input.claim, requisite.length)) };
  if (input.strict) return { kind: 'terms', requisite, preferred: requisite };
  const first = requisite.findIndex((term) => isSubset(term, node));
  if (first >= 0) return { kind: 'terms', requisite, preferred: rotate(requisite, first) };
  return {
    kind: 'error',
    message: `topology ${pairsText(node)} from selected node ${quoted(selected?.name ?? '')} is not in requisite: ${termsText(requisite)}`,
  };
}

function requisiteTerms(input: TopologyInput, node: Term | undefined): readonly Term[] | TopologyResult {
  const { allowed, selected, driver } = input;
  const restricted = allowed !== undefined && allowed.length > 0;
  if (input.strict && node !== undefined) {
    const terms = restricted ? flatten(allowed) : [];
    if (restricted && !terms.some((term) => isSubset(term, node))) {
      const name = quoted(selected?.name ?? '');
      return {
        kind: 'error',
        message: `selected node '${name}' topology '${pairsText(node)}' is not in allowed topologies: ${termsText(terms)}`,
      };
    }
    return [node];
  }
  if (restricted) return sortTerms(flatten(allowed));
  if (selected === undefined && !input.immediate) return [];
  if (input.clusterKeys.length === 0) {
    return {
      kind: 'error',
      message: words(
        'no available topology found',
        `no CSINode lists driver ${driver} with topology keys; is the driver's node plugin running?`,
      ),
    };
  }
  if (input.clusterTerms.length > 0) return input.clusterTerms;
  return {
    kind: 'error',
    message: words(
      `topologyKeys [${input.clusterKeys.map((keys) => `[${keys.join(' ')}]`).join(' ')}] were not found on any nodes`,
      `no node has all the labels that its CSINode lists for driver ${driver}; kubelet sets them`,
    ),
  };
}

/** The one case in which every node of the cluster counts, for whoever gathers. */
export function needsClusterTerms(
  input: Pick<TopologyInput, 'strict' | 'immediate' | 'allowed'> & { readonly selected: unknown },
): boolean {
  if ((input.allowed?.length ?? 0) > 0) return false;
  return input.selected === undefined ? input.immediate : !input.strict;
}

/** The selected node's own term, or why there is none. */
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

/** A node's values of `keys`; undefined where it lacks one. */
export function termOf(keys: readonly string[], labels: Readonly<Record<string, string>>): Term | undefined {
  const term: Segment[] = [];
  for (const key of [...keys].sort()) {
    const value = labels[key];
    if (value === undefined) return undefined;
    term.push({ key, value });
  }
  return term;
}

/** Allowed topologies as plain terms: values of one expression are alternatives, expressions multiply. */
export function flatten(allowed: readonly TopologySelectorTerm[]): Term[] {
  return allowed.flatMap((selector) => {
    let product: Term[] = [];
    for (const { key = '', values } of selector.matchLabelExpressions ?? []) {
      // An expression without values empties the product, as in the peer.
      product = (values ?? []).flatMap((value) =>
        product.length === 0 ? [[{ key, value }]] : product.map((term) => [...term, { key, value }]),
      );
    }
    return product.map((term) => [...term].sort(compareSegments));
  });
}

/** By length, then key and value; exact duplicates once. */
export function sortTerms(terms: readonly Term[]): Term[] {
  const sorted = [...terms].sort(compareTerms);
  return sorted.filter((term, index) => index === 0 || compareTerms(term, sorted[index - 1] ?? []) !== 0);
}

function compareTerms(a: Term, b: Term): number {
  if (a.length !== b.length) return a.length - b.length;
  for (const [index, segment] of a.entries()) {
    const other = b[index];
    const order = other === undefined ? 0 : compareSegments(segment, other);
    if (order !== 0) return order;
  }
  return 0;
}

function compareSegments(a: Segment, b: Segment): number {
  return compareText(a.key, b.key) || compareText(a.value, b.value);
}

/** By code unit: no locale has a say in a request. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function isSubset(part: Term, whole: Term): boolean {
  return part.every(({ key, value }) => whole.some((segment) => segment.key === key && segment.value === value));
}

function rotate(terms: readonly Term[], start: number): Term[] {
  return [...terms.slice(start), ...terms.slice(0, start)];
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

export function toRequirement(result: TopologyResult & { readonly kind: 'terms' }): TopologyRequirement {
  return { requisite: result.requisite.map(toTopology), preferred: result.preferred.map(toTopology) };
}

/** As CSI writes it. */
export function toTopology(term: Term): { segments: Record<string, string> } {
  return { segments: Object.fromEntries(term.map(({ key, value }) => [key, value])) };
}

/** One selector term per accessible topology. None at all where no entry has a segment: the API server refuses an affinity without terms. */
export function affinityTerms(accessible: readonly { readonly segments: Readonly<Record<string, string>> }[]): NodeSelectorTerm[] {
  return accessible
    .map(({ segments }) => Object.entries(segments).sort(([a], [b]) => compareText(a, b)))
    .filter((segments) => segments.length > 0)
    .map((segments) => ({ matchExpressions: segments.map(([key, value]) => ({ key, operator: 'In', values: [value] })) }));
}

function termsText(terms: readonly Term[]): string {
  return `[${terms.map(pairsText).join(' ')}]`;
}
