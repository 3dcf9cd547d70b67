import { describe, expect, it } from 'vitest';
import { runScenario } from './run.ts';
import { MAIN_JOB } from './scenarios/main-job.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';
import { sweepCrashes } from './sweep.ts';

/** Fixed for CI; larger and random runs are `npm run simulate`, and a seed they find joins FOUND. */
const SEEDS = 150;

/** Seeds that once found a defect, by scenario. */
const FOUND: Readonly<Record<string, readonly number[]>> = {};

describe('simulation', () => {
  for (const scenario of SCENARIOS) {
    it(`keeps every invariant in ${scenario.name}: ${scenario.about}`, async () => {
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

  it('survives a crash at every single crash point of the main job', async () => {
    const sweep = await sweepCrashes(MAIN_JOB, 1);
    expect(
      sweep.failures.map(({ crashAt, result }) => `${crashAt}: ${[...result.crashed].join()} ${result.violations[0]?.message ?? ''}`),
    ).toEqual([]);
    expect([...sweep.distinct].filter((point) => !sweep.hit.has(point))).toEqual([]);
  });

  it('gives the same trace for the same seed, and another for another', async () => {
    for (const scenario of SCENARIOS) {
      const first = await runScenario({ scenario, seed: 7, keepTrace: true });
      const second = await runScenario({ scenario, seed: 7, keepTrace: true });
      expect(second.trace).toEqual(first.trace);
      const other = await runScenario({ scenario, seed: 8 });
      expect(other.digest).not.toBe(first.digest);
    }
  });
});
