/** What a bench tells, as data: the report and its page are made of it. Pure. */
import type { PhaseName } from './phases.ts';
import type { SideName } from './sides.ts';

/** In this order on the page. */
export const EXPERIMENTS = [
  'load',
  'no journal',
  'slow server',
  'slow server without journal',
  'default flags',
  'slow driver',
  'readiness',
  'groups',
  'start',
  'in place',
  'among',
  'growth',
] as const;
export type ExperimentName = (typeof EXPERIMENTS)[number];
/** Each control plane of these has thousands of objects. */
export const AMONG_THOUSANDS = ['in place', 'among', 'growth'] as const;

/**
 * Loads of many objects: `cold`, the first after a start, and `warm`, the last. One object at a time: `first few` before the
 * loads, `one by one` after them.
 */
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
  /** Between the programs and kube-apiserver, both ways; where it was counted. */
  readonly wireBytes?: number;
}

export type PhaseFigure = Exclude<keyof PhaseFigures, 'phase' | 'temper' | 'byVerb'>;

/** Of a side as a whole. */
export interface SideTotals {
  /** Sum of the programs, after what the experiment did. */
  readonly residentMiB?: number;
  /** The same, but a page that several of them have is counted once. */
  readonly togetherMiB?: number;
  /** From the start of the programs until they do nothing any more, and the CPU time of it. */
  readonly startMs?: number;
  readonly startCpuMs?: number;
  /** Calls of it that change something: none where all is settled. */
  readonly startWrites?: number;
  readonly idleCpuMsPerMinute?: number;
  /** Of each kind, while this was measured. */
  readonly objectsInPlace?: number;
  /** From ready in the driver to ready in the VolumeSnapshot. */
  readonly lagP50Ms?: number;
  readonly lagMostMs?: number;
  /** Opened to kube-apiserver, all programs; and of the program with most of them, those beyond one for each of its watches. */
  readonly connections?: number;
  readonly watches?: number;
  readonly connectionsBeyondWatches?: number;
}

export type TotalFigure = keyof SideTotals;

export interface Outcome {
  readonly phases: readonly PhaseFigures[];
  readonly totals: SideTotals;
}

/** One side in one round of one experiment. */
export interface Result extends Outcome {
  readonly experiment: ExperimentName;
  readonly side: SideName;
  readonly round: number;
}

export interface BenchReport {
  /** Versions and the machine, for whoever compares two reports. */
  readonly setting: Readonly<Record<string, string | number>>;
  /** How large each experiment was, in words. */
  readonly sizes: Readonly<Partial<Record<ExperimentName, string>>>;
  readonly results: readonly Result[];
}

/** JSON, a line for each result: what changed between two reports can be read off a diff. */
export function printed({ results, ...about }: BenchReport): string {
  const lines = results.map((result) => JSON.stringify(result)).join(',\n');
  return `${JSON.stringify(about).slice(0, -1)},"results":[\n${lines}\n]}\n`;
}
