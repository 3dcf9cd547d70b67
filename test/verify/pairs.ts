/** `npm run verify -- pairs`: the Go programs and ours in every pair, beside the main job: the same objects on the way, and nothing left. */
import { isDeepStrictEqual } from 'node:util';
import { startSteeredDriver } from '../../harness/mock-driver.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { onControlPlane } from '../../harness/real/on-control-plane.ts';
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
import { castOf, groupsOn, ownKubeconfigOf, PROGRAM_USERS, startCast, stopCast } from '../real/programs.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';
import { errorText } from '../../lib/errors/error-text.ts';

export const name = 'pairs';

interface Pair {
  readonly pair: string;
  readonly controller: Side;
  readonly sidecar: Side;
}

const SIDES: readonly Side[] = ['go', 'ours'];
const PAIRS: readonly Pair[] = SIDES.flatMap((controller) =>
  SIDES.map((sidecar) => ({ pair: `${controller}-${sidecar}`, controller, sidecar })),
);

export async function run({ log }: VerificationOptions): Promise<VerificationResult> {
  const faults: string[] = [];
  const shapes: { readonly pair: string; readonly told: readonly unknown[] }[] = [];
  for (const each of PAIRS) {
    const { pair } = each;
    await onControlPlane({ users: PROGRAM_USERS, report: log }, async (plane) => {
      try {
        const told = await tellStories(plane, each);
        shapes.push({ pair, told });
        log(`${pair}: nothing left`);
      } catch (error) {
        faults.push(`${pair}: ${errorText(error)}`);
      }
    });
  }
  for (const { pair, told } of shapes)
    if (!isDeepStrictEqual(told, shapes[0]?.told)) faults.push(`${pair}: other objects on the way than ${shapes[0]?.pair ?? ''}`);
  for (const fault of faults) log(fault);
  return { ok: faults.length === 0, pairs: PAIRS.length, faults };
}

/** What was seen on the way; rejects where a story does not come to its end. */
async function tellStories(plane: ControlPlane, { pair, controller, sidecar }: Pair): Promise<readonly unknown[]> {
  const { driver, control } = await startSteeredDriver(plane.stage);
  const programs = await startCast(plane.stage, {
    cast: castOf('ours', { 'snapshot-controller': controller, 'csi-snapshotter': sidecar }),
    address: driver.address,
    kubeconfigOf: ownKubeconfigOf(plane),
    argsOf: groupsOn,
  });
  const scene = await openScene({ plane, driver, name: pair });
  await openGroupClass(scene);
  const group = await provisionGroup(scene, { name: 'all', claims: ['a', 'b', 'c'] });
  const told: unknown[] = [];
  told.push(await retainAndTakeUp(scene, 'a'), await deleteContentFirst(scene, 'a'), await deleteWhileMade(scene, control, 'a', sidecar));
  told.push(await retainAndTakeUpGroup(group), await deleteGroupContentFirst(group), await deleteGroupWhileMade(group, control, sidecar));
  await deleteClaimsOf(group);
  await untilNothingLeft(scene);
  await stopCast(programs);
  return told;
}
