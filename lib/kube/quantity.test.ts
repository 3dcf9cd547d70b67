import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBinarySI, parseQuantity, toBytesRoundedUp } from './quantity.ts';

describe('toBytesRoundedUp', () => {
  test.each([
    ['1Gi', 2n ** 30n],
    ['1.5Gi', 1610612736n],
    ['1G', 10n ** 9n],
    ['500M', 500_000_000n],
    ['100k', 100_000n],
    ['1E', 10n ** 18n],
    ['1Ei', 2n ** 60n],
    ['1e3', 1000n],
    ['1E3', 1000n],
    ['12e-1', 2n],
    ['1m', 1n],
    ['1001m', 2n],
    ['0', 0n],
    ['+5', 5n],
    ['-1500m', -2n],
    ['.5Ki', 512n],
    ['5.', 5n],
    [1048576, 1048576n],
    ['1n', 1n],
    ['1u', 1n],
  ])('%s is %s bytes', (text, bytes) => {
    expect(toBytesRoundedUp(text)).toBe(bytes);
  });

  test('caps at int64, whatever the exponent', () => {
    expect(toBytesRoundedUp('1e999999999')).toBe(2n ** 63n - 1n);
    expect(toBytesRoundedUp('16Ei')).toBe(2n ** 63n - 1n);
    expect(toBytesRoundedUp('1e-999999999')).toBe(1n);
  });

  test.each(['', 'Gi', '1 Gi', '1gi', '1K', '1KiB', '1e', '--1', '1.2.3', '0x10', 'NaN', '1e1.5', ' 1'])('refuses %j', (text) => {
    expect(toBytesRoundedUp(text)).toBeUndefined();
  });

  test('parses to billionths, rounding finer digits away from zero', () => {
    expect(parseQuantity('1n')).toBe(1n);
    expect(parseQuantity('0.1n')).toBe(1n);
    expect(parseQuantity('0.0000000011')).toBe(2n);
    expect(parseQuantity('-0.1n')).toBe(-1n);
  });

  test('every whole number of bytes with every binary suffix is exact', () => {
    const suffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti'] as const;
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 22n }), fc.nat(suffixes.length - 1), (amount, power) => {
        expect(toBytesRoundedUp(`${amount}${suffixes[power]}`)).toBe(amount << (10n * BigInt(power)));
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});

describe('formatBinarySI', () => {
  test.each([
    [0n, '0'],
    [1n, '1'],
    [999n, '999'],
    // Go prints amounts below 1024 with decimal suffixes.
    [1000n, '1k'],
    [1023n, '1023'],
    [1024n, '1Ki'],
    [1500n, '1500'],
    [1073741824n, '1Gi'],
    [1610612736n, '1536Mi'],
    [5242879n, '5242879'],
    [2n ** 60n, '1Ei'],
    [5368709121n, '5368709121'],
    [-1024n, '-1Ki'],
  ])('%s prints as %s', (bytes, text) => {
    expect(formatBinarySI(bytes)).toBe(text);
  });

  test('reads back as the same number of bytes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 50n }), fc.nat(40), (amount, shift) => {
        const bytes = (amount << BigInt(shift)) & (2n ** 62n - 1n);
        expect(toBytesRoundedUp(formatBinarySI(bytes))).toBe(bytes);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});
