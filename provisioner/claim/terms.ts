/**
 * Terms: what a place is called by, as a list of segments sorted by key. Pure. A term is never changed once made, since claims share it.
 */
import type { NodeSelectorTerm, TopologySelectorTerm } from '../../lib/kube/objects.ts';
import type { Topology } from '../../proto/gen/csi.ts';

export interface Segment {
  readonly key: string;
  readonly value: string;
}
export type Term = readonly Segment[];

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

/** As CSI writes it. */
export function toTopology(term: Term): Topology {
  return { segments: Object.fromEntries(term.map(({ key, value }) => [key, value])) };
}

/** One selector term per accessible topology. None at all where no entry has a segment: the API server refuses an affinity without terms. */
export function affinityTerms(accessible: readonly { readonly segments: Readonly<Record<string, string>> }[]): NodeSelectorTerm[] {
  return accessible
    .map(({ segments }) => Object.entries(segments).sort(([a], [b]) => compareText(a, b)))
    .filter((segments) => segments.length > 0)
    .map((segments) => ({ matchExpressions: segments.map(([key, value]) => ({ key, operator: 'In', values: [value] })) }));
}
