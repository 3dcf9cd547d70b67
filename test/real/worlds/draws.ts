import type { SeededRandom } from '../../simulation/seeded-random.ts';

/** Each with this probability, in their order; one at least. */
export function someOf<T>(random: SeededRandom, items: readonly T[], probability: number): T[] {
  const some = items.filter(() => random.chance(probability));
  return some.length > 0 ? some : items.slice(0, 1);
}

export function shuffled<T>(random: SeededRandom, items: readonly T[]): T[] {
  const drawn = items.map((item) => ({ item, at: random.next() }));
  return drawn.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
