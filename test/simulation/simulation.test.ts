import { describe, expect, it } from 'vitest';
import { MAIN_JOB } from './scenarios/main-job.ts';
import { sweepCrashes } from './sweep.ts';

describe('simulation', () => {
  it('survives a crash at every single crash point of the main job', async () => {
    const sweep = await sweepCrashes(MAIN_JOB, 1);
    expect(
      sweep.failures.map(({ crashAt, result }) => `${crashAt}: ${[...result.crashed].join()} ${result.violations[0]?.message ?? ''}`),
    ).toEqual([]);
    expect([...sweep.distinct].filter((point) => !sweep.hit.has(point))).toEqual([]);
  });
});
