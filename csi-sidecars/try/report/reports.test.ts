import { expect, test } from 'vitest';
import type { AnyCall } from '../journal/call.ts';
import type { TryReport } from '../record.ts';
import { paintFor } from '../../frame/screen.ts';
import { reportAsJson } from './json.ts';
import { reportAsJunit } from './junit.ts';
import { drawOrigins } from './page/origins.ts';
import { reportAsPage } from './page/page.ts';
import { reportLines } from './text.ts';

const EVIL = '</script><img src=x onerror=alert(1)> & "quoted" \u0007';

function call(number: number, more: Partial<AnyCall>): AnyCall {
  return {
    number,
    rpc: 'CreateVolume',
    by: 'try',
    sentMs: number * 10,
    answeredMs: number * 10 + 5,
    request: { name: `v${number}` },
    answer: { kind: 'ok', response: { volume: { volumeId: `id-${number}`, capacityBytes: 1n } } },
    repeated: [],
    ...more,
  } as AnyCall;
}

const REPORT: TryReport = {
  ok: false,
  driver: { name: `driver ${EVIL}`, version: '1', plugin: [], controller: [], groupController: [], node: [] },
  address: 'unix:///s',
  profile: 'full',
  startedAt: '2026-01-01T00:00:00.000Z',
  tookMs: 100,
  left: [],
  steps: [
    { id: 'a', title: 'do it', verdict: 'ok', detail: 'fine', startedMs: 0, tookMs: 40, calls: { from: 1, to: 1 } },
    { id: 'b', title: 'do more', verdict: 'failed', detail: EVIL, startedMs: 40, tookMs: 40, calls: { from: 3, to: 3 } },
    { id: 'c', title: 'do nothing', verdict: 'skipped', detail: 'not offered', startedMs: 80, tookMs: 0 },
  ],
  clauses: [
    { id: 'kept', section: 'S', sentence: 'It is.', verdict: 'kept', seen: 1, breaches: [] },
    { id: 'broken', section: 'S', sentence: 'It is not.', verdict: 'broken', seen: 1, breaches: [{ text: EVIL, calls: [2] }] },
  ],
  calls: [call(1, {}), call(2, { answer: { kind: 'refused', code: 13, message: EVIL } }), call(3, {}), call(4, {})],
};

test('the JSON holds the calls of breaches and of failed steps, with int64 as text', () => {
  expect(reportAsJson(REPORT)).toMatchObject({
    calls: [
      { number: 2, code: 'Internal', message: EVIL },
      { number: 3, code: 'OK', response: { volume: { capacityBytes: '1' } } },
    ],
  });
});

test('the text names the broken clause with the call that shows it, without colour in a pipe', () => {
  const text = reportLines(REPORT, paintFor({ colours: false })).join('\n');
  expect(text).toContain('BROKEN  broken');
  expect(text).toContain('#2 CreateVolume by try, 5 ms: Internal');
  expect(text).not.toContain('\u001B');
});

test('what a driver says stands in the page and in the XML as text only', () => {
  const page = reportAsPage(REPORT);
  expect(page).not.toContain('<img');
  expect(page.match(/<\/script>/g)).toHaveLength(2);
  const data = /<script type="application\/json" id="data">(.*)<\/script>/.exec(page)?.[1] ?? '';
  expect(JSON.parse(data)).toHaveLength(4);
  const xml = reportAsJunit(REPORT);
  expect(xml).not.toContain('<img');
  expect(xml).not.toContain('\u0007');
  expect(xml).toContain('tests="3" failures="1" skipped="1"');
});

test('the page loads nothing from elsewhere', () => {
  const page = reportAsPage(REPORT);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toMatch(/(?:src|href)="(?!#)/);
});

test('the lineage draws a volume below its snapshot below its source, and ends whatever a driver says', () => {
  const from = (id: string) => ({ type: { $case: 'snapshot', value: { snapshotId: id } } });
  const calls = [
    call(1, {}),
    call(2, {
      rpc: 'CreateSnapshot',
      request: { name: 's', sourceVolumeId: 'id-1' },
      answer: { kind: 'ok', response: { snapshot: { snapshotId: 'snap' } } },
    } as unknown as Partial<AnyCall>),
    call(3, { request: { name: 'r', volumeContentSource: from('snap') } }),
    call(4, { request: { name: 'self', volumeContentSource: from('id-4') } }),
  ];
  expect(drawOrigins(calls)).toEqual(['volume id-1  v1', '└─ snapshot snap  s', '   └─ volume id-3  r']);
});
