/**
 * A few fixed kills of `npm run verify -- kills`: real processes, the sender of one API write or RPC killed with
 * SIGKILL before it is applied, after, or after the answer. The end state is that of a run without a kill.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { GROUP_JOB, MAIN_JOB } from '../verify/kill-jobs.ts';
import { isCertain, runWithKill, sampleOf } from '../verify/kills.ts';

describe.each([
  { job: MAIN_JOB, kills: 10, atLeast: 25, atMost: 45 },
  { job: GROUP_JOB, kills: 3, atLeast: 45, atMost: 60 },
])('three real programs and a $job.name', ({ job, kills, atLeast, atMost }) => {
  let points: readonly string[];

  beforeAll(async () => {
    const calm = await runWithKill(job, undefined);
    expect(calm.faults).toEqual([]);
    ({ points } = calm);
  });

  test(`take ${atLeast} to ${atMost} writes and RPCs`, () => {
    expect(points.length).toBeGreaterThanOrEqual(atLeast);
    expect(points.length).toBeLessThanOrEqual(atMost);
  });

  test.each(Array.from({ length: kills }, (_, index) => index))('kill %i changes nothing about the end', async (index) => {
    const plan = sampleOf(points.filter(isCertain), kills)[index];
    const { killed, faults } = await runWithKill(job, plan);
    expect(faults).toEqual([]);
    expect(killed).toBe(`${plan?.point} ${plan?.phase}`);
  });
});
