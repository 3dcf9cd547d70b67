/** Steps and calls over time, as SVG: a lane for each of the callers below the steps. */
import type { TryReport } from '../../record.ts';
import { codeOf } from '../../journal/call.ts';
import { escapeMarkup as text } from '../../../frame/escape.ts';

const WIDTH = 1200;
const LEFT = 90;
const LANE = 22;
const LANES = ['steps', 'try', 'sidecars', 'node'] as const;

export function timeline({ steps, calls, tookMs }: TryReport): string {
  const scale = (WIDTH - LEFT) / Math.max(tookMs, 1);
  const bar = (input: { lane: number; from: number; took: number; kind: string; title: string; link?: string }): string => {
    const { lane, from, took, kind, title, link } = input;
    const x = (LEFT + from * scale).toFixed(1);
    const rect = `<rect class="${kind}" x="${x}" y="${lane * LANE + 3}" width="${Math.max(took * scale, 1.5).toFixed(1)}" height="${LANE - 6}"><title>${text(title)}</title></rect>`;
    return link === undefined ? rect : `<a href="${link}">${rect}</a>`;
  };
  const names = LANES.map((name, lane) => `<text x="0" y="${lane * LANE + 16}">${name}</text>`);
  const stepBars = steps.map(({ title, verdict, startedMs, tookMs: took }) =>
    bar({ lane: 0, from: startedMs, took, kind: `step ${verdict}`, title: `${title}: ${verdict}, ${(took / 1000).toFixed(2)} s` }),
  );
  const callBars = calls.map((call) => {
    const code = codeOf(call);
    const took = (call.answeredMs ?? tookMs) - call.sentMs;
    const kind = code === 0 ? 'call' : code === undefined ? 'call lost' : 'call refused';
    return bar({
      lane: LANES.indexOf(call.by),
      from: call.sentMs,
      took,
      kind,
      title: `#${call.number} ${call.rpc}, ${took.toFixed(1)} ms`,
      link: `#call-${call.number}`,
    });
  });
  const height = LANES.length * LANE + 20;
  const ticks = Array.from({ length: 11 }, (_, index) => {
    const x = LEFT + ((WIDTH - LEFT) * index) / 10;
    return `<line x1="${x}" x2="${x}" y1="0" y2="${LANES.length * LANE}"/><text x="${Math.min(x, WIDTH - 34)}" y="${height - 4}">${((tookMs * index) / 10_000).toFixed(1)} s</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="steps and calls over time">${ticks.join('')}${names.join('')}${stepBars.join('')}${callBars.join('')}</svg>`;
}
