/** A trial as text for people: a line a step, then what of the specification was broken, with the calls that show it. */
import type { StepResult, TryReport } from '../record.ts';
import type { PlainCall } from './json.ts';
import { plainCall } from './json.ts';

const WORDS = { ok: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;
const LONGEST_VALUE = 300;

export function stepLine({ title, verdict, detail, tookMs }: StepResult, titleWidth: number): string {
  const [first = ''] = detail.split('\n');
  return `${WORDS[verdict].padEnd(7)} ${title.padEnd(titleWidth)} ${(tookMs / 1000).toFixed(2).padStart(6)} s  ${first}`;
}

/** What follows the lines of the steps. */
export function summaryLines(report: TryReport): string[] {
  const { clauses, steps, calls, ok, tookMs } = report;
  const broken = clauses.filter(({ verdict }) => verdict === 'broken');
  const count = (verdict: string): number => clauses.filter((clause) => clause.verdict === verdict).length;
  const lines: string[] = [];
  for (const { detail, title } of steps.filter((step) => step.verdict === 'failed' && step.detail.includes('\n')))
    lines.push('', `${title}:`, ...detail.split('\n').map((line) => `  ${line}`));
  for (const { id, section, sentence, breaches } of broken) {
    lines.push('', `BROKEN  ${id}`, `  ${sentence}`, `  CSI specification, ${section}`);
    for (const breach of breaches.slice(0, 3)) {
      lines.push(`  - ${breach.text}`);
      for (const number of breach.calls) {
        const call = calls.find((each) => each.number === number);
        if (call !== undefined) lines.push(...callLines(plainCall(call)).map((line) => `      ${line}`));
      }
    }
    if (breaches.length > 3) lines.push(`  - and ${breaches.length - 3} more`);
  }
  const unseen = clauses.filter(({ verdict }) => verdict === 'unseen').map(({ id }) => id);
  lines.push(
    '',
    `Clauses: ${count('kept')} kept, ${broken.length} broken, ${count('unseen')} not put to the test${unseen.length === 0 ? '' : ` (${unseen.join(', ')})`}`,
  );
  const failed = steps.filter(({ verdict }) => verdict === 'failed').length;
  const skipped = steps.filter(({ verdict }) => verdict === 'skipped').length;
  lines.push(
    `Steps: ${steps.length - failed - skipped} ok, ${failed} failed, ${skipped} skipped; ${calls.length} calls in ${(tookMs / 1000).toFixed(1)} s`,
  );
  lines.push(ok ? 'The driver did all that was asked of it.' : 'The driver did not do all that was asked of it.');
  return lines;
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
