/** The figures as a page for people: medians with their ranges, and ratios against the Go trio. Pure. */
import { ROUNDS_FOR_RATIOS } from './options.ts';
import type { PhaseName } from './phases.ts';
import type { PhaseFigures, SideFigures, Temper } from './round.ts';
import { SIDE_TITLES, type SideName } from './sides.ts';
import { type Spread, spreadOf } from './statistics.ts';

export interface BenchReport {
  /** Versions and sizes, for whoever compares two reports. */
  readonly setting: Readonly<Record<string, string | number>>;
  /** A list of rounds, each with every side. */
  readonly rounds: readonly (readonly SideFigures[])[];
}

type Figure = 'cpuMs' | 'apiserverCpuMs' | 'calls' | 'perSecond' | 'p50Ms' | 'p99Ms';

interface Table {
  readonly title: string;
  readonly temper: Temper;
  readonly figure: Figure;
  readonly digits: number;
}

const TABLES: readonly Table[] = [
  { title: 'CPU ms per object of the programs, warm', temper: 'warm', figure: 'cpuMs', digits: 1 },
  { title: 'CPU ms per object of the programs, the first load after a start', temper: 'cold', figure: 'cpuMs', digits: 1 },
  { title: 'CPU ms per object of kube-apiserver, warm', temper: 'warm', figure: 'apiserverCpuMs', digits: 1 },
  { title: 'API calls per object, warm', temper: 'warm', figure: 'calls', digits: 2 },
  { title: 'Objects per second, warm', temper: 'warm', figure: 'perSecond', digits: 1 },
  { title: 'Latency of one object at a time, median ms, warm', temper: 'one by one', figure: 'p50Ms', digits: 0 },
  { title: 'Latency of one object at a time, median ms, the first after a start', temper: 'first few', figure: 'p50Ms', digits: 0 },
  { title: 'Latency under load, 99th percentile ms, warm', temper: 'warm', figure: 'p99Ms', digits: 0 },
];

export function sidesOf({ rounds }: BenchReport): readonly SideName[] {
  return (rounds[0] ?? []).map(({ side }) => side);
}

export function phasesOf({ rounds }: BenchReport): readonly PhaseName[] {
  return [...new Set(rounds.flatMap((round) => round.flatMap(({ phases }) => phases.map(({ phase }) => phase))))];
}

/** Undefined where it was not measured. */
export function spread(
  { rounds }: BenchReport,
  side: SideName,
  { phase, temper, figure }: { readonly phase: PhaseName; readonly temper: Temper; readonly figure: Figure },
): Spread | undefined {
  const values = rounds.flatMap((round) =>
    round
      .filter((one) => one.side === side)
      .flatMap(({ phases }) => phases)
      .filter((one: PhaseFigures) => one.phase === phase && one.temper === temper)
      .map((one) => one[figure]),
  );
  return values.length === 0 ? undefined : spreadOf(values);
}

/** Of the medians; undefined from fewer rounds than a ratio needs. */
export function ratio(report: BenchReport, own: Spread | undefined, go: Spread | undefined): string | undefined {
  if (own === undefined || go === undefined || report.rounds.length < ROUNDS_FOR_RATIOS || go.median === 0) return undefined;
  return (own.median / go.median).toFixed(2);
}

export function markdown(report: BenchReport): string {
  const sides = sidesOf(report);
  const lines = [
    '# Benchmarks',
    '',
    'Made by `npm run bench -- --out=docs/benchmarks`. Each side in turn on one kube-apiserver with the same driver; medians of the rounds,',
    'the range in brackets, × is the ratio to the Go trio.',
    '',
    ...Object.entries(report.setting).map(([name, value]) => `- ${name}: ${value}`),
  ];
  if (report.rounds.length < ROUNDS_FOR_RATIOS)
    lines.push('', `No ratios: they need ${ROUNDS_FOR_RATIOS} rounds, this was ${report.rounds.length}.`);
  for (const table of TABLES) {
    const rows = phasesOf(report).flatMap((phase) => row(report, phase, table) ?? []);
    if (rows.length > 0)
      lines.push('', `## ${table.title}`, '', `| phase | ${sides.map((side) => SIDE_TITLES[side]).join(' | ')} |`, rule(sides), ...rows);
  }
  lines.push('', '## Resident memory after the loads, MiB, all programs of a side', '');
  lines.push(`| ${sides.map((side) => SIDE_TITLES[side]).join(' | ')} |`, rule(sides).slice(4), `| ${memory(report, sides).join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}

function rule(sides: readonly SideName[]): string {
  return `|---|${sides.map(() => '---|').join('')}`;
}

function row(report: BenchReport, phase: PhaseName, { temper, figure, digits }: Table): string[] | undefined {
  const sides = sidesOf(report);
  const spreads = sides.map((side) => spread(report, side, { phase, temper, figure }));
  if (spreads.every((one) => one === undefined)) return undefined;
  const go = spreads[sides.indexOf('go')];
  const cells = spreads.map((own, index) => cell(own, digits, sides[index] === 'go' ? undefined : ratio(report, own, go)));
  return [`| ${phase} | ${cells.join(' | ')} |`];
}

function cell(own: Spread | undefined, digits: number, times: string | undefined): string {
  if (own === undefined) return '–';
  const range = own.least === own.most ? '' : ` (${own.least.toFixed(digits)}–${own.most.toFixed(digits)})`;
  return `${own.median.toFixed(digits)}${range}${times === undefined ? '' : ` ×${times}`}`;
}

function memory(report: BenchReport, sides: readonly SideName[]): string[] {
  const of = (side: SideName): Spread =>
    spreadOf(report.rounds.flatMap((round) => round.filter((one) => one.side === side).map(({ residentMiB }) => residentMiB)));
  const go = sides.includes('go') ? of('go') : undefined;
  return sides.map((side) => cell(of(side), 0, side === 'go' ? undefined : ratio(report, of(side), go)));
}
