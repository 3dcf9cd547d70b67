import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../json.ts';
import { escapeField, RuleCompiler } from './cel.ts';
import { readSchema } from './schema.ts';
import { validateObject } from './validate.ts';

/** What a rule says about an object whose only field is `v`; `before` makes it an update. */
function judge(rule: JsonObject, schema: JsonObject, values: { readonly v: Json; readonly before?: Json }): string[] {
  const root = { type: 'object', properties: { v: { ...schema, 'x-kubernetes-validations': [rule] } } };
  const { schema: read, causes } = readSchema(root, '', new RuleCompiler());
  if (causes.length > 0) return causes.map((cause) => cause.message);
  const old = values.before === undefined ? undefined : { v: values.before };
  return validateObject({ object: { v: values.v }, old, statusOnly: false }, read).map((cause) => cause.message);
}

const TEXT = { type: 'string' };
const INTEGER = { type: 'integer' };

describe('a rule', () => {
  test.each<[string, JsonObject, Json, boolean]>([
    ['self > 9007199254740992', INTEGER, 9007199254740993n, true],
    ['self == 2', INTEGER, 2, true],
    ['self < 1.5', { type: 'number' }, 1, true],
    ['self.startsWith("a") && self.matches("^a.c$")', TEXT, 'abc', true],
    ['self > timestamp("2020-01-01T00:00:00Z")', { type: 'string', format: 'date-time' }, '2021-01-01T00:00:00Z', true],
    ['self > duration("1h")', { type: 'string', format: 'duration' }, '90m', true],
    ['self.all(x, x > 0) && self.sum() == 3', { type: 'array', items: INTEGER }, [1, 2], true],
    ['self.isSorted()', { type: 'array', items: TEXT }, ['b', 'a'], false],
    ['self.exists(k, k == "x") && self["x"] == 1', { type: 'object', additionalProperties: INTEGER }, { x: 1 }, true],
    [
      'has(self.__namespace__) && self.a__dash__b == "c"',
      { type: 'object', properties: { namespace: TEXT, 'a-b': TEXT } },
      { namespace: 'n', 'a-b': 'c' },
      true,
    ],
    ['has(self.a)', { type: 'object', properties: { a: TEXT } }, {}, false],
  ])('%s is worked out', (rule, schema, v, holds) => {
    expect(judge({ rule }, schema, { v }).length === 0).toBe(holds);
  });

  test('about change is asked on an update only, unless it says that the old value is optional', () => {
    expect(judge({ rule: 'self == oldSelf' }, TEXT, { v: 'a' })).toEqual([]);
    expect(judge({ rule: 'self == oldSelf' }, TEXT, { v: 'a', before: 'b' })).toHaveLength(1);
    const optional = { rule: 'oldSelf.hasValue() || self == "new"', optionalOldSelf: true };
    expect(judge(optional, TEXT, { v: 'a' })).toHaveLength(1);
    expect(judge(optional, TEXT, { v: 'new' })).toEqual([]);
    expect(judge(optional, TEXT, { v: 'a', before: 'b' })).toEqual([]);
  });

  test('is not asked about what did not change', () => {
    expect(judge({ rule: 'self == "b"' }, TEXT, { v: 'a', before: 'a' })).toEqual([]);
    expect(judge({ rule: 'self == "b"' }, TEXT, { v: 'a', before: 'c' })).toHaveLength(1);
  });

  test('that fails says its message, its worked-out message, or itself', () => {
    expect(judge({ rule: 'self == "b"', message: 'no b' }, TEXT, { v: 'a' })).toEqual(['Invalid value: "a": no b']);
    expect(judge({ rule: 'self == "b"', messageExpression: '"is " + self' }, TEXT, { v: 'a' })).toEqual(['Invalid value: "a": is a']);
    expect(judge({ rule: 'self == "b"' }, TEXT, { v: 'a' })).toEqual(['Invalid value: "a": failed rule: self == "b"']);
  });

  test('that cannot be worked out refuses the object, not the server', () => {
    expect(judge({ rule: 'self.a == "x"' }, { type: 'object', properties: { a: TEXT } }, { v: {} })[0]).toMatch(/No such key: a/);
  });

  test('that does not compile refuses the schema', () => {
    expect(judge({ rule: 'self ==' }, TEXT, { v: 'a' })[0]).toMatch(/compilation failed/);
    expect(judge({ rule: 'unknownFunction(self)' }, TEXT, { v: 'a' })[0]).toMatch(/compilation failed/);
  });
});

test.each([
  ['namespace', '__namespace__'],
  ['a-b', 'a__dash__b'],
  ['a.b/c', 'a__dot__b__slash__c'],
  ['a__b', 'a__underscores__b'],
  ['plain', 'plain'],
])('the field %s is called %s in rules', (name, escaped) => {
  expect(escapeField(name)).toBe(escaped);
});
