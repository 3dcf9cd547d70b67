/** `npm run simulate -- [--scenario=a,b] [--seed=N] [--runs=M] [--trace=FILE] [--first] [--json]` */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { RunResult } from './run.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';

interface Figures {
  runs: number;
  violations: number;
  events: number;
  readonly crashPoints: Set<string>;
  readonly crashed: Set<string>;
  readonly failing: string[];
  readonly invariants: Set<string>;
}

function replayLine(result: RunResult): string {
  return `npm run simulate -- --scenario=${result.scenario} --seed=${result.seed} --runs=1`;
}

function usage(message: string): never {
  process.stderr.write(
    `${message}\nusage: npm run simulate -- [--scenario=${SCENARIOS.map((s) => s.name).join(',')}] [--seed=N] [--runs=M] [--trace=FILE] [--json]\n`,
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

async function main(): Promise<void> {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        scenario: { type: 'string' },
        seed: { type: 'string' },
        runs: { type: 'string' },
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
  hunt: for (const scenario of chosen(values.scenario)) {
    const from = performance.now();
    let failed = 0;
    for (let i = 0; i < runs; i += 1) {
      const result = await runScenario({
        scenario,
        seed: seed + i,
        keepTrace: values.trace !== undefined,
        ...(values.logs === true ? { onLog: (program: string, line: string) => process.stderr.write(`${program} ${line}`) } : {}),
      });
      total.runs += 1;
      total.events += result.events;
      for (const point of result.crashPoints.keys()) total.crashPoints.add(point);
      for (const point of result.crashed) total.crashed.add(point);
      if (values.trace !== undefined) writeFileSync(values.trace, `${(result.trace ?? []).join('\n')}\ndigest ${result.digest}\n`);
      if (result.violations.length === 0) continue;
      failed += 1;
      total.violations += result.violations.length;
      for (const violation of result.violations) total.invariants.add(violation.invariant);
      total.failing.push(replayLine(result));
      if (total.failing.length <= 20) {
        for (const violation of result.violations.slice(0, 4)) say(`  ${violation.message}`);
        say(`  replay: ${replayLine(result)}`);
      }
      if (values.first === true) break hunt;
    }
    say(`${scenario.name}: ${runs} runs, ${failed} failed, ${((performance.now() - from) / 1000).toFixed(1)} s`);
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

await main();
