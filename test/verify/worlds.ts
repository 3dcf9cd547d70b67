/**
 * `npm run verify -- worlds`: random worlds for csi-provisioner and the Go program, and random changes under their capacities
 * (test/real/worlds/). Every difference that is not intended is told. At full size also beside the release before the newest.
 */
import { binary, realLayerProblem } from '../../harness/real/binaries.ts';
import { compareCapacities } from '../real/worlds/capacities.ts';
import { NEWEST, OF_6_3, type Peer } from '../real/worlds/peers.ts';
import { onPlaneOfWorlds } from '../real/worlds/plane.ts';
import { runWorlds } from '../real/worlds/run.ts';
import { partOf, type VerificationOptions, type VerificationResult } from './verification.ts';

export const name = 'worlds';
export const takesPart = true;

/** What is run on one control plane, so that no server has to bear the objects of all worlds. */
interface Case {
  readonly peer: Peer;
  readonly worlds?: readonly number[];
  /** A seed. */
  readonly capacities?: number;
}

const WORLDS_OF_A_CASE = 50;
const CHANGES = 50;

const worldsBeside = (peer: Peer, cases: number): readonly Case[] =>
  Array.from({ length: cases }, (_, at) => ({
    peer,
    worlds: Array.from({ length: WORLDS_OF_A_CASE }, (_seed, index) => at * WORLDS_OF_A_CASE + index + 1),
  }));
const capacitiesBeside = (peer: Peer, seeds: readonly number[]): readonly Case[] => seeds.map((capacities) => ({ peer, capacities }));

const CASES: Readonly<Record<VerificationOptions['size'], readonly Case[]>> = {
  ci: [...worldsBeside(NEWEST, 1), ...capacitiesBeside(NEWEST, [1])],
  full: [
    ...worldsBeside(NEWEST, 10),
    ...capacitiesBeside(NEWEST, [1, 2, 3, 4]),
    ...worldsBeside(OF_6_3, 2),
    ...capacitiesBeside(OF_6_3, [1, 2]),
  ],
};

export async function run({ size, log, part }: VerificationOptions): Promise<VerificationResult> {
  const problem = realLayerProblem();
  if (problem !== undefined) {
    log(`worlds are not verified here: ${problem}`);
    return { ok: false, skipped: problem };
  }
  const results = [];
  for (const each of partOf(CASES[size], part)) results.push(await runCase(each, log));
  return { ok: results.every(({ faults }) => faults.length === 0), results };
}

async function runCase({ peer, worlds = [], capacities }: Case, log: VerificationOptions['log']) {
  const { release } = peer;
  await binary(peer.program, { report: log });
  if (capacities === undefined) {
    log(`worlds ${worlds[0] ?? 0} to ${worlds.at(-1) ?? 0} beside external-provisioner ${release}`);
    const result = await onPlaneOfWorlds((plane) => runWorlds(plane, worlds, { peer, log }));
    log(JSON.stringify({ ...result, faults: result.faults.length }));
    return { release, ...result };
  }
  const result = await onPlaneOfWorlds((plane) => compareCapacities(plane, { peer, seed: capacities, changes: CHANGES }));
  log(
    `capacities, seed ${capacities}, beside ${release}: ${result.changes} changes, ${result.objects} objects, ${result.faults.length} differ`,
  );
  for (const fault of result.faults) log(fault);
  return { release, ...result };
}
