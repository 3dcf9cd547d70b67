/** The report as a page for people. Pure. */
import type { BenchReport, ExperimentName, PhaseFigure, Temper, TotalFigure } from './figures.ts';
import { ROUNDS_FOR_RATIOS } from './options.ts';
import { experimentsOf, measured, type Measured, phasesOf, ratio, sidesOf } from './report.ts';
import { SIDE_TITLES, type SideName } from './sides.ts';
import { judged, TARGETS, type Verdict } from './targets.ts';

interface PhaseTable {
  readonly title: string;
  readonly experiment: ExperimentName;
  readonly temper: Temper;
  readonly figure: PhaseFigure;
  readonly digits: number;
}

const of = (experiment: ExperimentName, temper: Temper, ...rest: readonly (readonly [string, PhaseFigure, number])[]): PhaseTable[] =>
  rest.map(([title, figure, digits]) => ({ title, experiment, temper, figure, digits }));

const PHASE_TABLES: readonly PhaseTable[] = [
  ...of('load', 'warm', ['CPU ms per object of the programs, warm', 'cpuMs', 1]),
  ...of('load', 'cold', ['CPU ms per object of the programs, the first load after a start', 'cpuMs', 1]),
  ...of('load', 'first few', ['CPU ms per object of the programs, one object at a time right after the start', 'cpuMs', 1]),
  ...of(
    'load',
    'warm',
    ['CPU ms per object of kube-apiserver, warm', 'apiserverCpuMs', 1],
    ['CPU ms per object of etcd, warm', 'etcdCpuMs', 1],
    ['API calls per object, warm', 'calls', 2],
    ['Objects per second, warm', 'perSecond', 1],
    ['Latency under load, median ms, warm', 'p50Ms', 0],
    ['Latency under load, 99th percentile ms, warm', 'p99Ms', 0],
  ),
  ...of('load', 'one by one', ['Latency of one object at a time, median ms, warm', 'p50Ms', 0]),
  ...of('load', 'first few', ['Latency of one object at a time, median ms, the first after a start', 'p50Ms', 0]),
  ...of(
    'no journal',
    'warm',
    ['No journal: objects per second, warm', 'perSecond', 1],
    ['No journal: CPU ms per object of the programs, warm', 'cpuMs', 1],
  ),
  ...of('no journal', 'one by one', ['No journal: latency of one object at a time, median ms', 'p50Ms', 0]),
  ...of('slow server without journal', 'one by one', ['Slow server, no journal: latency of one object at a time, median ms', 'p50Ms', 0]),
  ...of('slow server', 'one by one', ['Slow server: latency of one object at a time, median ms', 'p50Ms', 0]),
  ...of('slow server', 'warm', ['Bytes between the programs and kube-apiserver, per object', 'wireBytes', 0]),
  ...of('default flags', 'cold', ['Default flags: objects per second', 'perSecond', 2]),
  ...of('slow driver', 'one by one', ['Slow driver: latency of one object at a time, median ms', 'p50Ms', 0]),
  ...of('slow driver', 'warm', ['Slow driver: objects per second', 'perSecond', 1]),
  ...of(
    'among',
    'warm',
    ['Among thousands: objects per second', 'perSecond', 1],
    ['Among thousands: CPU ms per object of the programs', 'cpuMs', 1],
    ['Among thousands: latency under load, median ms', 'p50Ms', 0],
  ),
  ...of(
    'groups',
    'warm',
    ['Groups: median ms', 'p50Ms', 0],
    ['Groups: CPU ms of the programs', 'cpuMs', 1],
    ['Groups: API calls', 'calls', 1],
  ),
];

type TotalRow = readonly [name: string, figure: TotalFigure, digits: number];

const TOGETHER: TotalRow = ['the same, pages that its programs share counted once', 'togetherMiB', 0];

const TOTAL_TABLES: readonly (readonly [experiment: ExperimentName, title: string, rows: readonly TotalRow[]])[] = [
  ['load', 'Memory', [['resident MiB after the loads', 'residentMiB', 0], TOGETHER]],
  [
    'start',
    'Start, nothing in place',
    [['ms until quiet', 'startMs', 0], ['CPU ms of it', 'startCpuMs', 0], ['resident MiB', 'residentMiB', 0], TOGETHER],
  ],
  [
    'in place',
    'Start, thousands in place',
    [
      ['ms until quiet', 'startMs', 0],
      ['CPU ms of it', 'startCpuMs', 0],
      ['resident MiB', 'residentMiB', 0],
      TOGETHER,
      ['idle CPU ms a minute', 'idleCpuMsPerMinute', 0],
      ['writes', 'startWrites', 0],
    ],
  ],
  [
    'readiness',
    'Readiness lag',
    [
      ['median ms', 'lagP50Ms', 0],
      ['worst ms', 'lagMostMs', 0],
    ],
  ],
  [
    'slow server',
    'Connections to kube-apiserver',
    [
      ['opened by all programs', 'connections', 0],
      ['kinds watched by all programs', 'watches', 0],
      ['of one program, beyond one for each watch', 'connectionsBeyondWatches', 0],
    ],
  ],
];

export function markdown(report: BenchReport): string {
  const lines = [
    '# Benchmarks',
    '',
    'Made by `npm run bench -- --out=docs`. Each side in turn on one kube-apiserver with the same driver; medians of the rounds, the range in',
    `brackets, × is the ratio to the Go trio (from ${ROUNDS_FOR_RATIOS} rounds or more). All CPU and memory is of all programs of a side together. Where the`,
    'time goes, and why what is not reached is not: [performance.md](performance.md).',
    '',
    ...Object.entries(report.setting).map(([name, value]) => `- ${name}: ${value}`),
    '',
    ...experimentsOf(report).map((name) => `- ${name}: ${report.sizes[name] ?? ''}`),
    '',
    '![CPU ms per object](benchmarks.svg)',
    '',
    ...aims(report),
    ...PHASE_TABLES.flatMap((table) => phaseTable(report, table)),
    ...TOTAL_TABLES.flatMap(([experiment, title, rows]) => totalTable(report, { experiment, title, rows })),
    ...growthTable(report),
    ...shareTable(report),
  ];
  return `${lines.join('\n')}\n`;
}

function aims(report: BenchReport): string[] {
  const verdicts = TARGETS.map((target) => judged(report, target)).filter(({ ownFigure }) => ownFigure !== undefined);
  const count = (value: boolean): number => verdicts.filter(({ reached }) => reached === value).length;
  return [
    '## What was aimed at',
    '',
    `${count(true)} reached, ${count(false)} not reached, ${TARGETS.length - count(true) - count(false)} without enough rounds to say.`,
    '',
    '| figure | wanted | Go trio | ours | × | |',
    '|---|---|---|---|---|---|',
    ...verdicts.map(aimed),
  ];
}

function aimed({ title, go, at, limit, digits, ownFigure, goFigure, value, reached }: Verdict): string {
  const wanted = `${at === 'most' ? '≤' : '≥'} ${limit}${go === undefined ? '' : ' ×'}`;
  const times = go === undefined || value === undefined ? '' : value.toFixed(2);
  const said = reached === undefined ? '–' : reached ? 'reached' : '**not reached**';
  return `| ${[title, wanted, cell(goFigure, digits), cell(ownFigure, digits), times, said].join(' | ')} |`;
}

function phaseTable(report: BenchReport, { title, experiment, temper, figure, digits }: PhaseTable): string[] {
  const sides = sidesOf(report, experiment);
  const rows = phasesOf(report, experiment).flatMap((phase) =>
    rowOf(phase, { sides, find: (side) => measured(report, { experiment, side, phase, temper, figure }), digits }),
  );
  return rows.length === 0 ? [] : ['', `## ${title}`, '', ...head(sides), ...rows];
}

function totalTable(
  report: BenchReport,
  { experiment, title, rows }: { readonly experiment: ExperimentName; readonly title: string; readonly rows: readonly TotalRow[] },
): string[] {
  const sides = sidesOf(report, experiment);
  const lines = rows.flatMap(([name, figure, digits]) =>
    rowOf(name, { sides, find: (side) => measured(report, { experiment, side, figure }), digits }),
  );
  return lines.length === 0 ? [] : ['', `## ${title}`, '', ...head(sides), ...lines];
}

/** Each line is one start. */
function growthTable({ results }: BenchReport): string[] {
  const found = results.filter(({ experiment }) => experiment === 'growth');
  if (found.length === 0) return [];
  const lines = found.map(({ totals: { objectsInPlace = 0, startMs = 0, startCpuMs = 0, residentMiB = 0, idleCpuMsPerMinute = 0 } }) => {
    const cells = [startMs, startCpuMs, residentMiB, idleCpuMsPerMinute].map((value) => value.toFixed(0));
    return `| ${[objectsInPlace, ...cells].join(' | ')} |`;
  });
  const heading = '| of each kind in place | ms until quiet | CPU ms of it | resident MiB | idle CPU ms a minute |';
  return ['', '## How a start grows: ours, one process', '', heading, '|---|---|---|---|---|', ...lines];
}

/** Where the servers have most of the machine, the programs are not what bounds the pace. */
function shareTable(report: BenchReport): string[] {
  const sides = sidesOf(report, 'load');
  const cores = Number(report.setting['CPUs'] ?? 1);
  const lines = phasesOf(report, 'load').map((phase) => {
    const shares = sides.map((side) => {
      const get = (figure: PhaseFigure): number =>
        measured(report, { experiment: 'load', side, phase, temper: 'warm', figure })?.median ?? Number.NaN;
      const share = ((get('apiserverCpuMs') + get('etcdCpuMs')) * get('perSecond')) / 1000 / cores;
      return Number.isNaN(share) ? '–' : `${(share * 100).toFixed(0)} %`;
    });
    return `| ${[phase, ...shares].join(' | ')} |`;
  });
  if (lines.length === 0) return [];
  return ['', '## Share of the machine that kube-apiserver and etcd have in a load, warm', '', ...head(sides), ...lines];
}

function head(sides: readonly SideName[]): string[] {
  return [`| | ${sides.map((side) => SIDE_TITLES[side]).join(' | ')} |`, `|---|${sides.map(() => '---|').join('')}`];
}

interface Row {
  readonly sides: readonly SideName[];
  readonly find: (side: SideName) => Measured | undefined;
  readonly digits: number;
}

/** None where it was measured of no side. */
function rowOf(name: string, { sides, find, digits }: Row): string[] {
  const found = sides.map(find);
  if (found.every((own) => own === undefined)) return [];
  const go = found[sides.indexOf('go')];
  const cells = found.map((own, index) => {
    const times = sides[index] === 'go' ? undefined : ratio(own, go);
    return `${cell(own, digits)}${times === undefined ? '' : ` ×${times.toFixed(2)}`}`;
  });
  return [`| ${[name, ...cells].join(' | ')} |`];
}

function cell(own: Measured | undefined, digits: number): string {
  if (own === undefined) return '–';
  const range = own.least === own.most ? '' : ` (${own.least.toFixed(digits)}–${own.most.toFixed(digits)})`;
  return `${own.median.toFixed(digits)}${range}`;
}
