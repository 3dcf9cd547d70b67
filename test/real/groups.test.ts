/** Group snapshots on a real API server, the Go programs' and ours in every pair: the same objects, and nothing left. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { Program } from '../../harness/stage.ts';
import type { Group } from './group-job.ts';
import { deleteClaimsOf, deleteGroup, GROUPS, openGroupClass, provisionGroup, takeGroup, untilGoKnowsContents } from './group-job.ts';
import { openScene, untilNothingLeft } from './main-job.ts';
import { contentsOf, shapeOf } from './pairs-job.ts';
import type { Cast, Side } from './programs.ts';
import { castOf, groupsOn, ownKubeconfigOf, PROGRAM_USERS, startCast, stopCast } from './programs.ts';

const SIDES: readonly Side[] = ['ours', 'go'];
const MEMBERS = ['a', 'b', 'c'];

let plane: ControlPlane;
let driver: MockDriver;
let programs: Program[] = [];
/** By pair: what the members, in the order of their claims, looked like when the group was ready. */
const shapes = new Map<string, unknown>();

beforeAll(async () => {
  plane = await startControlPlane({ users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  driver = await startMockDriver(plane.stage);
});
afterEach(() => stopCast(programs));
afterAll(() => plane.stop());

async function start(cast: Cast): Promise<void> {
  programs = await startCast(plane.stage, {
    cast,
    address: driver.address,
    kubeconfigOf: ownKubeconfigOf(plane),
    // What a controller has come by is in its log.
    argsOf: (role) => [...groupsOn(role), '--v=5'],
  });
}

async function openGroup(name: string): Promise<Group> {
  const scene = await openScene({ plane, driver, name });
  await openGroupClass(scene);
  return provisionGroup(scene, { name: 'all', claims: MEMBERS });
}

async function finish(group: Group): Promise<void> {
  await deleteClaimsOf(group);
  await group.scene.kube.delete(GROUPS.classes, { name: group.scene.namespace });
  await untilNothingLeft(group.scene);
}

describe('a group of three', () => {
  for (const controller of SIDES)
    for (const sidecar of SIDES) {
      const name = `${controller}-${sidecar}`;
      test(`is made and deleted by controller and sidecar ${name}`, async () => {
        await start(castOf('ours', { 'snapshot-controller': controller, 'csi-snapshotter': sidecar }));
        const group = await openGroup(`groups-${name}`);
        const members = await takeGroup(group);
        expect(members.map(({ spec }) => spec?.source?.persistentVolumeClaimName)).toEqual(MEMBERS);
        const contents = await contentsOf(group.scene, members);
        shapes.set(
          name,
          members.map((member, index) => shapeOf(member, contents[index])),
        );
        const { groups, snapshots } = await driver.ledger();
        expect([groups.length, snapshots.length]).toEqual([1, MEMBERS.length]);
        await deleteGroup(group);
        await finish(group);
      });
    }

  test('looks the same whoever made it', () => {
    const [first, ...others] = shapes.values();
    expect(others).toHaveLength(3);
    for (const other of others) expect(other).toEqual(first);
  });

  for (const [first, second] of [
    ['ours', 'go'],
    ['go', 'ours'],
  ] as const)
    test(`that ${first} programs made is deleted by ${second} ones`, async () => {
      await start(castOf(first, { 'csi-provisioner': 'ours' }));
      const group = await openGroup(`groups-of-${first}`);
      await takeGroup(group);
      await stopCast(programs);
      await start(castOf(second, { 'csi-provisioner': 'ours' }));
      if (second === 'go') await untilGoKnowsContents(group, programs);
      await deleteGroup(group);
      await finish(group);
    });
});
