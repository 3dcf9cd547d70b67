/** The Go programs and ours in every pair, beside the main job: the same objects on the way, and nothing left. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { DriverControl } from '../../harness/driver-control.ts';
import { openDriverControl } from '../../harness/driver-control.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { Program } from '../../harness/stage.ts';
import { deleteClaimsOf, openGroupClass, provisionGroup } from './group-job.ts';
import { openScene, untilNothingLeft } from './main-job.ts';
import {
  deleteContentFirst,
  deleteGroupContentFirst,
  deleteGroupWhileMade,
  deleteWhileMade,
  retainAndTakeUp,
  retainAndTakeUpGroup,
} from './pairs-job.ts';
import type { Side } from './programs.ts';
import { castOf, PROGRAM_USERS, startCast, stopCast, userOf } from './programs.ts';

const SIDES: readonly Side[] = ['go', 'ours'];
const PAIRS = SIDES.flatMap((controller) => SIDES.map((sidecar) => ({ name: `${controller}-${sidecar}`, controller, sidecar })));

let plane: ControlPlane;
let driver: MockDriver;
let control: DriverControl;
let programs: Program[] = [];
/** By story and pair. */
const seen = new Map<string, Map<string, unknown>>();

beforeAll(async () => {
  plane = await startControlPlane({ users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  const socket = join(plane.stage.dir, 'control.sock');
  driver = await startMockDriver(plane.stage, { args: [`--control=unix://${socket}`] });
  control = openDriverControl(socket);
});
afterEach(() => stopCast(programs));
afterAll(() => plane.stop());

describe.each(PAIRS)('controller and sidecar $name', ({ name, controller, sidecar }) => {
  test('keep, take up, hold and let go what they should', async () => {
    programs = await startCast(plane.stage, {
      cast: castOf('ours', { 'snapshot-controller': controller, 'csi-snapshotter': sidecar }),
      address: driver.address,
      kubeconfigOf: (role, side) => plane.kubeconfigOf(userOf(role, side).name),
      argsOf: (role) => (role === 'csi-provisioner' ? [] : ['--feature-gates=CSIVolumeGroupSnapshot=true']),
    });
    const scene = await openScene({ plane, driver, name });
    await openGroupClass(scene);
    const group = await provisionGroup(scene, { name: 'all', claims: ['a', 'b', 'c'] });
    const tell = async (story: string, shapes: Promise<unknown>): Promise<void> => {
      seen.set(story, (seen.get(story) ?? new Map<string, unknown>()).set(name, await shapes));
    };
    await tell('a retained snapshot', retainAndTakeUp(scene, 'a'));
    await tell('a content that goes first', deleteContentFirst(scene, 'a'));
    await tell('a snapshot that goes early', deleteWhileMade(scene, control, 'a'));
    await tell('a retained group', retainAndTakeUpGroup(group));
    await tell('a group content that goes first', deleteGroupContentFirst(group));
    await tell('a group that goes early', deleteGroupWhileMade(group, control));
    await deleteClaimsOf(group);
    await untilNothingLeft(scene);
  });
});

test('every pair shows the same on the way', () => {
  expect(seen.size).toBe(6);
  for (const [story, shapes] of seen) {
    const [first, ...others] = shapes.values();
    expect(others, story).toHaveLength(PAIRS.length - 1);
    for (const other of others) expect(other, story).toEqual(first);
  }
});
