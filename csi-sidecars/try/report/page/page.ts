/**
 * A trial as one page that needs nothing else: no script or font from elsewhere, and none may be loaded. What the driver
 * said stands in it as text only.
 */
import type { ClauseResult, StepResult, TryReport } from '../../record.ts';
import { escapeMarkup as text } from '../../../frame/escape.ts';
import { plainCall } from '../json.ts';
import { drawOrigins } from './origins.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { timeline } from './timeline.ts';

export function reportAsPage(report: TryReport): string {
  const { driver, ok, startedAt, tookMs, address, profile } = report;
  const name = driver?.name ?? 'a driver that did not introduce itself';
  const broken = report.clauses.filter(({ verdict }) => verdict === 'broken');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(name)}: ${ok ? 'ok' : 'not ok'}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${text(name)} <span class="${ok ? 'good' : 'bad'}">${ok ? 'did all that was asked of it' : 'did not do all that was asked of it'}</span></h1>
<p>${text(driver?.version ?? '')} at ${text(address)}, profile ${text(profile)}, ${text(startedAt)}, ${(tookMs / 1000).toFixed(1)} s, ${report.calls.length} calls</p>
<nav><a href="#clauses">Clauses</a><a href="#steps">Steps</a><a href="#timeline">Timeline</a><a href="#origins">Lineage</a><a href="#journal">Journal</a></nav>
</header>
<section id="clauses">
<h2>Clauses of the CSI specification</h2>
${broken.map(brokenClause).join('\n')}
<table><thead><tr><th>verdict</th><th>clause</th><th>section</th><th>seen</th></tr></thead><tbody>
${report.clauses.map(clauseRow).join('\n')}
</tbody></table>
</section>
<section id="steps">
<h2>Steps</h2>
<table><thead><tr><th>verdict</th><th>step</th><th>seconds</th><th>what was seen</th></tr></thead><tbody>
${report.steps.map(stepRow).join('\n')}
</tbody></table>
${report.left.length === 0 ? '' : `<p class="bad">Left in the driver, delete it there: ${text(report.left.join(', '))}</p>`}
</section>
<section id="timeline">
<h2>Timeline</h2>
${timeline(report)}
</section>
<section id="origins">
<h2>Lineage</h2>
<pre>${text(drawOrigins(report.calls).join('\n'))}</pre>
</section>
<section id="journal">
<h2>Journal</h2>
<p><input id="search" type="search" placeholder="RPC, id, code, text" aria-label="search the journal"> <span id="count"></span></p>
<div id="calls"></div>
</section>
<script type="application/json" id="data">${JSON.stringify(report.calls.map(plainCall)).replaceAll('<', '\\u003c')}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function brokenClause({ id, sentence, section, breaches }: ClauseResult): string {
  const items = breaches.map((breach) => `<li>${text(breach.text)} ${breach.calls.map(callLink).join(' ')}</li>`);
  return `<article class="breach"><h3>${text(id)}</h3><p>${text(sentence)} <small>${text(section)}</small></p><ul>${items.join('')}</ul></article>`;
}

function callLink(number: number): string {
  return `<a href="#call-${number}">#${number}</a>`;
}

const CLAUSE_CLASS = { kept: 'good', broken: 'bad', unseen: 'dim' } as const;
const STEP_CLASS = { ok: 'good', failed: 'bad', skipped: 'dim' } as const;

function clauseRow({ id, section, sentence, verdict, seen }: ClauseResult): string {
  return `<tr><td class="${CLAUSE_CLASS[verdict]}">${verdict}</td><td><b>${text(id)}</b><br>${text(sentence)}</td><td>${text(section)}</td><td class="number">${seen}</td></tr>`;
}

function stepRow({ title, verdict, tookMs, detail }: StepResult): string {
  return `<tr><td class="${STEP_CLASS[verdict]}">${verdict}</td><td>${text(title)}</td><td class="number">${(tookMs / 1000).toFixed(2)}</td><td class="detail">${text(detail)}</td></tr>`;
}
