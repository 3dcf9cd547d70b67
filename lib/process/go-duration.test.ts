import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from './go-duration.ts';

test('durations are read with every unit of Go, in sum', () => {
  expect(parseDuration('1h2m3.5s')).toBe(3_723_500);
  expect(parseDuration('100ms')).toBe(100);
  expect(parseDuration('1500us')).toBe(1.5);
  expect(parseDuration('1500µs')).toBe(1.5);
  expect(parseDuration('.5s')).toBe(500);
  expect(parseDuration('-1m')).toBe(-60_000);
  expect(parseDuration('+1m')).toBe(60_000);
  expect(parseDuration('0')).toBe(0);
});

test('what Go refuses is refused', () => {
  for (const text of ['', '5', '5 s', '1d', 's', '-', '1m 3s', '1.2.3s', '0x1s']) expect(parseDuration(text)).toBeUndefined();
});

test('durations are shown as Go shows them', () => {
  const cases = {
    '0s': 0,
    '1m0s': 60_000,
    '1h0m0s': 3_600_000,
    '1m30s': 90_000,
    '1.5s': 1500,
    '100ms': 100,
    '15m0s': 900_000,
    '-30s': -30_000,
    '1.5µs': 0.0015,
    '1ns': 1e-6,
  };
  for (const [text, ms] of Object.entries(cases)) expect(formatDuration(ms)).toBe(text);
});

test('what is shown reads back as the same duration', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 6);
    }),
    { seed: 1, numRuns: 300 },
  );
});
