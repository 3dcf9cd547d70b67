/** One side in one round: its programs, a fresh namespace, the loads, and what each phase cost. */
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import type { Sight } from '../../harness/sight.ts';
import { countPhase } from '../../harness/call-table.ts';
import { openScene, untilNothingLeft } from '../real/main-job.ts';
import { stopCast } from '../real/programs.ts';
import { residentMiB, totalCpuMs } from './gauges.ts';
import type { BenchOptions } from './options.ts';
import { cleanUp, doOne, type PhaseInput, type PhaseName } from './phases.ts';
import { type SideName, startSide, usersOf } from './sides.ts';
import { quantile } from './statistics.ts';

/** `cold`: the first load after a start; `warm`: the last; `idle`: one object at a time after the loads. */
export type Temper = 'cold' | 'warm' | 'first few' | 'one by one';

export interface PhaseFigures {
  readonly phase: PhaseName;
  readonly temper: Temper;
  /** Per object, of all programs of the side. */
  readonly cpuMs: number;
  readonly apiserverCpuMs: number;
  readonly etcdCpuMs: number;
  readonly calls: number;
  readonly byVerb: readonly (readonly [string, number])[];
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

export interface SideFigures {
  readonly side: SideName;
  readonly phases: readonly PhaseFigures[];
  /** Resident after the last load, sum of the programs. */
  readonly residentMiB: number;
}

export interface RoundInput {
  readonly plane: ControlPlane;
  readonly driver: MockDriver;
  readonly sight: Sight;
  readonly options: BenchOptions;
  readonly round: number;
  readonly profiles: string | undefined;
  readonly log: (line: string) => void;
}

const QUIET_MS = 500;
/** Nothing takes so long but a hang. */
const HANG_MS = 600_000;

export async function playSide(side: SideName, input: RoundInput): Promise<SideFigures> {
  const { plane, driver, sight, options, round, log } = input;
  const programs = await startSide(side, { plane, address: driver.address, profiles: input.profiles });
  const pids = programs.map(({ pid }) => pid);
  const scene = await openScene({ plane, driver, name: `bench-${round}-${side}` });
  const signal = AbortSignal.any([plane.stage.broken, AbortSignal.timeout(HANG_MS)]);
  // Every wait of the load listens to it.
  setMaxListeners(0, signal);
  const phase: PhaseInput = { scene, sight, signal };
  const figures: PhaseFigures[] = [];
  const measure = async (name: PhaseName, temper: Temper, work: () => Promise<number[]>, objects: number): Promise<void> => {
    const before = await settled(input, pids);
    const began = performance.now();
    const took = await work();
    const seconds = (performance.now() - began) / 1000;
    const after = await settled(input, pids);
    const calls = countPhase({
      phase: name,
      objects,
      calls: plane.audit().slice(before.calls, after.calls),
      programs: usersOf(side),
    });
    const per = (key: 'cpu' | 'apiserver' | 'etcd'): number => (after[key] - before[key]) / objects;
    figures.push({
      phase: name,
      temper,
      cpuMs: per('cpu'),
      apiserverCpuMs: per('apiserver'),
      etcdCpuMs: per('etcd'),
      calls: calls.perObject,
      byVerb: calls.programs.flatMap(({ program, byVerb }) => byVerb.map(([verb, count]) => [`${program}: ${verb}`, count] as const)),
      perSecond: objects / seconds,
      p50Ms: quantile(took, 0.5),
      p90Ms: quantile(took, 0.9),
      p99Ms: quantile(took, 0.99),
    });
  };
  const oneAtATime = async (temper: Temper, prefix: string): Promise<void> => {
    const names = namesOf(prefix, options.oneByOne);
    for (const name of options.phases)
      await measure(
        name,
        temper,
        async () => {
          const took: number[] = [];
          for (const one of names) took.push(await doOne(name, one, phase));
          return took;
        },
        names.length,
      );
    for (const one of names) await cleanUp(one, options.phases, phase);
  };

  await oneAtATime('first few', 'first');
  for (let load = 1; load <= options.loads; load += 1) {
    const names = namesOf(`load-${load}`, options.objects);
    const temper = load === options.loads ? 'warm' : 'cold';
    for (const name of options.phases) {
      const work = (): Promise<number[]> => inFlight(names, options.inFlight, (one) => doOne(name, one, phase));
      if (load === 1 || load === options.loads) await measure(name, temper, work, names.length);
      else await work();
    }
    await inFlight(names, options.inFlight, async (one) => {
      await cleanUp(one, options.phases, phase);
      return 0;
    });
    log(`  ${side}: load ${load} of ${options.loads}`);
  }
  const memory = pids.reduce((sum, pid) => sum + residentMiB(pid), 0);
  await oneAtATime('one by one', 'last');
  await untilNothingLeft(scene);
  await stopCast(programs);
  return { side, phases: figures, residentMiB: memory };
}

function namesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

async function inFlight(names: readonly string[], width: number, work: (name: string) => Promise<number>): Promise<number[]> {
  const took: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) took.push(await work(name));
  };
  await Promise.all(Array.from({ length: width }, lane));
  return took;
}

interface Reading {
  readonly calls: number;
  readonly cpu: number;
  readonly apiserver: number;
  readonly etcd: number;
}

/** Programs write events and last statuses after the user sees the result: they belong to the phase. */
async function settled({ plane }: RoundInput, pids: readonly number[]): Promise<Reading> {
  for (let size = -1; size !== plane.auditSize(); await pause(QUIET_MS)) size = plane.auditSize();
  return {
    calls: plane.audit().length,
    cpu: totalCpuMs(pids),
    apiserver: totalCpuMs([plane.servers.apiserver.pid]),
    etcd: totalCpuMs([plane.servers.etcd.pid]),
  };
}
