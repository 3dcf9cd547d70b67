/** A side at the table of an experiment: its programs run, a fresh namespace is there, and what is done is measured. */
import { setMaxListeners } from 'node:events';
import type { DriverControl } from '../../harness/driver-control.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import type { Sight } from '../../harness/sight.ts';
import { openScene, type Scene, untilNothingLeft } from '../real/main-job.ts';
import { stopCast } from '../real/programs.ts';
import type { Outcome, PhaseFigures } from './figures.ts';
import { type Memory, memoryOf } from './gauges.ts';
import { type Measured, openMeter } from './meter.ts';
import type { BenchOptions } from './options.ts';
import { cleanUp, doOne, type LoadPhase, type PhaseInput } from './phases.ts';
import { type SideFlags, type SideName, startSide, usersOf } from './sides.ts';

export interface Contest {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  readonly control: DriverControl;
  readonly sight: Sight;
  readonly options: BenchOptions;
  readonly round: number;
  /** A folder for CPU profiles of ours. */
  readonly profiles: string | undefined;
  readonly log: (line: string) => void;
}

export interface Experiment {
  /** One sentence with its numbers, for the page. */
  readonly size: (options: BenchOptions) => string;
  readonly sides: readonly SideName[];
  /** Once: no ratio is asked of it. */
  readonly rounds: 'all' | 'one';
  readonly play: (side: SideName, contest: Contest) => Promise<Outcome>;
}

export interface TableOptions extends SideFlags {
  /** Names the namespace, with side and round. */
  readonly name: string;
  /** Bytes on the wire so far, where they are counted. */
  readonly wire?: () => number;
  /** Resolves once nothing is left of what was made. Default: once the control plane and the driver are empty. */
  readonly untilClean?: (scene: Scene) => Promise<unknown>;
}

export interface Table {
  readonly input: PhaseInput;
  readonly contest: Contest;
  /** So far. */
  readonly figures: readonly PhaseFigures[];
  measure(what: Measured, work: () => Promise<number[]>): Promise<void>;
  /** What belongs to no phase. */
  aside(work: () => Promise<unknown>): Promise<void>;
  /** Of the programs. */
  memory(): Memory;
}

/** Nothing takes so long but a hang. */
const HANG_MS = 600_000;

/** The programs are stopped at the end, and by then nothing may be left of what was made. */
export async function atTable<T>(
  side: SideName,
  { contest, ...options }: TableOptions & { readonly contest: Contest },
  work: (table: Table) => Promise<T>,
): Promise<T> {
  const { plane, driver, sight, round, profiles } = contest;
  const programs = await startSide(side, { plane, address: driver.address, profiles, ...options });
  const pids = programs.map(({ pid }) => pid);
  const scene = await openScene({ plane, driver, name: `${options.name}-${round}-${side}` });
  const signal = AbortSignal.any([plane.stage.broken, AbortSignal.timeout(HANG_MS)]);
  // Every wait of the load listens to it.
  setMaxListeners(0, signal);
  const figures: PhaseFigures[] = [];
  const meter = openMeter({ plane, pids, users: usersOf(side), wire: options.wire });
  const answer = await work({
    input: { scene, sight, signal },
    contest,
    figures,
    measure: async (what, act) => {
      figures.push(await meter.measure(what, act));
    },
    aside: async (act) => {
      meter.pass();
      await act();
    },
    memory: () => memoryOf(pids),
  });
  await (options.untilClean ?? untilNothingLeft)(scene);
  await stopCast(programs);
  return answer;
}

export interface LoadOptions {
  readonly phases: readonly LoadPhase[];
  readonly prefix: string;
  readonly count: number;
}

/** So many objects of each phase, as many at once as the options say, and their end. Measured where a temper is given. */
export async function load(
  table: Table,
  { phases, prefix, count, temper }: LoadOptions & Partial<Pick<Measured, 'temper'>>,
): Promise<void> {
  const { contest, input } = table;
  const names = namesOf(prefix, count);
  for (const phase of phases) {
    const work = (): Promise<number[]> => inFlight(names, contest.options.inFlight, (name) => doOne(phase, name, input));
    if (temper === undefined) await table.aside(work);
    else await table.measure({ phase, temper, objects: count }, work);
  }
  await table.aside(() => inFlight(names, contest.options.inFlight, (name) => cleanUp(name, phases, input)));
}

/** Each waits for the one before. */
export async function oneAtATime(table: Table, { phases, prefix, count, temper }: LoadOptions & Pick<Measured, 'temper'>): Promise<void> {
  const { input } = table;
  const names = namesOf(prefix, count);
  for (const phase of phases)
    await table.measure({ phase, temper, objects: count }, () => inFlight(names, 1, (name) => doOne(phase, name, input)));
  await table.aside(() => inFlight(names, count, (name) => cleanUp(name, phases, input)));
}

function namesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

export async function inFlight<N, T>(things: readonly N[], width: number, work: (thing: N) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  const left = things.values();
  const lane = async (): Promise<void> => {
    for (const thing of left) done.push(await work(thing));
  };
  await Promise.all(Array.from({ length: width }, lane));
  return done;
}
