/** The image is swapped while programs are at work, in both directions: a few fixed journeys. `npm run verify -- hand-over` has 200 points. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { HandOverWorld } from './hand-over.ts';
import { drawJourney, openHandOvers, runJourney } from './hand-over.ts';
import { PROGRAM_USERS } from './programs.ts';

let plane: ControlPlane;
let world: HandOverWorld;

beforeAll(async () => {
  plane = await startControlPlane({ audit: true, users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  world = await openHandOvers(plane, await startMockDriver(plane.stage));
});
afterAll(() => plane.stop());

test.each([2, 5, 8, 11])('journey %i ends as without a swap, and with nothing left', async (seed) => {
  const { midFlight } = await runJourney(world, drawJourney(seed));
  expect(midFlight).toBeGreaterThan(0);
});
