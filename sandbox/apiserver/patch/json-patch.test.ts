import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../json.ts';
import { applyJsonPatch } from './json-patch.ts';
import { StatusError } from '../status.ts';

function apply(document: JsonObject, ...operations: JsonObject[]): Json {
  return applyJsonPatch(structuredClone(document), operations);
}

function refusal(document: JsonObject, ...operations: JsonObject[]): StatusError {
  try {
    apply(document, ...operations);
  } catch (error) {
    if (error instanceof StatusError) return error;
  }
  throw new Error('the patch was not refused');
}

describe('a JSON patch', () => {
  test('adds, removes, replaces, moves and copies members and elements', () => {
    const document = { a: { b: [1, 2] }, c: 'x' };
    expect(apply(document, { op: 'add', path: '/a/b/1', value: 9 })).toEqual({ a: { b: [1, 9, 2] }, c: 'x' });
    expect(apply(document, { op: 'add', path: '/a/b/-', value: 9 })).toEqual({ a: { b: [1, 2, 9] }, c: 'x' });
    expect(apply(document, { op: 'remove', path: '/a/b/0' })).toEqual({ a: { b: [2] }, c: 'x' });
    expect(apply(document, { op: 'replace', path: '/a/b/0', value: 7 })).toEqual({ a: { b: [7, 2] }, c: 'x' });
    expect(apply(document, { op: 'move', from: '/c', path: '/a/d' })).toEqual({ a: { b: [1, 2], d: 'x' } });
    expect(apply(document, { op: 'copy', from: '/a/b', path: '/e' })).toEqual({ ...document, e: [1, 2] });
  });

  test('names members with slashes and tildes by their escapes', () => {
    expect(apply({ 'a/b': 1, 'c~d': 2 }, { op: 'remove', path: '/a~1b' }, { op: 'replace', path: '/c~0d', value: 3 })).toEqual({
      'c~d': 3,
    });
  });

  test('replaces an absent member, as kube-apiserver does', () => {
    expect(apply({ a: {} }, { op: 'replace', path: '/a/b', value: 1 })).toEqual({ a: { b: 1 } });
  });

  test('takes an absent member for null in a test', () => {
    expect(apply({ a: 1 }, { op: 'test', path: '/b', value: null })).toEqual({ a: 1 });
    expect(refusal({ a: 1 }, { op: 'test', path: '/b', value: 1 }).status).toBe(422);
  });

  test('tests a list whole and in order', () => {
    expect(apply({ a: ['x', 'y'] }, { op: 'test', path: '/a', value: ['x', 'y'] })).toEqual({ a: ['x', 'y'] });
    expect(refusal({ a: ['x', 'y'] }, { op: 'test', path: '/a', value: ['y', 'x'] }).status).toBe(422);
  });

  test('that does not apply is Invalid without causes, however it fails', () => {
    const document = { a: 1, l: [1] };
    for (const operation of [
      { op: 'test', path: '/a', value: 2 },
      { op: 'add', path: '/finalizers/-', value: 'x' },
      { op: 'remove', path: '/b' },
      { op: 'remove', path: '/l/1' },
      { op: 'add', path: '/l/3', value: 1 },
      { op: 'add', path: '/l/x', value: 1 },
      { op: 'replace', path: '/b/c', value: 1 },
      { op: 'bogus', path: '/a' },
      { op: 'add', value: 1 },
      { op: 'add', path: '/__proto__', value: {} },
    ]) {
      const { status, body } = { status: refusal(document, operation).status, body: refusal(document, operation).body() };
      expect([operation, status, body.reason, body.details]).toEqual([operation, 422, 'Invalid', {}]);
    }
  });

  test('that is no list of operations is a bad request', () => {
    expect(() => applyJsonPatch({}, { op: 'add' })).toThrow(expect.objectContaining({ status: 400 }));
    expect(() => applyJsonPatch({}, [1])).toThrow(expect.objectContaining({ status: 400 }));
  });
});
