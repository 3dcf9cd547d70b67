import { expect, test } from 'vitest';
import { aClaimWorld } from '../testing/claim-world.ts';
import { CLAIM_UID } from '../testing/objects.ts';
import { aNode } from '../testing/states.ts';
import { drawWait } from './compete.ts';

test('whatever chance says, a wait for a claim of all nodes is neither negative nor longer than the longest', () => {
  const world = aClaimWorld({ settings: { node: aNode({ baseDelayMs: 1_000, maxDelayMs: 8_000 }) } });
  const waits: number[] = [];
  for (let draw = 0; draw < 100; draw += 1) {
    const answer = drawWait({ ...world.deps, random: () => ((draw * 37) % 100) / 100 }, { uid: CLAIM_UID });
    if (answer.kind !== 'wait') throw new Error(answer.kind);
    waits.push(answer.waitMs);
  }
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...waits)).toBeLessThanOrEqual(8_000);
  expect(new Set(waits.slice(10)).size).toBeGreaterThan(50);
});
