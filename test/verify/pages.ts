/**
 * `npm run verify -- pages`: the pages of `lineage` and `try` in a real browser, small and large: when they are first
 * painted and when all is there, how long a search takes until its result is painted, and whether it finds. Needs Chromium (`CHROMIUM` names
 * it). What they look like is written to a folder, to be looked at.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lineagePage } from '../../csi-sidecars/lineage/page.ts';
import { programFile } from '../../demo/world.ts';
import type { Browser } from '../../harness/browser.ts';
import { startBrowser } from '../../harness/browser.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import type { Stage } from '../../harness/stage.ts';
import { openStage } from '../../harness/stage.ts';
import { chainOf, familiesOf, NOW_MS } from './page-objects.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'pages';

const MOST_PAINT_MS = 1000;
const MOST_SEARCH_MS = 100;

interface Subject {
  readonly title: string;
  readonly html: string;
  /** Typed letter by letter, as a person does. */
  readonly search: string;
  /** What the page is to say of it. */
  readonly finds: RegExp;
  /** Before the search: a button's id. */
  readonly click?: string;
  /** After the search: fragments that are gone to, with a picture of each. */
  readonly anchors?: readonly string[];
}

interface Figures {
  readonly title: string;
  readonly kib: number;
  readonly paintMs: number;
  readonly loadedMs: number;
  /** The slowest of the letters. */
  readonly searchMs: number;
  /** As the page tells it: `5 found`, `18 of 250 calls`. */
  readonly found: string;
}

export async function run({ log }: VerificationOptions): Promise<VerificationResult> {
  const stage = openStage('pages');
  const pictures = mkdtempSync(join(tmpdir(), 'csi-pages-'));
  try {
    const subjects: Subject[] = [
      { title: 'lineage-small', html: lineagePage(familiesOf(12), NOW_MS), search: 'restored-2', finds: /^1 found$/ },
      { title: 'lineage-10000', html: lineagePage(familiesOf(10_000), NOW_MS), search: 'restored-77', finds: /^5 found$/ },
      {
        title: 'lineage-10000-unfolded',
        html: lineagePage(familiesOf(10_000), NOW_MS),
        search: 'restored-77',
        finds: /^5 found$/,
        click: 'unfold',
      },
      {
        title: 'lineage-chain-10000',
        html: lineagePage(chainOf(10_000), NOW_MS),
        search: 'link-99',
        finds: /^111 found$/,
        click: 'unfold',
      },
      ...(await trial(stage)),
    ];
    const browser = await startBrowser(stage);
    const figures: Figures[] = [];
    for (const subject of subjects) figures.push(await look(browser, subject, { stage, pictures }));
    for (const { title, kib, paintMs, loadedMs, searchMs, found } of figures)
      log(
        `${title.padEnd(22)} ${String(kib).padStart(5)} KiB, first paint ${paintMs} ms, all there ${loadedMs} ms, search ${searchMs} ms: ${found}`,
      );
    log(`pictures: ${pictures}`);
    return { ok: figures.every(isGood), figures, pictures };
  } finally {
    await stage.close();
  }
}

function isGood({ paintMs, loadedMs, searchMs }: Figures): boolean {
  return Math.max(paintMs, loadedMs) <= MOST_PAINT_MS && searchMs <= MOST_SEARCH_MS;
}

/** A trial of the mock driver as it is, and the same page with its calls forty times over. */
async function trial(stage: Stage): Promise<Subject[]> {
  const driver = await startMockDriver(stage);
  const report = join(stage.dir, 'report');
  const args = [programFile('csi-sidecars'), 'try', `--csi-address=${driver.address}`, `--report=${report}`];
  const { code, stderr } = await stage.run({ name: 'try', file: process.execPath, args });
  if (code !== 0) throw new Error(`try ended with ${code}: ${stderr}`);
  const html = readFileSync(join(report, 'report.html'), 'utf8');
  const many = html.replace(/(?<=id="data">\[).*(?=\]<\/script>)/, (calls) => {
    const all = JSON.parse(`[${calls}]`) as { number: number }[];
    const copies = Array.from({ length: 40 }, (_, copy) => all.map((call) => ({ ...call, number: call.number + copy * all.length })));
    return copies.map((part) => JSON.stringify(part).slice(1, -1).replaceAll('<', '\\u003c')).join(',');
  });
  return [
    { title: 'try', html, search: 'CreateSnapshot', finds: /^\d\d of \d{3} calls$/, anchors: ['timeline', 'origins', 'call-20'] },
    { title: 'try-10000', html: many, search: 'CreateSnapshot', finds: /^\d{3} of \d{5} calls/, anchors: ['call-9000'] },
  ];
}

async function look(browser: Browser, subject: Subject, to: { readonly stage: Stage; readonly pictures: string }): Promise<Figures> {
  const { title, html, search, finds, click, anchors = [] } = subject;
  const file = join(to.stage.dir, `${title}.html`);
  writeFileSync(file, html);
  const page = await browser.open(pathToFileURL(file).href);
  const paintMs = await page.evaluate(FIRST_PAINT);
  const loadedMs = await page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd");
  writeFileSync(join(to.pictures, `${title}.png`), await page.screenshot());
  if (click !== undefined) await page.evaluate(`document.getElementById('${click}').click()`);
  const searchMs = await page.evaluate(searching(search));
  const found = await page.evaluate("document.getElementById('count').textContent");
  if (!finds.test(String(found))) throw new Error(`${title}: the search for ${search} says "${String(found)}"`);
  writeFileSync(join(to.pictures, `${title}-searched.png`), await page.screenshot());
  for (const anchor of anchors) {
    await page.evaluate(`new Promise((done) => { location.hash = '${anchor}'; setTimeout(done, 100); })`);
    if ((await page.evaluate(IN_VIEW)) !== true) throw new Error(`${title}: #${anchor} leads nowhere`);
    writeFileSync(join(to.pictures, `${title}-${anchor}.png`), await page.screenshot());
  }
  return {
    title,
    kib: Math.round(Buffer.byteLength(html) / 1024),
    paintMs: Math.round(paintMs as number),
    loadedMs: Math.round(loadedMs as number),
    searchMs: Math.round(searchMs as number),
    found: String(found),
  };
}

/** By the browser's own clock, since the navigation began. */
const FIRST_PAINT = `new Promise((done) => {
  new PerformanceObserver((list) => {
    const first = list.getEntriesByName('first-contentful-paint')[0];
    if (first !== undefined) done(first.startTime);
  }).observe({ type: 'paint', buffered: true });
})`;

/** Whether what the fragment names is on the screen. */
const IN_VIEW = `(() => {
  const place = document.getElementById(location.hash.slice(1))?.getBoundingClientRect();
  return place !== undefined && place.top < innerHeight && place.bottom > 0;
})()`;

/** Of each letter, from its input until the frame that shows the result is through: the best of three, as the machine has others to serve; the slowest of the letters. */
function searching(word: string): string {
  return `(async () => {
    const input = document.getElementById('search');
    const best = [];
    const type = async (text) => {
      const began = performance.now();
      input.value = text;
      input.dispatchEvent(new Event('input'));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - began;
    };
    const word = ${JSON.stringify(word)};
    for (let round = 0; round < 3; round += 1) {
      await type('');
      for (let letters = 1; letters <= word.length; letters += 1)
        best[letters] = Math.min(best[letters] ?? Infinity, await type(word.slice(0, letters)));
    }
    return Math.max(...best.slice(1));
  })()`;
}
