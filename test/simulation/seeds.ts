import { expect, it } from 'vitest';
import { chosenSeeds } from './chosen-seeds.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';

/**
 * Seeds beyond those that once found a defect, by scenario. A change of the simulation changes their stories; what
 * they found has a pure test of its own beside the source.
 */
const FOUND: Readonly<Record<string, readonly number[]>> = {
  'namespace-gone': [1054],
  'delete-in-any-order': [795, 1014, 1016, 5145],
  chaos: [1034],
  'forged-annotations': [5189],
  'restored-backup': [294, 314, 785, 1156],
  'late-writes': [1861],
  'secrets-come-and-go': [184],
  'topology-strict': [1556],
  'server-gone': [310, 769],
  'slow-to-be-ready': [277],
};

/** Fixed for CI, few, and chosen by what they reach; larger and random runs are `npm run simulate`, and a seed they find joins FOUND. */
function fixedSeeds(scenario: string): readonly number[] {
  const chosen = chosenSeeds().seeds[scenario];
  if (chosen === undefined) throw new Error(`${scenario} has no seeds: run npm run verify -- reach --size=full`);
  return [...chosen, ...(FOUND[scenario] ?? [])];
}

/**
 * One test a scenario: of the fixed seeds every other one, from `first` on. Two files take a half each, so two workers
 * have the same to do whatever a scenario costs. The very first seed is
 * run again: the same seed gives the same trace.
 */
export function testSeeds(scenarios: readonly Scenario[], first: 0 | 1): void {
  it.each(scenarios)('keeps every invariant at every other seed of $name: $about', async (scenario) => {
    const failures: string[] = [];
    const traces = new Map<string, readonly string[] | undefined>();
    const [firstSeed = 1, ...others] = fixedSeeds(scenario.name).filter((_, place) => place % 2 === first);
    for (const seed of [firstSeed, ...others]) {
      const result = await runScenario({ scenario, seed, keepTrace: seed === firstSeed });
      expect([...traces.keys()], `seed ${seed} has the trace of another`).not.toContain(result.digest);
      traces.set(result.digest, result.trace);
      for (const violation of result.violations) {
        failures.push(`${violation.message} (npm run simulate -- --scenario=${scenario.name} --seed=${seed} --runs=1)`);
      }
    }
    expect(failures).toEqual([]);
    if (first !== 0) return;
    const again = await runScenario({ scenario, seed: firstSeed, keepTrace: true });
    expect(again.trace).toEqual(traces.get(again.digest));
  });
}
