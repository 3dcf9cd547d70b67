import { describe, expect, test } from 'vitest';
import { isDnsLabel, isDnsSubdomain } from './names.ts';
import type { LabelSelector } from './objects.ts';
import { formatSelector, matchesSelector } from './selectors.ts';

describe('a label selector', () => {
  const selector = {
    matchLabels: { app: 'db' },
    matchExpressions: [
      { key: 'zone', operator: 'In', values: ['a', 'b'] },
      { key: 'tier', operator: 'NotIn', values: ['test'] },
      { key: 'owner', operator: 'Exists' },
      { key: 'old', operator: 'DoesNotExist' },
    ],
  };

  test('prints as a query', () => {
    expect(formatSelector(selector)).toBe('app=db,zone in (a,b),tier notin (test),owner,!old');
  });

  test('matches labels that meet every term', () => {
    expect(matchesSelector(selector, { app: 'db', zone: 'a', owner: '' })).toBe(true);
    expect(matchesSelector(selector, { app: 'db', zone: 'b', owner: 'x', tier: 'prod' })).toBe(true);
  });

  test.each([
    { app: 'web', zone: 'a', owner: 'x' },
    { app: 'db', zone: 'c', owner: 'x' },
    { app: 'db', zone: 'a' },
    { app: 'db', zone: 'a', owner: 'x', tier: 'test' },
    { app: 'db', zone: 'a', owner: 'x', old: '' },
  ])('does not match %j', (labels) => {
    expect(matchesSelector(selector, labels as Record<string, string>)).toBe(false);
  });

  test('that is empty selects everything, that is absent or invalid nothing', () => {
    expect(matchesSelector({}, undefined)).toBe(true);
    expect(matchesSelector(undefined, {})).toBe(false);
    expect(matchesSelector({ matchExpressions: [{ key: 'a', operator: 'Near' }] }, { a: '' })).toBe(false);
    expect(formatSelector({ matchExpressions: [{ key: 'a', operator: 'In' }] })).toBeUndefined();
  });

  test('is not fooled by names every object inherits', () => {
    expect(matchesSelector({ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, {})).toBe(false);
  });
});

test('DNS names follow RFC 1123', () => {
  expect(['a', 'a-b', '0', 'a'.repeat(63)].every(isDnsLabel)).toBe(true);
  expect(['', '-a', 'a-', 'A', 'a.b', 'a'.repeat(64)].some(isDnsLabel)).toBe(false);
  expect(['a.b', 'snapcontent-1', 'x'.repeat(253)].every(isDnsSubdomain)).toBe(true);
  expect(['a..b', '.a', 'a_b', 'x'.repeat(254)].some(isDnsSubdomain)).toBe(false);
});

test.each([
  [{ matchExpressions: 'odd' }],
  [{ matchExpressions: [null] }],
  [{ matchExpressions: [{ key: 'a', operator: 'In', values: 'b' }] }],
])('what no schema would let through today is no valid selector: %j', (odd) => {
  // An object that is older than its schema.
  expect(formatSelector(odd as unknown as LabelSelector)).toBeUndefined();
  expect(matchesSelector(odd as unknown as LabelSelector, { a: 'b' })).toBe(false);
});
