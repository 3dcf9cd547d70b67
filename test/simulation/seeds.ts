import { expect, it } from 'vitest';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';

/** Fixed for CI; larger and random runs are `npm run simulate`, and a seed they find joins FOUND. */
const SEEDS = 150;

/** Seeds beyond those that once found a defect, by scenario. */
const FOUND: Readonly<Record<string, readonly number[]>> = {
  'namespace-gone': [1054],
  'delete-in-any-order': [1014, 1016],
  chaos: [1034],
  'restored-backup': [294, 314],
};

/** One test a scenario: the fixed seeds, and those that found something. */
export function testSeeds(scenarios: readonly Scenario[]): void {
  it.each(scenarios)('keeps every invariant in $name: $about', async (scenario) => {
    const failures: string[] = [];
    const seeds = [...Array.from({ length: SEEDS }, (_, i) => i + 1), ...(FOUND[scenario.name] ?? [])];
    for (const seed of seeds) {
      const result = await runScenario({ scenario, seed });
      for (const violation of result.violations) {
        failures.push(`${violation.message} (npm run simulate -- --scenario=${scenario.name} --seed=${seed} --runs=1)`);
      }
    }
    expect(failures).toEqual([]);
  });
}
