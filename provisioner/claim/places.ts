/**
 * The places that a driver is asked for, in their order. What a request says of them is made once and shared by all claims that
 * ask for the same ones: beside that a claim of its own costs the order in which it prefers them.
 */
import { createHash } from 'node:crypto';
import type { TopologySelectorTerm } from '../../lib/kube/objects.ts';
import type { Topology, TopologyRequirement } from '../../proto/gen/csi.ts';
import { LONGEST_TOPOLOGY } from '../intent/intent.ts';
import type { Term } from './terms.ts';
import { flatten, sortTerms, toTopology } from './terms.ts';

export interface Places {
  readonly terms: readonly Term[];
  /** All of them, the preferred ones counted from `start`. */
  requirement(start: number): Requirement;
}

export interface Requirement {
  /** Shared: never to be changed. */
  readonly asked: TopologyRequirement;
  /** Stands for one that is too long to be written down. */
  readonly digest: string | undefined;
}

export function placesOf(terms: readonly Term[]): Places {
  let made: { readonly topologies: Topology[]; readonly digest: string | undefined } | undefined;
  return {
    terms,
    requirement: (start) => {
      made ??= make(terms);
      const { topologies, digest } = made;
      return {
        asked: { requisite: topologies, preferred: [...topologies.slice(start), ...topologies.slice(0, start)] },
        digest: digest === undefined ? undefined : sha256(`${digest} ${start}`),
      };
    },
  };
}

/** The driver chooses. */
export const NO_PLACES = placesOf([]);

function make(terms: readonly Term[]) {
  const topologies = terms.map(toTopology);
  const text = JSON.stringify(topologies);
  return { topologies, digest: text.length <= LONGEST_TOPOLOGY ? undefined : sha256(text) };
}

/** What a class allows. */
export interface Allowed {
  /** In the order of the class. */
  readonly terms: readonly Term[];
  readonly places: Places;
}

/** Of a list that a class has: made once for each. Undefined: the class allows every place. */
export type AllowedBook = (list: readonly TopologySelectorTerm[] | undefined) => Allowed | undefined;

export function createAllowedBook(): AllowedBook {
  const known = new WeakMap<readonly TopologySelectorTerm[], Allowed>();
  return (list) => {
    if (list === undefined || list.length === 0) return undefined;
    const before = known.get(list);
    if (before !== undefined) return before;
    const terms = flatten(list);
    const allowed = { terms, places: placesOf(sortTerms(terms)) };
    known.set(list, allowed);
    return allowed;
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
