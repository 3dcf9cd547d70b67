/** `npm run simulate -- [--scenario=a,b] [--seed=N] [--runs=M] [--workers=W] [--trace=FILE] [--logs] [--first] [--json]` */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { parentPort } from 'node:worker_threads';
import { campaign } from './campaign.ts';
import { crewVerdicts, serveSeeds } from './crew.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';
import type { Verdict } from './verdict.ts';
import { verdictOf } from './verdict.ts';
import { errorText } from '../../lib/errors/error-text.ts';

/** From here on a thread per core is worth its start. */
const MANY_RUNS = 300;

function usage(message: string): never {
  process.stderr.write(
    `${message}\nusage: npm run simulate -- [--scenario=${SCENARIOS.map((s) => s.name).join(',')}] [--seed=N] [--runs=M] [--workers=W] [--trace=FILE] [--logs] [--first] [--json]\n`,
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
    usage(errorText(error));
  }
  const seed = wholeNumber('seed', values.seed ?? '1');
  const runs = wholeNumber('runs', values.runs ?? '200');
  const say = (line: string): void => void (values.json === true ? process.stderr : process.stdout).write(`${line}\n`);
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
  const figures = await campaign({ verdicts, lastSeed: seed + runs - 1, first: values.first === true, say });
  if (values.json === true) process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.exitCode = figures.ok ? 0 : 1;
}

if (parentPort === null) await main();
else serveSeeds(parentPort);
