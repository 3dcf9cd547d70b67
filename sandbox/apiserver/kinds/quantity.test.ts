import { expect, test } from 'vitest';
import type { Json } from '../json.ts';
import { canonicalizeQuantities, quantityValue } from './quantity.ts';

test.each<[Json, string]>([
  ['1024Mi', '1Gi'],
  ['1000Mi', '1000Mi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Ki', '512'],
  [1073741824, '1073741824'],
  ['1000', '1k'],
  ['1500m', '1500m'],
  ['1.5', '1500m'],
  ['1000m', '1'],
  ['1e3', '1e3'],
  ['12E6', '12e6'],
  ['10E', '10E'],
  ['2.3E', '2300P'],
  ['8Ei', '8Ei'],
  ['0', '0'],
  ['0Gi', '0'],
  ['-1', '-1'],
  ['1.0000000001', '1000000001n'],
])('%s is kept as %s', (given, kept) => {
  const map = { storage: given };
  canonicalizeQuantities(map);
  expect(map.storage).toBe(kept);
});

test.each(['', 'abc', '1 Gi', '1gi', 'Gi', '1..2', '--1'])('%j is a bad request', (given) => {
  expect(() => canonicalizeQuantities({ storage: given })).toThrow(expect.objectContaining({ status: 400 }));
});

test('sizes compare by value, whatever their unit', () => {
  const inOrder = ['1', '999', '1k', '1Ki', '1M', '1Mi', '1G', '1073741823', '1Gi', '1.1Gi', '1Ti', '1Pi', '1Ei'];
  const values = inOrder.map((text) => quantityValue(text) ?? -1n);
  expect(values).toEqual([...values].sort((a, b) => (a < b ? -1 : 1)));
  expect(quantityValue('1Gi')).toBe(quantityValue(1073741824));
  expect(quantityValue(null)).toBeUndefined();
});
