/** Terms by themselves: which is part of which, how they are sorted, what becomes of an answered topology. */
import { expect, test } from 'vitest';
import type { Term } from './terms.ts';
import { affinityTerms, isSubset, sortTerms, termOf } from './terms.ts';

/** `a=1,b=2` */
const term = (text: string): Term =>
  text.split(',').flatMap((pair) => {
    const [key = '', value = ''] = pair.split('=');
    return key === '' ? [] : [{ key, value }];
  });

test.each([
  ['', '', true],
  ['', 'a=1', true],
  ['a=1', '', false],
  ['a=1', 'a=1', true],
  ['a=1', 'a=1,b=2', true],
  ['a=1,b=2', 'a=1', false],
  ['a=1,c=3', 'a=1,b=2,c=3', true],
  ['a=1,b=2,c=3', 'a=1,c=3', false],
  ['a=1', 'b=2', false],
])('"%s" is part of "%s": %s', (part, whole, expected) => {
  expect(isSubset(term(part), term(whole))).toBe(expected);
});

test('the shorter term comes first, then the smaller key whatever its value, then the smaller value', () => {
  const sorted = [term('b=1'), term('a=9,b=1'), term('a=9'), term('a=2')];
  expect(sortTerms(sorted)).toEqual([term('a=2'), term('a=9'), term('b=1'), term('a=9,b=1')]);
});

test('without keys a term has no segments', () => {
  expect(termOf([], { a: '1' })).toEqual([]);
});

test('each answered topology is a term of the affinity, and none makes none', () => {
  expect(affinityTerms([])).toEqual([]);
  const terms = affinityTerms([{ segments: { a: '1', b: '2' } }, { segments: { a: '3' } }]);
  const is = (key: string, value: string) => ({ key, operator: 'In', values: [value] });
  expect(terms).toEqual([{ matchExpressions: [is('a', '1'), is('b', '2')] }, { matchExpressions: [is('a', '3')] }]);
});
