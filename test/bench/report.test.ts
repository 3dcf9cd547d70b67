import { expect, test } from 'vitest';
import { chart } from './chart.ts';
import { readOptions } from './options.ts';
import { type BenchReport, markdown } from './report.ts';
import type { PhaseFigures, SideFigures } from './round.ts';
import type { SideName } from './sides.ts';

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
const side = (name: SideName, cpuMs: number): SideFigures => ({ side: name, phases: [figures(cpuMs)], residentMiB: 90 });
const report = (...rounds: (readonly [number, number])[]): BenchReport => ({
  setting: { Node: 'v20' },
  rounds: rounds.map(([go, one]) => [side('go', go), side('one', one)]),
});

test('three rounds give medians, ranges and ratios', () => {
  const page = markdown(report([10, 6], [12, 5], [20, 4]));
  expect(page).toContain('| phase | Go trio | ours, one process |');
  expect(page).toContain('| snapshot | 12.0 (10.0–20.0) | 5.0 (4.0–6.0) ×0.42 |');
});

test('from two rounds no ratio is made, and the page says so', () => {
  const page = markdown(report([10, 6], [12, 5]));
  expect(page).not.toContain('×0');
  expect(page).toContain('No ratios: they need 3 rounds, this was 2.');
});

test('what was not measured has no table', () => {
  expect(markdown(report([10, 6]))).not.toContain('the first load after a start');
});

test('the chart has a bar for each side of each phase', () => {
  const svg = chart(report([10, 5]));
  expect(svg.match(/<rect x="130"/g)).toHaveLength(3);
  expect(svg).toContain('width="460.0"');
  expect(svg).toContain('width="230.0"');
});

test('quick is small, and every figure can be said', () => {
  expect(readOptions(['--quick'])).toMatchObject({ rounds: 1, objects: 60, loads: 2, sides: ['go', 'one', 'three'] });
  expect(readOptions(['--quick', '--rounds=5', '--sides=one,go', '--objects=7'])).toMatchObject({
    rounds: 5,
    objects: 7,
    sides: ['go', 'one'],
  });
});

test.each([
  [['--rounds=0'], '--rounds=0: give a number from 1 on'],
  [['--sides=rust'], '--sides: "rust" is none of go, one, three'],
  [['--phases=nap'], '--phases: "nap" is none of provision'],
  [['--profile'], '--profile needs --out=DIR'],
  [['--fast'], '--fast'],
])('%j is refused with a sentence', (words, sentence) => {
  expect(() => readOptions(words)).toThrow(sentence);
});
