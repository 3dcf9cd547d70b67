/**
 * `npm run verify -- seeds`: the whole-system simulation over seeds that no test runs, shared out over all
 * scenarios and cores.
 */
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { builtProgram } from '../../harness/mock-driver.ts';
import { campaign } from '../simulation/campaign.ts';
import { crewVerdicts } from '../simulation/crew.ts';
import { SCENARIOS } from '../simulation/scenarios/catalogue.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'seeds';

/** Runs in all. */
const RUNS = { ci: 200, full: 20_000 };
/** Far from the seeds of the tests. */
const FIRST_SEED = 100_001;

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const seeds = { from: FIRST_SEED, count: Math.ceil(RUNS[size] / SCENARIOS.length) };
  const verdicts = crewVerdicts(pathToFileURL(builtProgram('simulate')), { size: availableParallelism(), scenarios: SCENARIOS, seeds });
  const figures = await campaign({ verdicts, lastSeed: seeds.from + seeds.count - 1, first: false, say: log });
  return { ...figures };
}
