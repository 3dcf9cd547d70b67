import { expect, it } from 'vitest';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';

/** Fixed for CI; larger and random runs are `npm run simulate`, and a seed they find joins FOUND. */
const SEEDS = 60;

/**
 * Seeds beyond those that once found a defect, by scenario. A change of the simulation changes their stories; what
 * they found has a pure test of its own beside the source.
 */
const FOUND: Readonly<Record<string, readonly number[]>> = {
  'namespace-gone': [1054],
  'delete-in-any-order': [795, 1014, 1016, 5145],
  chaos: [1034],
  'forged-annotations': [5189],
  'restored-backup': [294, 314, 741, 785, 1156],
  'late-writes': [1861],
  'secrets-come-and-go': [184],
  'topology-strict': [1556],
  'server-gone': [310, 769],
  'slow-to-be-ready': [277],
};

/**
 * One test a scenario: of the fixed seeds, and of those that found something, the even or the odd ones. Two
 * files take a half each, so two workers have the same to do whatever a scenario costs.
 */
export function testSeeds(scenarios: readonly Scenario[], half: 'even' | 'odd'): void {
  it.each(scenarios)(`keeps every invariant at the ${half} seeds of $name: $about`, async (scenario) => {
    const failures: string[] = [];
    const fixed = [...Array.from({ length: SEEDS }, (_, i) => i + 1), ...(FOUND[scenario.name] ?? [])];
    for (const seed of fixed.filter((candidate) => (candidate % 2 === 0) === (half === 'even'))) {
      const result = await runScenario({ scenario, seed });
      for (const violation of result.violations) {
        failures.push(`${violation.message} (npm run simulate -- --scenario=${scenario.name} --seed=${seed} --runs=1)`);
      }
    }
    expect(failures).toEqual([]);
  });
}
