/** A topology segment: the labels that its nodes share, by topology key. One without labels holds every node. */
import type { NodeSelectorTerm } from '../../lib/kube/objects.ts';

export type Segment = Readonly<Record<string, string>>;

/** One text for one segment, whatever the order of its keys. */
export function segmentId(segment: Segment): string {
  const sorted = Object.entries(segment).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted));
}

/** A node's values of `keys`; undefined where it lacks one. */
export function segmentOf(keys: readonly string[], labels: Segment): Segment | undefined {
  const values: [string, string][] = [];
  for (const key of keys) {
    const value = labels[key];
    if (value === undefined) return undefined;
    values.push([key, value]);
  }
  return Object.fromEntries(values);
}

/** The segment that a term of a PV's node affinity names; undefined where it is not one value for each of its keys. */
export function segmentOfTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): Segment | undefined {
  if (matchFields.length > 0) return undefined;
  const values: [string, string][] = [];
  for (const { key = '', operator, values: [value, ...others] = [] } of matchExpressions) {
    if (operator !== 'In' || value === undefined || others.length > 0) return undefined;
    values.push([key, value]);
  }
  return Object.fromEntries(values);
}
