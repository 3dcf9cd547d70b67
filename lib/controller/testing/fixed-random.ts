import type { Random } from '../../doors/random.ts';

/** Always the same chance, and uuids that count. */
export function fixedRandom(chance = 0): Random {
  let count = 0;
  return {
    next: () => chance,
    uuid: () => {
      count += 1;
      return `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
    },
  };
}
