/**
 * The behaviours that the test suites of the Go program and of its controller library check, and where this repository checks
 * each of them. provisioner.json is a list of cases:
 * - `id`: the file, the test function and the row of the Go case
 * - `behaviour`: what it checks, in one line
 * - either `test`, the title of a test here that checks the same, as it is written in the source, with the `row` of its table
 *   where it has one; or `none`, the reason why there is none.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import CASES from './provisioner.json' with { type: 'json' };

interface MirrorCase {
  readonly id: string;
  readonly behaviour: string;
  readonly test?: { readonly file: string; readonly name: string; readonly row?: string };
  readonly none?: string;
}

const ROOT = new URL('../../../', import.meta.url);
const cases: readonly MirrorCase[] = CASES;
const sources = new Map<string, string>();

function sourceOf(file: string): string {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(file, ROOT), 'utf8');
  sources.set(file, text);
  return text;
}

/** Is `title` the first argument of a test of that file, be it a plain one or a table? */
function hasTest(file: string, title: string): boolean {
  const literal = title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`(?:\\btest|\\))\\(\\s*(['"\`])${literal}\\1`).test(sourceOf(file));
}

const groupOf = (id: string): string => id.slice(0, id.indexOf('_test') + '_test'.length);

test('the table has the 453 cases of the Go program (v6.4.0) and the 106 of its library, each once, each told in words', () => {
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  const ofLibrary = cases.filter(({ id }) => id.startsWith('lib '));
  expect([cases.length - ofLibrary.length, ofLibrary.length]).toEqual([453, 106]);
  expect(cases.filter(({ behaviour }) => behaviour.length < 5).map(({ id }) => id)).toEqual([]);
});

test('each case has either a test or a reason why there is none', () => {
  const odd = cases.filter(({ test: named, none }) => (named === undefined) === (none === undefined) || none === '');
  expect(odd.map(({ id }) => id)).toEqual([]);
});

test('each test that is named exists, with its row', () => {
  const missing = cases.filter(
    ({ test: named }) =>
      named !== undefined && !(hasTest(named.file, named.name) && (named.row === undefined || sourceOf(named.file).includes(named.row))),
  );
  expect(missing.map(({ id, test: named }) => `${id}: ${named?.file} "${named?.name}" ${named?.row ?? ''}`)).toEqual([]);
});

test('the count, file by file', () => {
  const counts = new Map<string, { readonly cases: number; readonly mirrored: number }>();
  for (const { id, test: named } of cases) {
    const before = counts.get(groupOf(id)) ?? { cases: 0, mirrored: 0 };
    counts.set(groupOf(id), { cases: before.cases + 1, mirrored: before.mirrored + (named === undefined ? 0 : 1) });
  }
  const mirrored = cases.filter(({ test: named }) => named !== undefined).length;
  const lines = [...counts].map(([file, count]) => `${file}: ${count.mirrored} of ${count.cases}`);
  console.log([...lines, `all: ${mirrored} of ${cases.length}`].join('\n'));
  expect(counts.size).toBe(12);
});
