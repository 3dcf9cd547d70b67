import { expect, test } from 'vitest';
import { readDemoOptions } from './options.ts';

test('no flag means: sandbox, three programs, clean up, text', () => {
  expect(readDemoOptions([])).toEqual({ kind: 'run', options: { json: false, keep: false, real: false, node: false, oneProcess: false } });
});

test('flags are read, help is text, and every fault is named', () => {
  expect(readDemoOptions(['--json', '--one-process'])).toMatchObject({ kind: 'run', options: { json: true, oneProcess: true } });
  expect(readDemoOptions(['--help'])).toMatchObject({ kind: 'help', text: expect.stringContaining('--keep') });
  const wrong = readDemoOptions(['--jsn', 'word', '--keep=perhaps']);
  expect(wrong.kind === 'wrong' ? wrong.faults.map((fault) => /jsn|word|perhaps/.exec(fault)?.[0]) : []).toEqual([
    'jsn',
    'word',
    'perhaps',
  ]);
});
