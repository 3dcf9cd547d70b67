/** Many runs and what they come to: figures for people and machines, and the line that replays each violation. */
import { runScenario } from './run.ts';
import { MAIN_JOB } from './scenarios/main-job.ts';
import type { Verdict } from './verdict.ts';

export interface CampaignFigures {
  readonly ok: boolean;
  readonly runs: number;
  readonly violations: number;
  readonly seedsPerSecond: number;
  /** Distinct points, of any run, at which a program could have died, and those at which one did. */
  readonly crashPoints: number;
  readonly crashPointsHit: number;
  /** The same for the points of a main job without faults, in three programs and in one. */
  readonly calmCrashPoints: number;
  readonly calmCrashPointsHit: number;
  readonly invariants: readonly string[];
  readonly replay: readonly string[];
}

export interface CampaignOptions {
  /** In the order of scenarios and seeds. */
  readonly verdicts: AsyncIterable<Verdict>;
  readonly lastSeed: number;
  /** Stops at the first violation. */
  readonly first: boolean;
  readonly say: (line: string) => void;
}

/** Violations told in full; of further ones only the number is. */
const MOST_TOLD = 20;

export async function campaign({ verdicts, lastSeed, first, say }: CampaignOptions): Promise<CampaignFigures> {
  const crashPoints = new Set<string>();
  const crashed = new Set<string>();
  const invariants = new Set<string>();
  const failing: string[] = [];
  const started = performance.now();
  let [runs, violations] = [0, 0];
  let scenario = { runs: 0, failed: 0, from: started };
  for await (const verdict of verdicts) {
    runs += 1;
    scenario.runs += 1;
    for (const point of verdict.crashPoints) crashPoints.add(point);
    for (const point of verdict.crashed) crashed.add(point);
    if (verdict.violations.length > 0) {
      scenario.failed += 1;
      violations += verdict.violations.length;
      for (const { invariant } of verdict.violations) invariants.add(invariant);
      failing.push(replayLine(verdict));
      if (failing.length <= MOST_TOLD) {
        for (const { message } of verdict.violations.slice(0, 4)) say(`  ${message}`);
        say(`  replay: ${replayLine(verdict)}`);
      }
      if (first) break;
    }
    if (verdict.seed < lastSeed) continue;
    say(`${verdict.scenario}: ${scenario.runs} runs, ${scenario.failed} failed, ${seconds(scenario.from).toFixed(1)} s`);
    scenario = { runs: 0, failed: 0, from: performance.now() };
  }
  const took = seconds(started);
  const calm = first ? new Set<string>() : await calmPoints();
  const figures: CampaignFigures = {
    ok: failing.length === 0,
    runs,
    violations,
    seedsPerSecond: Math.round((runs / took) * 10) / 10,
    crashPoints: crashPoints.size,
    crashPointsHit: crashed.size,
    calmCrashPoints: calm.size,
    calmCrashPointsHit: [...calm].filter((point) => crashed.has(point)).length,
    invariants: [...invariants],
    replay: failing.slice(0, MOST_TOLD),
  };
  say(
    `${runs} runs, ${violations} violations, ${figures.seedsPerSecond} seeds per second, ${crashPoints.size} distinct crash points passed, ${crashed.size} died at, ${figures.calmCrashPointsHit} of the ${calm.size} of a main job without faults`,
  );
  return figures;
}

function replayLine({ scenario, seed }: Verdict): string {
  return `npm run simulate -- --scenario=${scenario} --seed=${seed} --runs=1`;
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}

/** Seed 1 starts three programs, seed 4 all roles in one. */
async function calmPoints(): Promise<ReadonlySet<string>> {
  const runs = [await runScenario({ scenario: MAIN_JOB, seed: 1 }), await runScenario({ scenario: MAIN_JOB, seed: 4 })];
  return new Set(runs.flatMap(({ crashPoints }) => [...crashPoints.keys()]));
}
