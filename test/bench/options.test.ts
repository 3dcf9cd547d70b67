import { expect, test } from 'vitest';
import { EXPERIMENTS } from './figures.ts';
import { readOptions } from './options.ts';

test('quick is small, and every figure can be said', () => {
  expect(readOptions(['--quick'])).toMatchObject({
    rounds: 1,
    objects: 60,
    loads: 2,
    experiments: ['load'],
    sides: ['go', 'one', 'three'],
  });
  expect(readOptions([])).toMatchObject({ rounds: 3, objects: 300, oneByOne: 20, inPlace: 20_000, experiments: EXPERIMENTS });
  expect(readOptions(['--quick', '--rounds=5', '--sides=one,go', '--objects=7', '--experiments=groups,no journal'])).toMatchObject({
    rounds: 5,
    objects: 7,
    sides: ['go', 'one'],
    experiments: ['no journal', 'groups'],
  });
});

test.each([
  [['--rounds=0'], '--rounds=0: give a number from 1 on'],
  [['--sides=rust'], '--sides: "rust" is none of go, one, three'],
  [['--phases=nap'], '--phases: "nap" is none of provision'],
  [['--experiments=luck'], '--experiments: "luck" is none of load'],
  [['--profile'], '--profile needs --out=DIR'],
  [['--fast'], '--fast'],
])('%j is refused with a sentence', (words, sentence) => {
  expect(() => readOptions(words)).toThrow(sentence);
});
