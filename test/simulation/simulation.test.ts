import { describe, expect, it } from 'vitest';
import { runScenario } from './run.ts';
import { MAIN_JOB } from './scenarios/main-job.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';
import { sweepCrashes } from './sweep.ts';

describe('simulation', () => {
  it('survives a crash at every single crash point of the main job', async () => {
    const sweep = await sweepCrashes(MAIN_JOB, 1);
    expect(
      sweep.failures.map(({ crashAt, result }) => `${crashAt}: ${[...result.crashed].join()} ${result.violations[0]?.message ?? ''}`),
    ).toEqual([]);
    expect([...sweep.distinct].filter((point) => !sweep.hit.has(point))).toEqual([]);
  });

  it.each(SCENARIOS)('gives the same trace for the same seed of $name, and another for another', async (scenario) => {
    const first = await runScenario({ scenario, seed: 7, keepTrace: true });
    const second = await runScenario({ scenario, seed: 7, keepTrace: true });
    expect(second.trace).toEqual(first.trace);
    const other = await runScenario({ scenario, seed: 8 });
    expect(other.digest).not.toBe(first.digest);
  });
});
