/**
 * `npm run verify -- worlds`: random worlds for csi-provisioner and the Go program, and random changes under their capacities
 * (test/real/worlds/). Every difference that is not intended is told.
 */
import { binary, peerVersions, realLayerProblem } from '../../harness/real/binaries.ts';
import type { ControlPlaneOptions } from '../../harness/real/control-plane.ts';
import { onControlPlane } from '../../harness/real/on-control-plane.ts';
import { PROGRAM_USERS } from '../real/programs.ts';
import { compareCapacities } from '../real/worlds/capacities.ts';
import { runWorlds } from '../real/worlds/run.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'worlds';

const firstSeeds = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
const SEEDS = { ci: firstSeeds(50), full: firstSeeds(500) } as const;
const CAPACITY_SEEDS = { ci: [1], full: [1, 2, 3, 4] } as const;
const CHANGES = 50;
const PLANE: ControlPlaneOptions = { controllerManager: false, users: PROGRAM_USERS };
/** So that no server has to bear the objects of all worlds. */
const WORLDS_OF_A_PLANE = 50;

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const problem = realLayerProblem();
  if (problem !== undefined) {
    log(`worlds are not verified here: ${problem}`);
    return { ok: false, skipped: problem };
  }
  await binary('csi-provisioner', { report: log });
  log(`beside external-provisioner ${peerVersions()['external-provisioner'] ?? ''}`);
  const parts: Awaited<ReturnType<typeof runWorlds>>[] = [];
  for (let from = 0; from < SEEDS[size].length; from += WORLDS_OF_A_PLANE)
    parts.push(await onControlPlane(PLANE, (plane) => runWorlds(plane, SEEDS[size].slice(from, from + WORLDS_OF_A_PLANE), log)));
  const capacities = [];
  for (const seed of CAPACITY_SEEDS[size]) {
    const result = await onControlPlane(PLANE, (plane) => compareCapacities(plane, seed, CHANGES));
    log(`capacities, seed ${seed}: ${result.changes} changes, ${result.objects} objects, ${result.faults.length} differ`);
    for (const fault of result.faults) log(fault);
    capacities.push(result);
  }
  const worlds = parts.map(({ faults, ...figures }) => ({ ...figures, differences: faults.length }));
  const faults = [...parts, ...capacities].flatMap((part) => part.faults);
  return { ok: faults.length === 0, worlds, capacities, faults };
}
