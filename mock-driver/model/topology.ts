/** Where a volume may go: pools, requisite and preferred segments, and what a node can reach. */
import { sameMap } from './names.ts';
import type { Pool, Segment } from './records.ts';
import type { State } from './state.ts';
import { Refusal } from './status.ts';
import type { World } from './world.ts';

export interface Requirement {
  readonly requisite: readonly Segment[];
  readonly preferred: readonly Segment[];
}

/** Whether a place lies within a term: the term may leave keys out, what it says must hold. */
export function within(place: Segment | undefined, term: Segment): boolean {
  return place !== undefined && Object.entries(term).every(([key, value]) => place[key] === value);
}

/** Whether a volume is accessible as a requirement asks: from one of the requisite segments, where there are any. */
export function satisfies(segment: Segment | undefined, requirement: Requirement | undefined): boolean {
  if (requirement === undefined || requirement.requisite.length === 0) return true;
  return requirement.requisite.some((term) => within(segment, term));
}

export function requireRequirement(requirement: Requirement): Requirement {
  const { requisite, preferred } = requirement;
  if (requisite.length === 0 && preferred.length === 0) {
    throw new Refusal('INVALID_ARGUMENT', 'accessibility_requirements hold neither requisite nor preferred segments');
  }
  if (requisite.length > 0 && !preferred.every((term) => requisite.some((other) => sameMap(term, other)))) {
    throw new Refusal('INVALID_ARGUMENT', 'a preferred segment is not among the requisite ones');
  }
  return requirement;
}

const describe = (segment: Segment | undefined): string =>
  segment === undefined
    ? 'the pool'
    : Object.entries(segment)
        .map(([key, value]) => `${key}=${value}`)
        .join(',');

/** With topology the pools that lie somewhere, without it the one that lies nowhere in particular. */
export function pools({ state, features }: World): readonly Pool[] {
  return state.pools().filter(({ segment }) => (segment !== undefined) === features.topology);
}

export interface PlaceOptions {
  readonly bytes: bigint;
  readonly requirement: Requirement | undefined;
  /** The only segment that will do: data is local, a copy stays where its source is. */
  readonly only: { readonly segment: Segment | undefined } | undefined;
}

/**
 * The segment of a new volume: preferred ones in order, then the others that are allowed; the first with
 * room. Where the caller has no preference, this instance's own comes first.
 */
export function place(world: World, { bytes, requirement, only }: PlaceOptions): Segment | undefined {
  const { state, ownSegment } = world;
  const allowed = pools(world).filter((pool) => {
    if (only !== undefined && !sameMap(pool.segment ?? {}, only.segment ?? {})) return false;
    return satisfies(pool.segment, requirement);
  });
  if (allowed.length === 0) {
    throw new Refusal(
      'RESOURCE_EXHAUSTED',
      only === undefined ? 'no pool lies in a requisite segment' : `the source is in ${describe(only.segment)}, which is not requisite`,
    );
  }
  const terms =
    requirement === undefined || requirement.preferred.length + requirement.requisite.length === 0
      ? [ownSegment ?? {}]
      : [...requirement.preferred, ...requirement.requisite];
  const rank = (pool: Pool): number => {
    const index = terms.findIndex((term) => within(pool.segment ?? {}, term));
    return index < 0 ? terms.length : index;
  };
  const ordered = [...allowed].sort((a, b) => rank(a) - rank(b));
  const chosen = ordered.find((pool) => free(state, pool) >= bytes);
  if (chosen === undefined) {
    const left = ordered.map((pool) => `${describe(pool.segment)} has ${free(state, pool)} bytes left`).join(', ');
    throw new Refusal('RESOURCE_EXHAUSTED', `${bytes} bytes are asked for: ${left}`);
  }
  return chosen.segment;
}

export function free(state: State, pool: Pool): bigint {
  const left = pool.bytes - state.used(pool.segment);
  return left > 0n ? left : 0n;
}

/** A node reaches a volume if it lies in the volume's segment. */
export function reaches(node: Segment | undefined, volume: Segment | undefined): boolean {
  return volume === undefined || within(node, volume);
}
