import { expect, test } from 'vitest';
import { ageOf, shortDuration } from './table.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// Each pair as `kubectl get` prints it.
test.each<[number, string]>([
  [0, '0s'],
  [9 * SECOND, '9s'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [2 * MINUTE + 5 * SECOND, '2m5s'],
  [10 * MINUTE + 5 * SECOND, '10m'],
  [179 * MINUTE, '179m'],
  [3 * HOUR, '3h'],
  [3 * HOUR + 20 * MINUTE, '3h20m'],
  [8 * HOUR + 20 * MINUTE, '8h'],
  [47 * HOUR, '47h'],
  [2 * DAY + 4 * HOUR, '2d4h'],
  [8 * DAY + 4 * HOUR, '8d'],
  [729 * DAY, '729d'],
  [830 * DAY, '2y100d'],
  [3000 * DAY, '8y'],
  [-500, '0s'],
  [-5 * SECOND, '<invalid>'],
])('%d ms are %s', (ms, text) => {
  expect(shortDuration(ms)).toBe(text);
});

test('a time that is none has an unknown age', () => {
  expect(ageOf(undefined, 0)).toBe('<unknown>');
  expect(ageOf('soon', 0)).toBe('<unknown>');
});
