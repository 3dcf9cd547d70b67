import { expect, it } from 'vitest';
import type { Run } from './cover.ts';
import { cover } from './cover.ts';

function run(seed: number, price: number, ...reached: number[]): Run {
  return { scenario: 'any', seed, price, reached: new Set(reached) };
}

const seeds = (runs: readonly Run[]): number[] => runs.map(({ seed }) => seed);

it('takes what reaches most for its price first, and nothing that reaches nothing new', () => {
  const runs = [run(1, 10, 1, 2, 3), run(2, 1, 1, 2), run(3, 1, 2), run(4, 1, 4)];
  const reached = new Set<number>();
  expect(seeds(cover(runs, reached))).toEqual([2, 4, 1]);
  expect([...reached].sort()).toEqual([1, 2, 3, 4]);
});

it('leaves out what was reached before, and ends at the number that was asked for', () => {
  const runs = [run(1, 1, 1, 2, 3), run(2, 1, 4, 5), run(3, 1, 6)];
  expect(seeds(cover(runs, new Set([1, 2, 3]), 1))).toEqual([2]);
});
