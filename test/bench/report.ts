/** Figures looked up in a report: medians and ranges of the rounds, ratios, what was aimed at. Pure. */
import {
  EXPERIMENTS,
  type BenchReport,
  type ExperimentName,
  type PhaseFigure,
  type PhaseFigures,
  type Temper,
  type TotalFigure,
} from './figures.ts';
import { ROUNDS_FOR_RATIOS } from './options.ts';
import type { PhaseName } from './phases.ts';
import { SIDES, type SideName } from './sides.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** A figure of a phase, or of the side as a whole. */
export type Figure =
  | { readonly phase: PhaseName; readonly temper: Temper; readonly figure: PhaseFigure }
  | { readonly phase?: undefined; readonly figure: TotalFigure };

export type Place = Figure & { readonly experiment: ExperimentName; readonly side: SideName };

/** With how many rounds it comes from. */
export interface Measured extends Spread {
  readonly rounds: number;
}

/** Undefined where it was not measured. */
export function measured(report: BenchReport, place: Place): Measured | undefined {
  const values = report.results
    .filter(({ experiment, side }) => experiment === place.experiment && side === place.side)
    .flatMap(({ phases, totals }) => {
      if (place.phase === undefined) return totals[place.figure] ?? [];
      return phases
        .filter((one: PhaseFigures) => one.phase === place.phase && one.temper === place.temper)
        .flatMap((one) => one[place.figure] ?? []);
    });
  return values.length === 0 ? undefined : { ...spreadOf(values), rounds: values.length };
}

/** Of the medians; undefined from fewer rounds than a ratio needs. */
export function ratio(own: Measured | undefined, go: Measured | undefined): number | undefined {
  if (own === undefined || go === undefined || go.median === 0) return undefined;
  return Math.min(own.rounds, go.rounds) < ROUNDS_FOR_RATIOS ? undefined : own.median / go.median;
}

export function sidesOf({ results }: BenchReport, experiment: ExperimentName): readonly SideName[] {
  const played = new Set(results.filter((one) => one.experiment === experiment).map(({ side }) => side));
  return SIDES.filter((side) => played.has(side));
}

export function phasesOf({ results }: BenchReport, experiment: ExperimentName): readonly PhaseName[] {
  const own = results.filter((one) => one.experiment === experiment);
  return [...new Set(own.flatMap(({ phases }) => phases.map(({ phase }) => phase)))];
}

export function experimentsOf({ results }: BenchReport): readonly ExperimentName[] {
  return EXPERIMENTS.filter((name) => results.some(({ experiment }) => experiment === name));
}
