/**
 * `npm run verify -- reach`: what the seeds reach that every test run takes (`test/simulation/chosen-seeds.json`). With
 * `--size=full` they are chosen anew: of the first seeds of every scenario and of those taken until now those that together reach every crash point,
 * every death at one and every branch of the programs that all of them reach; of each scenario a few at any rate.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { builtProgram } from '../../harness/mock-driver.ts';
import { Branches } from '../simulation/branches.ts';
import type { ChosenSeeds, Figures } from '../simulation/chosen-seeds.ts';
import { chosenSeeds, chosenSeedsFile } from '../simulation/chosen-seeds.ts';
import type { Run } from '../simulation/cover.ts';
import { cover } from '../simulation/cover.ts';
import { crewVerdicts } from '../simulation/crew.ts';
import { SCENARIOS } from '../simulation/scenarios/catalogue.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'reach';

/** Seeds of each scenario that are looked at, beside those that are taken now. */
const SEEDS = { ci: 2, full: 30 };
/** So many of each scenario are taken at any rate, unless fewer reach all that it reaches. */
const AT_LEAST = 6;

type Kind = 'crashPoints' | 'deaths' | 'branches';

interface Measured {
  readonly runs: readonly Run[];
  readonly kinds: ReadonlyMap<number, Kind>;
}

export async function run({ size, log }: VerificationOptions): Promise<VerificationResult> {
  const measured = await measure(SEEDS[size], log);
  const chosen = choose(measured.runs);
  const [before, after] = [figuresOf(measured, measured.runs), figuresOf(measured, chosen)];
  for (const [what, figures] of [['looked at', before] as const, ['chosen', after] as const])
    log(
      `${what}: ${figures.runs} runs, ${figures.events} events, ${figures.crashPoints} crash points, ${figures.deaths} deaths, ${figures.branches} branches`,
    );
  if (size === 'full') {
    const seeds = Object.fromEntries(SCENARIOS.map(({ name: scenario }) => [scenario, seedsOf(scenario, chosen)]));
    const file: ChosenSeeds = { of: before, chosen: after, seeds };
    writeFileSync(chosenSeedsFile(), `${JSON.stringify(file, undefined, 2).replace(/\[[^\]]*\]/g, (list) => list.replace(/\s+/g, ' '))}\n`);
  }
  const kept = chosenSeeds().seeds;
  const without = SCENARIOS.filter(({ name: scenario }) => kept[scenario] === undefined).map(({ name: scenario }) => scenario);
  if (without.length > 0) log(`without seeds: ${without.join(', ')}`);
  const ok = without.length === 0 && after.crashPoints >= before.crashPoints && after.branches >= before.branches;
  return { ok, ...after };
}

async function measure(count: number, log: (line: string) => void): Promise<Measured> {
  const branches = new Branches();
  const points = new Map<string, number>();
  const kinds = new Map<number, Kind>();
  /** Blocks have the numbers from 0 on. */
  const pointOf = (kind: Kind, point: string): number => {
    const key = `${kind} ${ofAnyReplica(point)}`;
    const number = points.get(key) ?? -1 - points.size;
    points.set(key, number);
    kinds.set(number, kind);
    return number;
  };
  const seen: { readonly run: Omit<Run, 'reached'>; readonly points: readonly number[]; readonly reports: readonly number[] }[] = [];
  const taken = chosenSeeds().seeds;
  const further = (scenario: string): readonly number[] => taken[scenario] ?? [];
  const options = { size: availableParallelism(), scenarios: SCENARIOS, seeds: { from: 1, count }, further, reach: true };
  for await (const verdict of crewVerdicts(pathToFileURL(builtProgram('simulate')), options)) {
    const { scenario, seed, events, crashPoints, crashed, reached = [] } = verdict;
    const passed = crashPoints.map((point) => pointOf('crashPoints', point));
    const deaths = crashed.map((point) => pointOf('deaths', point));
    seen.push({ run: { scenario, seed, price: events }, points: [...passed, ...deaths], reports: branches.add(reached) });
    if (seed === count) log(`${scenario}: ${count} seeds`);
  }
  const blocks = branches.resolve();
  const runs = seen.map(({ run, points: own, reports }) => ({
    ...run,
    reached: new Set([...own, ...reports.flatMap((report) => blocks[report] ?? [])]),
  }));
  return { runs, kinds };
}

/** `csi-provisioner-2 RPC CreateVolume before` is the same place in the code as that of its other replica. */
function ofAnyReplica(point: string): string {
  return point.replace(/^(\S+)-\d /, '$1 ');
}

/** What is the same price for its use is taken in the order of scenarios and seeds. */
function choose(runs: readonly Run[]): readonly Run[] {
  const some = SCENARIOS.flatMap(({ name: scenario }) =>
    cover(
      runs.filter((candidate) => candidate.scenario === scenario),
      new Set(),
      AT_LEAST,
    ),
  );
  const reached = new Set(some.flatMap((taken) => [...taken.reached]));
  return [...some, ...cover(runs, reached)];
}

function seedsOf(scenario: string, runs: readonly Run[]): readonly number[] {
  return runs
    .filter((candidate) => candidate.scenario === scenario)
    .map(({ seed }) => seed)
    .sort((a, b) => a - b);
}

function figuresOf({ kinds }: Measured, runs: readonly Run[]): Figures {
  const reached = new Set(runs.flatMap((one) => [...one.reached]));
  const count = (kind: Kind): number => [...reached].filter((item) => (kinds.get(item) ?? 'branches') === kind).length;
  const events = runs.reduce((sum, { price }) => sum + price, 0);
  return { runs: runs.length, events, crashPoints: count('crashPoints'), deaths: count('deaths'), branches: count('branches') };
}
