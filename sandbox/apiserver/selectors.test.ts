import { describe, expect, test } from 'vitest';
import type { JsonObject } from './json.ts';
import { fieldPredicate, labelPredicate } from './selectors.ts';

function labelled(labels: Record<string, string>): JsonObject {
  return { metadata: { name: 'n', namespace: 's', labels } };
}

describe('a label selector', () => {
  test.each<[string, Record<string, string>, boolean]>([
    ['a=1', { a: '1' }, true],
    ['a==1', { a: '2' }, false],
    ['a!=1', {}, true],
    ['a!=1', { a: '1' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a in (1, 2)', { a: '2' }, true],
    ['a in (1,2)', {}, false],
    ['a notin (1,2)', {}, true],
    ['a notin (1,2)', { a: '1' }, false],
    ['a>5', { a: '6' }, true],
    ['a<5', { a: '6' }, false],
    ['a<5', { a: '4' }, true],
    ['a=', { a: '' }, true],
    ['a=1,b in (x,y),!c', { a: '1', b: 'y' }, true],
    ['a=1,b in (x,y),!c', { a: '1', b: 'y', c: '' }, false],
    ['example.com/part-of=x', { 'example.com/part-of': 'x' }, true],
  ])('%s on %j selects: %s', (selector, labels, selected) => {
    expect(labelPredicate(selector)?.(labelled(labels))).toBe(selected);
  });

  test.each(['a b', 'a in 1', '=x', 'a=b c', 'a in (x', '-a'])('%s is a bad request', (selector) => {
    expect(() => labelPredicate(selector)).toThrow(expect.objectContaining({ status: 400 }));
  });

  test('that is empty selects everything', () => {
    expect(labelPredicate(' ')).toBeUndefined();
  });
});

describe('a field selector', () => {
  const pod: JsonObject = { metadata: { name: 'p', namespace: 's' }, spec: { nodeName: 'n' } };

  test.each<[string, boolean]>([
    ['metadata.name=p', true],
    ['metadata.name==q', false],
    ['metadata.name!=q,metadata.namespace=s', true],
    ['spec.nodeName=n', true],
    ['spec.nodeName=', false],
  ])('%s selects: %s', (selector, selected) => {
    expect(fieldPredicate(selector, ['spec.nodeName'])?.(pod)).toBe(selected);
  });

  test('takes an absent field for an empty one', () => {
    expect(fieldPredicate('spec.nodeName=', ['spec.nodeName'])?.({ metadata: {} })).toBe(true);
  });

  test('of a field that the kind cannot be selected by is a bad request', () => {
    expect(() => fieldPredicate('spec.foo=1', ['spec.nodeName'])).toThrow(/not a known field selector/);
  });
});
