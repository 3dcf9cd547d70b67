/** Counts members in groups, so that a group is there as long as it has a member, and nobody has to walk them all to know. */
export interface Group<V> {
  readonly id: string;
  readonly value: V;
}

export interface Census<V> {
  /** The member is in this group now, and in no other; undefined: in none. Answers the ids of groups that came or went by it. */
  put(member: string, group: Group<V> | undefined): readonly string[];
  /** Undefined: it has no member. */
  get(id: string): V | undefined;
  ids(): readonly string[];
  values(): readonly V[];
}

export function createCensus<V>(): Census<V> {
  const groups = new Map<string, { readonly value: V; members: number }>();
  /** Group by member. */
  const places = new Map<string, string>();

  const enter = ({ id, value }: Group<V>): readonly string[] => {
    const known = groups.get(id);
    if (known !== undefined) {
      known.members += 1;
      return [];
    }
    groups.set(id, { value, members: 1 });
    return [id];
  };

  const leave = (id: string): readonly string[] => {
    const known = groups.get(id);
    if (known === undefined) return [];
    known.members -= 1;
    if (known.members > 0) return [];
    groups.delete(id);
    return [id];
  };

  return {
    put: (member, group) => {
      const before = places.get(member);
      if (group === undefined) places.delete(member);
      else places.set(member, group.id);
      return [...(group === undefined ? [] : enter(group)), ...(before === undefined ? [] : leave(before))];
    },
    get: (id) => groups.get(id)?.value,
    ids: () => [...groups.keys()],
    values: () => [...groups.values()].map(({ value }) => value),
  };
}
