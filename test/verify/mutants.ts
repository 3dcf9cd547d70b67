/**
 * `npm run verify -- mutants`: replays the table mutant → scenario, seed, invariant
 * (`test/simulation/mutants/found.json`). At full size it hunts every planted bug that its line does not find any
 * more, from seed 1, and writes the table anew.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Found } from '../simulation/hunt.ts';
import { foundTable, mutantNames, mutantsFolder, plantMutant } from '../simulation/hunt.ts';
import { SCENARIOS } from '../simulation/scenarios/catalogue.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'mutants';

/** Seeds in all, over the scenarios; a mutant that survives them fails. */
const MOST_SEEDS = 2_000;
const ROUND = 10;

async function hunt(mutant: string): Promise<Found | undefined> {
  const planted = await plantMutant(mutant);
  try {
    // Breadth first: ten seeds of every scenario, then the next ten.
    for (let seeds = 0, from = 1; seeds < MOST_SEEDS; from += ROUND) {
      for (const scenario of SCENARIOS) {
        const found = await planted.seek(scenario.name, { from, count: ROUND });
        if (found !== undefined) return found;
        seeds += ROUND;
      }
    }
    return undefined;
  } finally {
    planted.close();
  }
}

async function replay(mutant: string, known: Found | undefined): Promise<Found | undefined> {
  if (known === undefined) return undefined;
  const planted = await plantMutant(mutant);
  try {
    return await planted.seek(known.scenario, { from: known.seed, count: 1 });
  } finally {
    planted.close();
  }
}

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const table: Record<string, Found> = {};
  const survivors: string[] = [];
  const known = foundTable();
  for (const mutant of mutantNames()) {
    const found = (await replay(mutant, known[mutant])) ?? (size === 'full' ? await hunt(mutant) : undefined);
    if (found === undefined) survivors.push(mutant);
    else table[mutant] = found;
    log(`${mutant}: ${found === undefined ? 'SURVIVES' : `${found.scenario} seed ${found.seed}, ${found.invariant}`}`);
  }
  if (size === 'full') writeFileSync(join(mutantsFolder(), 'found.json'), `${JSON.stringify(table, undefined, 2)}\n`);
  return { ok: survivors.length === 0, mutants: Object.keys(table).length + survivors.length, survivors };
}
