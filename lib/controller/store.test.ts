import { expect, test } from 'vitest';
import { keyOf, splitKey } from './store.ts';

test('a key is namespace/name, or the name of a cluster-scoped object, and splits again', () => {
  expect(keyOf({ metadata: { name: 'a', namespace: 'n' } })).toBe('n/a');
  expect(keyOf({ metadata: { name: 'a', namespace: '' } })).toBe('a');
  expect(keyOf({})).toBe('');
  expect(splitKey('n/a')).toEqual({ namespace: 'n', name: 'a' });
  expect(splitKey('a')).toEqual({ namespace: undefined, name: 'a' });
});
