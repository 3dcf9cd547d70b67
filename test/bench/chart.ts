/** The CPU of each phase and side as bars, one SVG that needs nothing else. Pure. */
import type { BenchReport } from './figures.ts';
import { measured, phasesOf, sidesOf } from './report.ts';
import { SIDE_TITLES } from './sides.ts';

const COLOURS = ['#6b7280', '#2563eb', '#93c5fd'];
const [LEFT, WIDTH, BAR, GAP, TOP] = [130, 460, 14, 16, 56];

export function chart(report: BenchReport): string {
  const sides = sidesOf(report, 'load');
  const bars = phasesOf(report, 'load').map((phase) => ({
    phase,
    values: sides.map((side) => measured(report, { experiment: 'load', side, phase, temper: 'warm', figure: 'cpuMs' })?.median ?? 0),
  }));
  const most = Math.max(1, ...bars.flatMap(({ values }) => values));
  const block = sides.length * BAR + GAP;
  const height = TOP + bars.length * block;
  const shapes = bars.flatMap(({ phase, values }, index) => {
    const y = TOP + index * block;
    return [
      text(LEFT - 8, y + (sides.length * BAR) / 2 + 4, phase, 'end'),
      ...values.flatMap((value, side) => [
        `<rect x="${LEFT}" y="${y + side * BAR}" width="${((value / most) * WIDTH).toFixed(1)}" height="${BAR - 2}" fill="${COLOURS[side] ?? '#000'}"/>`,
        text(LEFT + (value / most) * WIDTH + 5, y + side * BAR + 10, value.toFixed(1), 'start'),
      ]),
    ];
  });
  const legend = sides.flatMap((side, index) => [
    `<rect x="${LEFT + index * 170}" y="30" width="10" height="10" fill="${COLOURS[index] ?? '#000'}"/>`,
    text(LEFT + index * 170 + 15, 39, SIDE_TITLES[side], 'start'),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDTH + 60}" height="${height}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(LEFT, 18, 'CPU ms per object, warm, all programs of a side (less is better)', 'start'),
    ...legend,
    ...shapes,
    '</svg>\n',
  ].join('\n');
}

function text(x: number, y: number, words: string, anchor: 'start' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
}
