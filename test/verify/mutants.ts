/**
 * `npm run verify -- mutants`: replays the table mutant → scenario, seed, invariant
 * (`test/simulation/mutants/found.json`), then sees each bug of `test/mutants/` found by the test that is named for it.
 * At full size it hunts every bug of the simulation that its line does not find any more, from seed 1, and writes the
 * table anew. A seed that the tree as it is violates too has found nothing.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Found, Mutant } from '../simulation/hunt.ts';
import { foundTable, mutantNames, mutantsFolder, plantMutant } from '../simulation/hunt.ts';
import { runScenario } from '../simulation/run.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { SCENARIOS } from '../simulation/scenarios/catalogue.ts';
import { plantedNames, provePlanted } from './planted-tests.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'mutants';

/** Seeds in all, over the scenarios; a mutant that survives them fails. */
const MOST_SEEDS = 2_000;
const ROUND = 10;
/** Of the story that found it last. */
const LIKELY_SEEDS = 300;

/** The first seed that the mutant violates and the tree without it does not. */
async function seek(
  planted: Mutant,
  scenario: Scenario,
  seeds: { readonly from: number; readonly count: number },
): Promise<Found | undefined> {
  const end = seeds.from + seeds.count;
  for (let from = seeds.from; from < end; ) {
    const found = await planted.seek(scenario.name, { from, count: end - from });
    if (found === undefined) return undefined;
    const { violations } = await runScenario({ scenario, seed: found.seed });
    if (violations.length === 0) return found;
    from = found.seed + 1;
  }
  return undefined;
}

async function hunt(planted: Mutant): Promise<Found | undefined> {
  // Breadth first: ten seeds of every scenario, then the next ten.
  for (let seeds = 0, from = 1; seeds < MOST_SEEDS; from += ROUND) {
    for (const scenario of SCENARIOS) {
      const found = await seek(planted, scenario, { from, count: ROUND });
      if (found !== undefined) return found;
      seeds += ROUND;
    }
  }
  return undefined;
}

async function find(mutant: string, known: Found | undefined, size: VerificationOptions['size']): Promise<Found | undefined> {
  const planted = await plantMutant(mutant);
  try {
    const scenario = SCENARIOS.find(({ name }) => name === known?.scenario);
    const again = known === undefined || scenario === undefined ? undefined : await seek(planted, scenario, { from: known.seed, count: 1 });
    if (again !== undefined || size !== 'full') return again;
    // The story that found it once is the likeliest to find it again.
    const likely = scenario === undefined ? undefined : await seek(planted, scenario, { from: 1, count: LIKELY_SEEDS });
    return likely ?? (await hunt(planted));
  } finally {
    planted.close();
  }
}

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const table: Record<string, Found> = {};
  const survivors: string[] = [];
  const known = foundTable();
  for (const mutant of mutantNames()) {
    const found = await find(mutant, known[mutant], size);
    if (found === undefined) survivors.push(mutant);
    else table[mutant] = found;
    log(`${mutant}: ${found === undefined ? 'SURVIVES' : `${found.scenario} seed ${found.seed}, ${found.invariant}`}`);
  }
  survivors.push(...(await provePlanted(log)));
  if (size === 'full') writeFileSync(join(mutantsFolder(), 'found.json'), `${JSON.stringify(table, undefined, 2)}\n`);
  const mutants = mutantNames().length + plantedNames().length;
  return { ok: survivors.length === 0, mutants, survivors };
}
