/** What a phase costs: read off the processes, the audit log and the wire before it and after it. */
import { setTimeout as pause } from 'node:timers/promises';
import { countPhase } from '../../harness/call-table.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import type { PhaseFigures, Temper } from './figures.ts';
import { totalCpuMs } from './gauges.ts';
import type { PhaseName } from './phases.ts';
import { quantile } from './statistics.ts';

const QUIET_MS = 500;

export interface MeterInput {
  readonly plane: ControlPlane;
  readonly pids: readonly number[];
  /** Users of the audit log whose calls are the side's. */
  readonly users: readonly string[];
  /** Bytes so far; undefined: they are not counted. */
  readonly wire: (() => number) | undefined;
}

export interface Measured {
  readonly phase: PhaseName;
  readonly temper: Temper;
  readonly objects: number;
}

export interface Meter {
  /** `work` answers how long each object took, ms. */
  measure(what: Measured, work: () => Promise<number[]>): Promise<PhaseFigures>;
  /** Something is done that belongs to no phase. */
  pass(): void;
}

export function openMeter(input: MeterInput): Meter {
  /** Where the phase before ended, if nothing was done since. */
  let last: Reading | undefined;
  return {
    measure: async (what, work) => {
      const before = last ?? (await settled(input));
      const measured = await between(input, { what, before }, work);
      last = measured.after;
      return measured.figures;
    },
    pass: () => {
      last = undefined;
    },
  };
}

async function between(
  input: MeterInput,
  { what, before }: { readonly what: Measured; readonly before: Reading },
  work: () => Promise<number[]>,
): Promise<{ readonly figures: PhaseFigures; readonly after: Reading }> {
  const { plane, users, wire } = input;
  const { phase, temper, objects } = what;
  const began = performance.now();
  const took = await work();
  const seconds = (performance.now() - began) / 1000;
  const after = await settled(input);
  const calls = countPhase({ phase, objects, calls: plane.audit(before.audit), programs: users });
  const per = (key: 'cpu' | 'apiserver' | 'etcd' | 'wire'): number => (after[key] - before[key]) / objects;
  const figures: PhaseFigures = {
    phase,
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
    ...(wire === undefined ? {} : { wireBytes: per('wire') }),
  };
  return { figures, after };
}

interface Reading {
  /** Bytes of the audit log. */
  readonly audit: number;
  readonly cpu: number;
  readonly apiserver: number;
  readonly etcd: number;
  readonly wire: number;
}

/** Programs write events and last statuses after the user sees the result: they belong to the phase. */
async function settled({ plane, pids, wire }: MeterInput): Promise<Reading> {
  return {
    audit: await untilUncalled(plane),
    cpu: totalCpuMs(pids),
    apiserver: totalCpuMs([plane.servers.apiserver.pid]),
    etcd: totalCpuMs([plane.servers.etcd.pid]),
    wire: wire?.() ?? 0,
  };
}

/** Nobody calls for a while. Answers the size of the audit log, bytes. */
export async function untilUncalled(plane: ControlPlane): Promise<number> {
  let size = -1;
  for (; size !== plane.auditSize(); await pause(QUIET_MS)) size = plane.auditSize();
  return size;
}
