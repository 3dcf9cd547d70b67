/** A trial as text for people: a line a step, then what of the specification was broken, with the calls that show it. */
import type { TryReport } from '../record.ts';
import { alignRows, type Paint } from '../../frame/screen.ts';
import type { PlainCall } from './json.ts';
import { plainCall } from './json.ts';

const LONGEST_VALUE = 300;
const WORDS = { ok: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;

export function reportLines(report: TryReport, paint: Paint): string[] {
  return [...stepLines(report, paint), ...brokenLines(report, paint), ...summaryLines(report, paint)];
}

function stepLines({ steps }: TryReport, paint: Paint): string[] {
  const colours = { ok: paint.good, failed: paint.bad, skipped: paint.dim };
  const rows = steps.map(({ verdict, title, tookMs, detail }) => [
    WORDS[verdict],
    title,
    `${(tookMs / 1000).toFixed(2).padStart(6)} s`,
    detail.split('\n')[0] ?? '',
  ]);
  return alignRows(rows).map((line, at) => {
    const { verdict = 'ok' } = steps[at] ?? {};
    const word = WORDS[verdict];
    return `${colours[verdict](word)}${line.slice(word.length)}`;
  });
}

/** Failures of more than a line, and what was broken with the calls that show it. */
function brokenLines({ clauses, steps, calls }: TryReport, paint: Paint): string[] {
  const lines: string[] = [];
  for (const { detail, title } of steps.filter((step) => step.verdict === 'failed' && step.detail.includes('\n')))
    lines.push('', `${title}:`, ...detail.split('\n').map((line) => `  ${line}`));
  for (const { id, section, sentence, breaches } of clauses.filter(({ verdict }) => verdict === 'broken')) {
    lines.push('', `${paint.bad('BROKEN')}  ${paint.bold(id)}`, `  ${sentence}`, `  CSI specification, ${section}`);
    for (const breach of breaches.slice(0, MOST_BREACHES)) {
      lines.push(`  - ${breach.text}`);
      for (const number of breach.calls.slice(0, MOST_CALLS)) {
        const call = calls.find((each) => each.number === number);
        if (call !== undefined) lines.push(...callLines(plainCall(call)).map((line) => paint.dim(`      ${line}`)));
      }
    }
    if (breaches.length > MOST_BREACHES) lines.push(`  - and ${breaches.length - MOST_BREACHES} more`);
  }
  return lines;
}

const MOST_BREACHES = 3;
/** Lists come in many pages. */
const MOST_CALLS = 4;

function summaryLines({ clauses, steps, calls, left, ok, tookMs }: TryReport, paint: Paint): string[] {
  const clausesThatAre = (verdict: string): string[] => clauses.filter((clause) => clause.verdict === verdict).map(({ id }) => id);
  const stepsThatAre = (verdict: string): number => steps.filter((step) => step.verdict === verdict).length;
  const unseen = clausesThatAre('unseen');
  return [
    '',
    `Clauses: ${clausesThatAre('kept').length} kept, ${clausesThatAre('broken').length} broken, ${unseen.length} not put to the test${unseen.length === 0 ? '' : ` (${unseen.join(', ')})`}`,
    `Steps: ${stepsThatAre('ok')} ok, ${stepsThatAre('failed')} failed, ${stepsThatAre('skipped')} skipped; ${calls.length} calls in ${(tookMs / 1000).toFixed(1)} s`,
    ...(left.length === 0 ? [] : [paint.bad(`Left in the driver, delete it there: ${left.join(', ')}`)]),
    ok ? paint.good('The driver did all that was asked of it.') : paint.bad('The driver did not do all that was asked of it.'),
  ];
}

function callLines({ number, rpc, by, tookMs, code, message, request, response }: PlainCall): string[] {
  const took = tookMs === undefined ? 'never answered' : `${tookMs} ms`;
  return [
    `#${number} ${rpc} by ${by}, ${took}: ${code}${message === undefined || message === '' ? '' : `, ${cut(message)}`}`,
    `asked    ${cut(JSON.stringify(request))}`,
    ...(response === undefined ? [] : [`answered ${cut(JSON.stringify(response))}`]),
  ];
}

function cut(text: string): string {
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
