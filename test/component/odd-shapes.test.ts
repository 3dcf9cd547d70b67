/** A short share of `npm run verify -- fuzz`. */
import { expect, test } from 'vitest';
import { runShapes, SHAPES_A_WORLD } from './odd-shapes.ts';

test.each([1, 2])('odd objects of world %i end no program, and the healthy beside them are served', async (seed) => {
  const { stored, faults } = await runShapes(seed);
  expect(faults).toEqual([]);
  // A server without schemas takes nearly all of them.
  expect(stored).toBeGreaterThan((seed % 2 === 0 ? 0.9 : 0.4) * SHAPES_A_WORLD);
});
