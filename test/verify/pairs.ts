/** `npm run verify -- pairs`: the Go programs and ours in every pair, beside the main job: the same objects on the way, and nothing left. */
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { openDriverControl } from '../../harness/driver-control.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { deleteClaimsOf, openGroupClass, provisionGroup } from '../real/group-job.ts';
import { openScene, untilNothingLeft } from '../real/main-job.ts';
import {
  deleteContentFirst,
  deleteGroupContentFirst,
  deleteGroupWhileMade,
  deleteWhileMade,
  retainAndTakeUp,
  retainAndTakeUpGroup,
} from '../real/pairs-job.ts';
import type { Side } from '../real/programs.ts';
import { castOf, PROGRAM_USERS, startCast, stopCast, userOf } from '../real/programs.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'pairs';

const SIDES: readonly Side[] = ['go', 'ours'];
const PAIRS = SIDES.flatMap((controller) => SIDES.map((sidecar) => ({ pair: `${controller}-${sidecar}`, controller, sidecar })));

export async function run({ log }: VerificationOptions): Promise<VerificationResult> {
  const faults: string[] = [];
  const shapes: { readonly pair: string; readonly told: readonly unknown[] }[] = [];
  for (const { pair, controller, sidecar } of PAIRS) {
    const plane = await startControlPlane({ users: PROGRAM_USERS, report: log });
    try {
      await installCrds(plane.raw, readCrds());
      const socket = join(plane.stage.dir, 'control.sock');
      const driver = await startMockDriver(plane.stage, { args: [`--control=unix://${socket}`] });
      const control = openDriverControl(socket);
      const programs = await startCast(plane.stage, {
        cast: castOf('ours', { 'snapshot-controller': controller, 'csi-snapshotter': sidecar }),
        address: driver.address,
        kubeconfigOf: (role, side) => plane.kubeconfigOf(userOf(role, side).name),
        argsOf: (role) => (role === 'csi-provisioner' ? [] : ['--feature-gates=CSIVolumeGroupSnapshot=true']),
      });
      const scene = await openScene({ plane, driver, name: pair });
      await openGroupClass(scene);
      const group = await provisionGroup(scene, { name: 'all', claims: ['a', 'b', 'c'] });
      const told: unknown[] = [];
      told.push(await retainAndTakeUp(scene, 'a'), await deleteContentFirst(scene, 'a'), await deleteWhileMade(scene, control, 'a'));
      told.push(await retainAndTakeUpGroup(group), await deleteGroupContentFirst(group), await deleteGroupWhileMade(group, control));
      await deleteClaimsOf(group);
      await untilNothingLeft(scene);
      await stopCast(programs);
      shapes.push({ pair, told });
      log(`${pair}: nothing left`);
    } catch (error) {
      faults.push(`${pair}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await plane.stop();
    }
  }
  for (const { pair, told } of shapes)
    if (!isDeepStrictEqual(told, shapes[0]?.told)) faults.push(`${pair}: other objects on the way than ${shapes[0]?.pair ?? ''}`);
  for (const fault of faults) log(fault);
  return { ok: faults.length === 0, pairs: PAIRS.length, faults };
}
