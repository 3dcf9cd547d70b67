import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PhaseCalls } from '../harness/call-table.ts';
import { callTable, countPhase } from '../harness/call-table.ts';
import { installCrds, readCrds } from '../harness/crds.ts';
import type { MockDriver } from '../harness/mock-driver.ts';
import { startMockDriver } from '../harness/mock-driver.ts';
import { eventually } from '../harness/wait.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { deleteClaim, deleteSnapshot, openScene, provision, takeSnapshot, untilNothingLeft } from './main-job.ts';
import type { Side } from './programs.ts';
import { castOf, PROGRAM_USERS, ROLES, startCast, stopCast, userOf } from './programs.ts';

/** Objects a phase; enough that a program's start-up and a stray retry do not show. */
const OBJECTS = 60;
const IN_FLIGHT = 8;
const QUIET_MS = 1000;

/** Upper bounds for ours, a little above what is measured: a call more per object is a regression. */
const BUDGETS: Readonly<Record<string, number>> = {
  provision: 5.2,
  snapshot: 11.5,
  restore: 8.2,
  'delete snapshot': 4.3,
  // Two, and now and then a PATCH of a volume that has just gone: the answer to the write that takes the last
  // finalizer away carries an old version, so the cache still shows the volume for a moment.
  'delete volume': 2.5,
};

let plane: ControlPlane;
let driver: MockDriver;
const measured = new Map<Side, PhaseCalls[]>();

beforeAll(async () => {
  plane = await startControlPlane({ audit: true, users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  driver = await startMockDriver(plane.stage);
});
afterAll(() => plane.stop());

/** Runs `work` for each of the n names, a few at a time. */
async function each(work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < OBJECTS) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** The programs write events and last statuses after the user sees the result: a phase ends when the log is quiet. */
async function quiet(): Promise<number> {
  let size = -1;
  let since = performance.now();
  const isQuiet = (): true | undefined => {
    const now = plane.auditSize();
    if (now !== size) since = performance.now();
    size = now;
    return performance.now() - since > QUIET_MS ? true : undefined;
  };
  await eventually('the audit log to be quiet', isQuiet, { everyMs: 50, signal: plane.stage.broken });
  return plane.audit().length;
}

async function measure(side: Side): Promise<PhaseCalls[]> {
  const users = ROLES.map((role) => userOf(role, side).name);
  const programs = await startCast(plane.stage, {
    cast: castOf(side),
    address: driver.address,
    kubeconfigOf: (role) => plane.kubeconfigOf(userOf(role, side).name),
  });
  const scene = await openScene({ plane, driver, name: `calls-${side}` });
  // Until everything has been done once, caches fill and programs start.
  await provision(scene, 'warm');
  await takeSnapshot(scene, 'warm', 'warm');
  const phases: PhaseCalls[] = [];
  const phase = async (name: string, work: (index: number) => Promise<unknown>): Promise<void> => {
    const from = await quiet();
    await each(work);
    const to = await quiet();
    phases.push(countPhase({ phase: name, objects: OBJECTS, calls: plane.audit().slice(from, to), programs: users }));
  };
  await phase('provision', (index) => provision(scene, `claim-${index}`));
  await phase('snapshot', (index) => takeSnapshot(scene, `snapshot-${index}`, `claim-${index}`));
  await phase('restore', (index) => provision(scene, `restored-${index}`, { fromSnapshot: `snapshot-${index}` }));
  await phase('delete snapshot', (index) => deleteSnapshot(scene, `snapshot-${index}`));
  await phase('delete volume', (index) => deleteClaim(scene, `restored-${index}`));
  await each((index) => deleteClaim(scene, `claim-${index}`));
  await deleteSnapshot(scene, 'warm');
  await deleteClaim(scene, 'warm');
  await untilNothingLeft(scene);
  await stopCast(programs);
  return phases;
}

describe('calls per object', () => {
  test.each(['go', 'ours'] as const)('are counted for every program %s', async (side) => {
    measured.set(side, await measure(side));
  });

  test('are within the budget for ours, and printed beside the peers’', () => {
    const sides = [...measured].map(([side, phases]) => ({ side, phases }));
    process.stdout.write(`\n${callTable(sides.reverse())}\n`);
    const ours = measured.get('ours') ?? [];
    expect(ours.map(({ phase }) => phase)).toEqual(Object.keys(BUDGETS));
    for (const { phase, perObject } of ours) expect(perObject, phase).toBeLessThanOrEqual(BUDGETS[phase] ?? 0);
  });
});
