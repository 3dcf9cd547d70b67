/** What was aimed at: each figure, the side it is asked of, and the most or the least it may be. Pure. */
import type { BenchReport, ExperimentName, PhaseFigure, Temper, TotalFigure } from './figures.ts';
import type { LoadPhase } from './phases.ts';
import { type Figure, measured, type Measured, type Place, ratio } from './report.ts';
import type { SideName } from './sides.ts';

export interface Target {
  readonly title: string;
  readonly own: Place;
  /** What it is measured against; undefined: the limit is of the figure itself. */
  readonly go: Place | undefined;
  readonly at: 'most' | 'least';
  readonly limit: number;
  readonly digits: number;
}

export interface Verdict extends Target {
  readonly ownFigure: Measured | undefined;
  readonly goFigure: Measured | undefined;
  /** Ratio or figure, whichever is limited; undefined: too little was measured. */
  readonly value: number | undefined;
  readonly reached: boolean | undefined;
}

type OfPhases = Readonly<Partial<Record<LoadPhase, number>>>;

interface Group {
  readonly title: string;
  readonly side: SideName;
  readonly temper: Temper;
  readonly figure: PhaseFigure;
  readonly at: Target['at'];
  readonly limits: OfPhases;
  readonly digits: number;
  /** Default `load`; the Go programs are always looked up in the experiment that has them. */
  readonly experiment?: ExperimentName;
  readonly against?: ExperimentName | 'itself';
}

/** Seven tenths of what ours took when this was begun, one object at a time from a cold start. */
const first = (before: OfPhases): OfPhases =>
  Object.fromEntries(Object.entries(before).map(([phase, value]) => [phase, Math.round(value * 7) / 10]));

const GROUPS: readonly Group[] = [
  {
    title: 'CPU ms, warm',
    ...{ side: 'one', temper: 'warm', figure: 'cpuMs', at: 'most', digits: 1 },
    limits: { snapshot: 0.3, restore: 0.6, provision: 0.8, 'delete snapshot': 0.3, 'delete volume': 0.6 },
  },
  {
    title: 'CPU ms, first load after a start',
    ...{ side: 'one', temper: 'cold', figure: 'cpuMs', at: 'most', digits: 1 },
    limits: { snapshot: 0.5, restore: 0.8, provision: 1.3, 'delete snapshot': 0.4, 'delete volume': 0.8 },
  },
  {
    title: 'CPU ms as three programs, warm',
    ...{ side: 'three', temper: 'warm', figure: 'cpuMs', at: 'most', digits: 1 },
    limits: { snapshot: 0.6, restore: 1, provision: 1.2, 'delete snapshot': 0.6, 'delete volume': 1 },
  },
  {
    title: 'Objects per second',
    ...{ side: 'one', temper: 'warm', figure: 'perSecond', at: 'least', digits: 1 },
    limits: { snapshot: 1.6, restore: 1.2, provision: 1.1, 'delete snapshot': 1.8, 'delete volume': 1.2 },
  },
  {
    title: 'Objects per second without crash safety',
    ...{ side: 'one', temper: 'warm', figure: 'perSecond', at: 'least', digits: 1, experiment: 'no journal', against: 'load' },
    limits: { provision: 1.2 },
  },
  {
    title: 'Objects per second, default flags, 20 at once',
    ...{ side: 'one', temper: 'cold', figure: 'perSecond', at: 'least', digits: 1, experiment: 'default flags' },
    limits: { snapshot: 30 },
  },
  {
    title: 'Latency alone, ms, warm',
    ...{ side: 'one', temper: 'one by one', figure: 'p50Ms', at: 'most', digits: 0 },
    limits: { snapshot: 0.5, restore: 0.8, provision: 1, 'delete snapshot': 0.6, 'delete volume': 0.8 },
  },
  {
    title: 'Latency alone without crash safety, ms, warm',
    ...{ side: 'one', temper: 'one by one', figure: 'p50Ms', at: 'most', digits: 0, experiment: 'no journal', against: 'load' },
    limits: { provision: 0.8 },
  },
  {
    title: 'Latency alone, ms, every answer 20 ms later',
    ...{ side: 'one', temper: 'one by one', figure: 'p50Ms', at: 'most', digits: 0, experiment: 'slow server' },
    limits: { snapshot: 0.5, restore: 0.8, provision: 1, 'delete snapshot': 0.6, 'delete volume': 0.8 },
  },
  {
    title: 'Latency alone without crash safety, ms, every answer 20 ms later',
    ...{ side: 'one', temper: 'one by one', figure: 'p50Ms', at: 'most', digits: 0 },
    ...{ experiment: 'slow server without journal', against: 'slow server' },
    limits: { provision: 0.8 },
  },
  {
    title: 'Latency alone, ms, the first after a start',
    ...{ side: 'one', temper: 'first few', figure: 'p50Ms', at: 'most', digits: 0, against: 'itself' },
    limits: first({ snapshot: 103, restore: 110, provision: 104, 'delete snapshot': 71, 'delete volume': 92 }),
  },
  {
    title: 'CPU ms, the first after a start',
    ...{ side: 'one', temper: 'first few', figure: 'cpuMs', at: 'most', digits: 1, against: 'itself' },
    limits: first({ snapshot: 47, restore: 41, provision: 32, 'delete snapshot': 23, 'delete volume': 17 }),
  },
];

type Total = readonly [title: string, experiment: ExperimentName, side: SideName, figure: TotalFigure, limit: number, digits: number];

const RATIOS: readonly Total[] = [
  ['Resident MiB after the loads, as one', 'load', 'one', 'residentMiB', 0.5, 0],
  ['Resident MiB after the loads, as three', 'load', 'three', 'residentMiB', 1, 0],
  ['Resident MiB, thousands in place, as one', 'in place', 'one', 'residentMiB', 0.3, 0],
  ['Resident MiB, thousands in place, as three', 'in place', 'three', 'residentMiB', 0.5, 0],
  ['Start until quiet, ms, empty', 'start', 'one', 'startMs', 1, 0],
  ['Start until quiet, ms, thousands in place', 'in place', 'one', 'startMs', 0.35, 0],
  ['CPU ms of the start, thousands in place', 'in place', 'one', 'startCpuMs', 0.3, 0],
];

const FIGURES: readonly Total[] = [
  ['Readiness lag, ms, worst of 100', 'readiness', 'one', 'lagMostMs', 1500, 0],
  ['TLS connections beyond one for each watch', 'slow server', 'one', 'connectionsBeyondWatches', 2, 0],
];

export const TARGETS: readonly Target[] = [
  ...GROUPS.flatMap((group) => {
    const { title, side, temper, figure, at, limits, digits, experiment = 'load', against = experiment } = group;
    return Object.entries(limits).map(([phase, limit]): Target => {
      const of = { phase: phase as LoadPhase, temper, figure };
      return {
        title: `${title}: ${phase}`,
        own: { ...of, experiment, side },
        go: against === 'itself' ? undefined : { ...of, experiment: against, side: 'go' },
        ...{ at, limit, digits },
      };
    });
  }),
  ...RATIOS.map((total) => targetOf(total, true)),
  ...FIGURES.map((total) => targetOf(total, false)),
];

function targetOf([title, experiment, side, figure, limit, digits]: Total, isRatio: boolean): Target {
  const of: Figure & { readonly experiment: ExperimentName } = { figure, experiment };
  return { title, own: { ...of, side }, go: isRatio ? { ...of, side: 'go' } : undefined, at: 'most', limit, digits };
}

export function judged(report: BenchReport, target: Target): Verdict {
  const ownFigure = measured(report, target.own);
  const goFigure = measured(report, target.go ?? { ...target.own, side: 'go' });
  const value = target.go === undefined ? ownFigure?.median : ratio(ownFigure, goFigure);
  const reached = value === undefined ? undefined : target.at === 'most' ? value <= target.limit : value >= target.limit;
  return { ...target, ownFigure, goFigure, value, reached };
}

/**
 * What was measured now, and of what was measured before the experiments that were not: but for those that a target compares
 * with one that was, since a ratio is of one run, or there is none.
 */
export function joined(before: BenchReport | undefined, now: BenchReport): BenchReport {
  if (before === undefined) return now;
  const measuredNow = new Set(now.results.map(({ experiment }) => experiment));
  const compared = TARGETS.flatMap(({ own, go }) => (go === undefined ? [] : [[own.experiment, go.experiment]]));
  const replaced = new Set([...measuredNow, ...compared.filter((names) => names.some((name) => measuredNow.has(name))).flat()]);
  const kept = before.results.filter(({ experiment }) => !replaced.has(experiment));
  const sizes = Object.entries(before.sizes).filter(([name]) => !replaced.has(name as ExperimentName));
  return { setting: now.setting, sizes: { ...Object.fromEntries(sizes), ...now.sizes }, results: [...now.results, ...kept] };
}
