/** `npm run simulate -- [--scenario=a,b] [--seed=N] [--runs=M] [--workers=W] [--trace=FILE] [--first] [--json]` */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { parentPort } from 'node:worker_threads';
import { crewVerdicts, serveSeeds } from './crew.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';
import type { Verdict } from './verdict.ts';
import { verdictOf } from './verdict.ts';

/** From here on a thread per core is worth its start. */
const MANY_RUNS = 300;

interface Figures {
  runs: number;
  violations: number;
  events: number;
  readonly crashPoints: Set<string>;
  readonly crashed: Set<string>;
  readonly failing: string[];
  readonly invariants: Set<string>;
}

function replayLine(result: Verdict): string {
  return `npm run simulate -- --scenario=${result.scenario} --seed=${result.seed} --runs=1`;
}

function usage(message: string): never {
  process.stderr.write(
    `${message}\nusage: npm run simulate -- [--scenario=${SCENARIOS.map((s) => s.name).join(',')}] [--seed=N] [--runs=M] [--workers=W] [--trace=FILE] [--first] [--json]\n`,
  );
  process.exit(2);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) usage(`--${name}=${text}: a whole number of at least 1 is needed`);
  return value;
}

function chosen(names: string | undefined): readonly Scenario[] {
  if (names === undefined) return SCENARIOS;
  return names
    .split(',')
    .map((name) => SCENARIOS.find((scenario) => scenario.name === name) ?? usage(`--scenario=${name}: no such scenario`));
}

/** The runs of this thread, one after another. */
async function* ownVerdicts(
  scenarios: readonly Scenario[],
  { from, count }: { readonly from: number; readonly count: number },
  { trace, logs }: { readonly trace: string | undefined; readonly logs: boolean },
): AsyncGenerator<Verdict> {
  for (const scenario of scenarios) {
    for (let seed = from; seed < from + count; seed += 1) {
      const result = await runScenario({
        scenario,
        seed,
        keepTrace: trace !== undefined,
        ...(logs ? { onLog: (program: string, line: string) => process.stderr.write(`${program} ${line}`) } : {}),
      });
      if (trace !== undefined) writeFileSync(trace, `${(result.trace ?? []).join('\n')}\ndigest ${result.digest}\n`);
      yield verdictOf(result);
    }
  }
}

async function main(): Promise<void> {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        scenario: { type: 'string' },
        seed: { type: 'string' },
        runs: { type: 'string' },
        workers: { type: 'string' },
        trace: { type: 'string' },
        json: { type: 'boolean' },
        first: { type: 'boolean' },
        logs: { type: 'boolean' },
      },
    }));
  } catch (error) {
    usage(error instanceof Error ? error.message : String(error));
  }
  const seed = wholeNumber('seed', values.seed ?? '1');
  const runs = wholeNumber('runs', values.runs ?? '200');
  const say = (line: string): void => void (values.json === true ? process.stderr : process.stdout).write(`${line}\n`);
  const total: Figures = {
    runs: 0,
    violations: 0,
    events: 0,
    crashPoints: new Set(),
    crashed: new Set(),
    failing: [],
    invariants: new Set(),
  };
  const started = performance.now();
  const scenarios = chosen(values.scenario);
  // A trace, the logs and the first violation are one run after another.
  const alone = values.trace !== undefined || values.logs === true || values.first === true;
  const cores = scenarios.length * runs >= MANY_RUNS ? availableParallelism() : 1;
  const workers = alone ? 1 : wholeNumber('workers', values.workers ?? String(cores));
  const seeds = { from: seed, count: runs };
  const verdicts =
    workers === 1
      ? ownVerdicts(scenarios, seeds, { trace: values.trace, logs: values.logs === true })
      : crewVerdicts(new URL(import.meta.url), { size: workers, scenarios, seeds });
  let from = started;
  let failed = 0;
  for await (const verdict of verdicts) {
    total.runs += 1;
    total.events += verdict.events;
    for (const point of verdict.crashPoints) total.crashPoints.add(point);
    for (const point of verdict.crashed) total.crashed.add(point);
    if (verdict.violations.length > 0) {
      failed += 1;
      total.violations += verdict.violations.length;
      for (const violation of verdict.violations) total.invariants.add(violation.invariant);
      total.failing.push(replayLine(verdict));
      if (total.failing.length <= 20) {
        for (const violation of verdict.violations.slice(0, 4)) say(`  ${violation.message}`);
        say(`  replay: ${replayLine(verdict)}`);
      }
      if (values.first === true) break;
    }
    if (verdict.seed < seed + runs - 1) continue;
    say(`${verdict.scenario}: ${runs} runs, ${failed} failed, ${((performance.now() - from) / 1000).toFixed(1)} s`);
    from = performance.now();
    failed = 0;
  }
  const seconds = (performance.now() - started) / 1000;
  const figures = {
    ok: total.failing.length === 0,
    runs: total.runs,
    violations: total.violations,
    seedsPerSecond: Math.round((total.runs / seconds) * 10) / 10,
    crashPoints: total.crashPoints.size,
    crashPointsHit: total.crashed.size,
  };
  say(
    `${figures.runs} runs, ${figures.violations} violations, ${figures.seedsPerSecond} seeds per second, ${figures.crashPoints} distinct crash points passed, ${figures.crashPointsHit} died at`,
  );
  if (values.json === true)
    process.stdout.write(`${JSON.stringify({ ...figures, invariants: [...total.invariants], replay: total.failing.slice(0, 20) })}\n`);
  process.exitCode = figures.ok ? 0 : 1;
}

if (parentPort === null) await main();
else serveSeeds(parentPort);
