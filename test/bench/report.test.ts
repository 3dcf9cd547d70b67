import { expect, test } from 'vitest';
import { chart } from './chart.ts';
import { type BenchReport, type PhaseFigures, printed, type Result } from './figures.ts';
import { markdown } from './page.ts';
import type { SideName } from './sides.ts';
import { joined, judged, type Target, TARGETS } from './targets.ts';

const figures = (cpuMs: number): PhaseFigures => ({
  phase: 'snapshot',
  temper: 'warm',
  cpuMs,
  apiserverCpuMs: 50,
  etcdCpuMs: 5,
  calls: 11,
  byVerb: [],
  perSecond: 20,
  p50Ms: 60,
  p90Ms: 70,
  p99Ms: 80,
});
const result = (side: SideName, round: number, cpuMs: number): Result => ({
  experiment: 'load',
  side,
  round,
  phases: [figures(cpuMs)],
  totals: { residentMiB: 90 },
});
const report = (...rounds: (readonly [number, number])[]): BenchReport => ({
  setting: { Node: 'v20', CPUs: 2 },
  sizes: { load: 'one load of 7 objects' },
  results: rounds.flatMap(([go, one], index) => [result('go', index + 1, go), result('one', index + 1, one)]),
});
const targetOf = (title: string): Target => {
  const found = TARGETS.find((target) => target.title === title);
  if (found === undefined) throw new Error(`no target ${title}`);
  return found;
};

test('three rounds give medians, ranges and ratios', () => {
  const page = markdown(report([10, 6], [12, 5], [20, 4]));
  expect(page).toContain('| | Go trio | ours, one process |');
  expect(page).toContain('| snapshot | 12.0 (10.0–20.0) | 5.0 (4.0–6.0) ×0.42 |');
  expect(page).toContain('- load: one load of 7 objects');
});

test('from two rounds no ratio is made, and nothing is said to be reached', () => {
  const page = markdown(report([10, 6], [12, 5]));
  expect(page).not.toContain('×0');
  expect(page).toContain('| CPU ms, warm: snapshot | ≤ 0.3 × | 11.0 (10.0–12.0) | 5.5 (5.0–6.0) |  | – |');
  expect(page).toContain('0 reached, 0 not reached');
});

test('what was not measured has no table and no line', () => {
  const page = markdown(report([10, 6]));
  expect(page).not.toContain('the first load after a start');
  expect(page).not.toContain('CPU ms, first load after a start');
});

test('the share of the servers is that of all processors', () => {
  // (50 + 5) ms an object, 20 objects a second, two processors.
  expect(markdown(report([10, 6]))).toContain('| snapshot | 55 % | 55 % |');
});

test.each([
  [[10, 3], true],
  [[10, 3.1], false],
] as const)('the CPU of a snapshot may be three tenths of the Go programs’: %j', (round, reached) => {
  const verdict = judged(report(round, round, round), targetOf('CPU ms, warm: snapshot'));
  expect(verdict).toMatchObject({ reached, goFigure: { median: 10, rounds: 3 } });
});

test('what is to be more has a least', () => {
  // Both make 20 objects a second.
  expect(judged(report([1, 1], [1, 1], [1, 1]), targetOf('Objects per second: snapshot'))).toMatchObject({ value: 1, reached: false });
});

test('a limit of the figure itself needs no three rounds', () => {
  const lag = (lagMostMs: number): BenchReport => ({
    ...report(),
    results: [{ experiment: 'readiness', side: 'one', round: 1, phases: [], totals: { lagMostMs } }],
  });
  const target = targetOf('Readiness lag, ms, worst of 100');
  expect([judged(lag(1500), target).reached, judged(lag(1501), target).reached]).toEqual([true, false]);
});

test('a side without crash safety is measured against the Go programs’ load', () => {
  const without = [1, 2, 3].map(
    (round): Result => ({
      ...result('one', round, 1),
      experiment: 'no journal',
      phases: [{ ...figures(1), phase: 'provision', perSecond: 30 }],
    }),
  );
  const go = [1, 2, 3].map((round): Result => ({ ...result('go', round, 1), phases: [{ ...figures(1), phase: 'provision' }] }));
  const verdict = judged({ ...report(), results: [...go, ...without] }, targetOf('Objects per second without crash safety: provision'));
  expect(verdict).toMatchObject({ value: 1.5, reached: true });
});

test('what was measured before stays beside other experiments, and goes with the same one', () => {
  const before = report([10, 6]);
  const later: Result = { ...result('go', 1, 7), experiment: 'groups' };
  expect(joined(before, { ...report(), results: [later] }).results).toHaveLength(3);
  expect(joined(before, report([7, 7])).results.map(({ phases }) => phases[0]?.cpuMs)).toEqual([7, 7]);
});

test('what is compared is of one run: an older half of it goes', () => {
  const of = (experiment: Result['experiment']): Result => ({ ...result('one', 1, 7), experiment });
  const before = { ...report(), sizes: { 'no journal': 'ten', groups: 'four' }, results: [of('load'), of('no journal'), of('groups')] };
  const after = joined(before, { ...report(), sizes: { load: 'three' }, results: [of('load')] });
  expect(after.results.map(({ experiment }) => experiment)).toEqual(['load', 'groups']);
  expect(after.sizes).toEqual({ groups: 'four', load: 'three' });
  const withoutJournal = joined(before, { ...report(), sizes: {}, results: [of('no journal')] });
  expect(withoutJournal.results.map(({ experiment }) => experiment)).toEqual(['no journal', 'groups']);
});

test('a row of the totals is there where one side has the figure', () => {
  const again = 'pages that its programs share counted once';
  expect(markdown(report([10, 6]))).toContain('| resident MiB after the loads | 90 | 90 |');
  expect(markdown(report([10, 6]))).not.toContain(again);
  const { results, ...rest } = report([10, 6]);
  const [go, one] = results;
  if (go === undefined || one === undefined) throw new Error('no results');
  const page = markdown({ ...rest, results: [go, { ...one, totals: { residentMiB: 90, togetherMiB: 70 } }] });
  expect(page).toContain(`| the same, ${again} | – | 70 |`);
});

test('the report is JSON, a line for each result', () => {
  const text = printed(report([10, 6]));
  expect(JSON.parse(text)).toEqual(report([10, 6]));
  expect(text.trimEnd().split('\n')).toHaveLength(4);
});

test('the chart has a bar for each side of each phase', () => {
  const svg = chart(report([10, 5]));
  expect(svg.match(/<rect x="130"/g)).toHaveLength(3);
  expect(svg).toContain('width="460.0"');
  expect(svg).toContain('width="230.0"');
});

test('each start of the growth is a line of its own', () => {
  const growth = (objectsInPlace: number, startMs: number): Result => ({
    experiment: 'growth',
    side: 'one',
    round: 1,
    phases: [],
    totals: { objectsInPlace, startMs, startCpuMs: 700.4, residentMiB: 83, idleCpuMsPerMinute: 0 },
  });
  const page = markdown({ ...report(), results: [growth(100, 1357.2), growth(1000, 1500)] });
  expect(page).toContain('| 100 | 1357 | 700 | 83 | 0 |\n| 1000 | 1500 | 700 | 83 | 0 |');
  expect(markdown(report([10, 6]))).not.toContain('How a start grows');
});
