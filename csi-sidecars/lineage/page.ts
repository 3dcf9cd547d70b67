/** The lineage as one page that needs nothing else. Only the rows in view exist, so that ten thousand objects are no weight. */
import { escapeMarkup as text } from '../frame/escape.ts';
import type { LineageNode } from './node.ts';
import { PAGE_SCRIPT } from './page-script.ts';

export function lineagePage(nodes: readonly LineageNode[], nowMs: number): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lineage of ${nodes.length} objects</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Lineage of claims, volumes and snapshots</h1>
<p>${nodes.length} objects, ${text(new Date(nowMs).toISOString())}</p>
<p><input id="search" type="search" placeholder="name, kind, state, handle" aria-label="search" autofocus>
<button id="unfold">Unfold all</button> <button id="fold">Fold all</button> <span id="count" role="status"></span></p>
</header>
<div id="head" class="row"><span>object</span><span>state</span><span>size</span><span>age</span><span>place</span></div>
<div id="scroll" tabindex="0"><div id="space"><div id="rows"></div></div></div>
<script type="application/json" id="data">${JSON.stringify({ nowMs, nodes }).replaceAll('<', '\\u003c')}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --dim: #777; --good: #1a7f37; --bad: #cf222e; --hit: #fff3b0; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff7b72; --dim: #999; --hit: #5a4a00; } }
html, body { height: 100%; margin: 0; } body { display: flex; flex-direction: column; font: 14px/1.4 system-ui, sans-serif; }
header { padding: 12px 20px 0; } h1 { font-size: 19px; margin: 0; } p { margin: 6px 0; } #search { width: 320px; padding: 4px 8px; }
.row { display: grid; grid-template-columns: minmax(340px, 3fr) 130px 90px 60px minmax(200px, 2fr); gap: 12px; height: 24px; line-height: 24px; padding: 0 20px; white-space: nowrap; }
.row span { overflow: hidden; text-overflow: ellipsis; } #head { color: var(--dim); border-bottom: 1px solid var(--line); overflow-y: scroll; scrollbar-color: transparent transparent; }
#scroll { flex: 1; overflow-y: scroll; } #space { position: relative; } #rows { position: absolute; left: 0; right: 0; }
.fold { display: inline-block; width: 18px; border: 0; background: none; color: inherit; padding: 0; cursor: pointer; font: inherit; }
.kind { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); } .hit { background: var(--hit); }
`;
