import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from './json.ts';
import { clone, dropNulls, equal, parseJson, printJson } from './json.ts';

test('an integer beyond 2^53 keeps every digit through parsing and printing', () => {
  const text = '{"a":9007199254740993,"b":[-9223372036854775808],"c":1.5,"d":"9007199254740993"}';
  expect(parseJson(text)).toEqual({ a: 9007199254740993n, b: [-9223372036854775808n], c: 1.5, d: '9007199254740993' });
  expect(printJson(parseJson(text))).toBe(text);
});

/** What the native parser would have made of the long integers. */
function asNumbers(value: Json): Json {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(asNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asNumbers(item)]));
}

test('what the native parser reads, the own one reads the same', () => {
  // The long digits in front send the text down the slow way.
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = `["1234567890123456",${JSON.stringify(value)}]`;
      expect(asNumbers(parseJson(text))).toEqual(JSON.parse(text));
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('white space is borne wherever JSON allows it, and no other space is', () => {
  const text = ' \n[ 1234567890123456 , {\t"a" : [ ] ,\r"b":{ } } ]\t ';
  expect(parseJson(text)).toEqual(JSON.parse(text));
  for (const other of ['\u00a0', '\f', '\v']) expect(() => parseJson(`[1234567890123456,${other}1]`)).toThrow(SyntaxError);
});

test('broken JSON is refused on the slow way too', () => {
  for (const tail of ['', ',', ']]', ',]', ',tru]', ',"a', ',{"a" 1}]', ',{"a":}]', ',01]', ',+1]', ',nul]', ',{a:1}]']) {
    expect(() => parseJson(`[1234567890123456${tail}`), tail).toThrow(SyntaxError);
  }
});

test('a member called __proto__ is data and changes no prototype', () => {
  const value = parseJson('{"n":12345678901234567,"__proto__":{"polluted":1}}');
  expect(Object.keys(value as object)).toEqual(['n', '__proto__']);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('a clone is equal and shares nothing', () => {
  const value: Json = { a: [1, { b: null }], c: 12345678901234567890n };
  const copy = clone(value);
  expect(equal(copy, value)).toBe(true);
  (copy.a as Json[]).push(2);
  expect(equal(copy, value)).toBe(false);
  expect(value.a).toHaveLength(2);
});

test('objects are equal in any order of members, lists only in theirs', () => {
  expect(equal({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
  expect(equal([1, 2], [2, 1])).toBe(false);
  expect(equal({ a: 1 }, { b: 1 })).toBe(false);
  expect(equal({ a: [] }, { a: {} })).toBe(false);
  expect(equal({ a: {} }, { a: [] })).toBe(false);
});

test('dropping nulls leaves those in lists of values', () => {
  const value: Json = { a: null, b: [null, { c: null, d: 1 }] };
  dropNulls(value);
  expect(value).toEqual({ b: [null, { d: 1 }] });
});
