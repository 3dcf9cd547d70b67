/**
 * Every crash point of a fault-free run, one run each: the program dies there once, and the job must still
 * end as it should, with nothing left behind.
 */
import type { RunResult } from './run.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';

export interface Sweep {
  /** Points passed one by one in the fault-free run. */
  readonly points: number;
  readonly distinct: ReadonlySet<string>;
  readonly hit: ReadonlySet<string>;
  readonly failures: readonly { readonly crashAt: number; readonly result: RunResult }[];
}

export async function sweepCrashes(scenario: Scenario, seed: number, every = 1): Promise<Sweep> {
  const calm = await runScenario({ scenario, seed });
  if (calm.violations.length > 0) throw new Error(`the fault-free run fails: ${calm.violations[0]?.message ?? ''}`);
  const hit = new Set<string>();
  const failures: { crashAt: number; result: RunResult }[] = [];
  for (let crashAt = 0; crashAt < calm.passed; crashAt += every) {
    const result = await runScenario({ scenario, seed, crashAt });
    for (const point of result.crashed) hit.add(point);
    if (result.violations.length > 0) failures.push({ crashAt, result });
  }
  return { points: calm.passed, distinct: new Set(calm.crashPoints.keys()), hit, failures };
}
