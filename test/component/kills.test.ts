/**
 * Ten fixed kills of `npm run verify -- kills`: real processes, the sender of one API write or RPC killed with
 * SIGKILL before it is applied, after, or after the answer. The end state is that of a run without a kill.
 */
import { beforeAll, expect, test } from 'vitest';
import { isCertain, mainJobWithKill, sampleOf } from '../verify/kills.ts';

const KILLS = 10;

let points: readonly string[];

beforeAll(async () => {
  const calm = await mainJobWithKill(undefined);
  expect(calm.faults).toEqual([]);
  ({ points } = calm);
});

test('the main job of three real programs takes about thirty writes and RPCs', () => {
  expect(points.length).toBeGreaterThan(25);
  expect(points.length).toBeLessThan(45);
});

test.each(Array.from({ length: KILLS }, (_, index) => index))('kill %i changes nothing about the end of the main job', async (index) => {
  const plan = sampleOf(points.filter(isCertain), KILLS)[index];
  const { killed, faults } = await mainJobWithKill(plan);
  expect(faults).toEqual([]);
  expect(killed).toBe(`${plan?.point} ${plan?.phase}`);
});
