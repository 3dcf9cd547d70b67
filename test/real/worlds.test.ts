/**
 * Random worlds: what our provisioner asks of a driver, writes and publishes is what the Go program does on the same objects.
 * More of them: `npm run verify -- worlds --size=full`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { PROGRAM_USERS } from './programs.ts';
import { compareCapacities } from './worlds/capacities.ts';
import { FIXED_SEEDS, runWorlds } from './worlds/run.ts';

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: false, users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
});
afterAll(() => plane.stop());

test('on fifty worlds both programs ask for the same and write the same', async () => {
  const { faults, ...figures } = await runWorlds(plane, FIXED_SEEDS);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  expect(faults).toEqual([]);
  expect(figures.worlds).toBe(50);
  // Half of what is drawn has to get as far as the driver, or little is compared.
  expect(figures.called).toBeGreaterThan(figures.claims / 3);
});

test('after fifty changes of nodes, classes and room both have published the same', async () => {
  const { faults, ...figures } = await compareCapacities(plane, 1, 50);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  expect(faults).toEqual([]);
  expect(figures.changes).toBe(50);
});
