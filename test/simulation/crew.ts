/**
 * Seeds shared out over threads. A run owns its whole world, so threads have nothing in common; verdicts
 * come in the order of the seeds, whichever thread was first, so the output is the same as that of one.
 */
import type { MessagePort } from 'node:worker_threads';
import { Worker, workerData } from 'node:worker_threads';
import { ReachMeter } from './reach.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';
import type { Verdict } from './verdict.ts';
import { verdictOf } from './verdict.ts';

/** Consecutive seeds of a scenario: what a thread does before it asks for more. */
interface Stretch {
  readonly scenario: string;
  readonly from: number;
  readonly count: number;
}

const MOST_SEEDS = 10;

function stretches({ scenarios, seeds: { from, count }, further }: CrewOptions): Stretch[] {
  return scenarios.flatMap(({ name }) => [
    ...Array.from({ length: Math.ceil(count / MOST_SEEDS) }, (_, i) => ({
      scenario: name,
      from: from + i * MOST_SEEDS,
      count: Math.min(MOST_SEEDS, count - i * MOST_SEEDS),
    })),
    ...(further?.(name) ?? [])
      .filter((seed) => seed < from || seed >= from + count)
      .map((seed) => ({ scenario: name, from: seed, count: 1 })),
  ]);
}

export interface CrewOptions {
  readonly size: number;
  readonly scenarios: readonly Scenario[];
  readonly seeds: { readonly from: number; readonly count: number };
  /** More seeds of a scenario, each by itself. */
  readonly further?: (scenario: string) => readonly number[];
  /** Verdicts say what code was reached. */
  readonly reach?: boolean;
}

/** Verdicts of the seeds of every scenario, in order. `program` is the file whose threads call `serveSeeds`. */
export async function* crewVerdicts(program: URL, options: CrewOptions): AsyncGenerator<Verdict> {
  const { size, reach = false } = options;
  const crew = Array.from({ length: size }, () => new Worker(program, { workerData: { reach } }));
  try {
    const idle = [...crew];
    const waiting: ((worker: Worker) => void)[] = [];
    const answers = stretches(options).map(async (stretch) => {
      const worker = idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
      const verdicts = await ask(worker, stretch);
      const next = waiting.shift();
      if (next === undefined) idle.push(worker);
      else next(worker);
      return verdicts;
    });
    // One that fails early is thrown where its turn comes.
    for (const answer of answers) answer.catch(() => undefined);
    for (const answer of answers) yield* await answer;
  } finally {
    await Promise.all(crew.map((worker) => worker.terminate()));
  }
}

function ask(worker: Worker, stretch: Stretch): Promise<readonly Verdict[]> {
  return new Promise((resolve, reject) => {
    const exited = (code: number): void => reject(new Error(`a thread ended with ${code} at ${JSON.stringify(stretch)}`));
    worker.once('error', reject);
    worker.once('exit', exited);
    worker.once('message', (verdicts: readonly Verdict[]) => {
      worker.off('error', reject);
      worker.off('exit', exited);
      resolve(verdicts);
    });
    const nothingMoves: readonly [] = [];
    worker.postMessage(stretch, nothingMoves);
  });
}

/** The other side: runs what it is asked for until it is terminated. */
export function serveSeeds(port: MessagePort): void {
  const { reach } = workerData as { readonly reach: boolean };
  const meter = reach ? new ReachMeter() : undefined;
  port.on('message', (stretch: Stretch) => {
    // Not caught: an error in a thread ends it, and reaches the asker as its error.
    void runStretch(stretch, meter).then((verdicts) => port.postMessage(verdicts));
  });
}

async function runStretch({ scenario: name, from, count }: Stretch, meter: ReachMeter | undefined): Promise<Verdict[]> {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const verdicts: Verdict[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    meter?.take();
    const verdict = verdictOf(await runScenario({ scenario, seed }));
    verdicts.push(meter === undefined ? verdict : { ...verdict, reached: meter.take() });
  }
  return verdicts;
}
