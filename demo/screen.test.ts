import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { openScreen } from './screen.ts';
import type { Step } from './screen.ts';

const FIRST: Step = { name: 'first', title: 'the first thing' };
const SECOND: Step = { name: 'second', title: 'another' };

function paper(isTTY: boolean) {
  const written: string[] = [];
  return { written, target: { isTTY, write: (text: string) => void written.push(text) } };
}

test('away from a terminal each step is one line, written when it ends', async () => {
  const { written, target } = paper(false);
  const screen = openScreen(target, [FIRST, SECOND]);
  await screen.run(FIRST, async (say) => {
    say('half way');
    expect(written).toEqual([]);
    say('all the way');
  });
  await expect(screen.run(SECOND, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  screen.line('the end');
  expect(written.map((line) => line.replace(/\d\.\d\d s/, 'N s'))).toEqual([
    'ok     the first thing    N s  all the way\n',
    'FAILED another            N s  \n',
    'the end\n',
  ]);
});

test('on a terminal the whole table is drawn again over itself at every change', async () => {
  const { written, target } = paper(true);
  const screen = openScreen(target, [FIRST, SECOND]);
  await screen.run(FIRST, async (say) => say('detail'));
  const last = written.at(-1) ?? '';
  expect(last.startsWith('\u001b[2A')).toBe(true);
  expect(written[0]?.startsWith('\u001b[2A')).toBe(false);
  const rows = stripVTControlCharacters(last).trimEnd().split('\n');
  expect(rows).toHaveLength(2);
  expect(rows[0]).toMatch(/^ {2}✓ the first thing +\d\.\d\d s {2}detail$/);
  expect(rows[1]).toMatch(/^ {2}· another/);
});

test('a detail that is too long for the terminal is cut, so that a row stays one line', async () => {
  const { written, target } = paper(true);
  await openScreen({ ...target, columns: 60 }, [FIRST]).run(FIRST, async (say) => say('x'.repeat(200)));
  const rows = stripVTControlCharacters(written.at(-1) ?? '')
    .trimEnd()
    .split('\n');
  expect(rows[0]?.length).toBeLessThan(60);
  expect(rows[0]?.endsWith('x…')).toBe(true);
});

test('a step tells its seconds, and shows the same', async () => {
  const { written, target } = paper(false);
  const started = performance.now();
  const seconds = await openScreen(target, [FIRST]).run(FIRST, async () => {
    while (performance.now() - started < 30) await new Promise((resolve) => setImmediate(resolve));
  });
  expect(seconds).toBeGreaterThanOrEqual(0.02);
  expect(seconds).toBeLessThanOrEqual((performance.now() - started + 1) / 1000);
  expect(written.join('')).toContain(`${seconds.toFixed(2)} s`);
});
