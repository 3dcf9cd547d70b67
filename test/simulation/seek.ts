/** What is asked of a bundle with a planted bug in it. */
import { runScenario } from './run.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';

export interface Asked {
  readonly scenario: string;
  readonly from: number;
  readonly count: number;
}

export interface Found {
  readonly scenario: string;
  readonly seed: number;
  readonly invariant: string;
}

/** The first violation, if there is one. */
export async function seek({ scenario: name, from, count }: Asked): Promise<Found | undefined> {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  for (let seed = from; seed < from + count; seed += 1) {
    const [violation] = (await runScenario({ scenario, seed, untilFirst: true })).violations;
    if (violation !== undefined) return { scenario: name, seed, invariant: violation.invariant };
  }
  return undefined;
}
