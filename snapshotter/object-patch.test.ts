import { expect, test } from 'vitest';
import { annotationsPatch, finalizerPatch, guardedAnnotationPatch, statusPatch } from './object-patch.ts';

const object = { metadata: { uid: 'u', resourceVersion: '7', finalizers: ['a', 'b'] } };
const uid = { op: 'test', path: '/metadata/uid', value: 'u' };

test('a list that says it all needs no patch', () => {
  expect(finalizerPatch(object, { add: ['a'] })).toBeUndefined();
  expect(finalizerPatch(object, { remove: ['c'] })).toBeUndefined();
});

test('the list is tested and replaced, removed when it becomes empty, added where there was none', () => {
  expect(finalizerPatch(object, { add: ['c'], remove: ['a'] })).toEqual({
    type: 'json',
    operations: [
      uid,
      { op: 'test', path: '/metadata/finalizers', value: ['a', 'b'] },
      { op: 'replace', path: '/metadata/finalizers', value: ['b', 'c'] },
    ],
  });
  expect(finalizerPatch(object, { remove: ['a', 'b'] })).toMatchObject({
    operations: [uid, {}, { op: 'remove', path: '/metadata/finalizers' }],
  });
  expect(finalizerPatch({ metadata: { uid: 'u' } }, { add: ['c'] })).toEqual({
    type: 'json',
    operations: [uid, { op: 'test', path: '/metadata/finalizers', value: null }, { op: 'add', path: '/metadata/finalizers', value: ['c'] }],
  });
});

test('a status is written field by field, or whole where there is none', () => {
  expect(statusPatch(object, { error: {}, kept: 1 }, { ready: true, error: null, absent: null })).toEqual({
    type: 'json',
    operations: [uid, { op: 'add', path: '/status/ready', value: true }, { op: 'remove', path: '/status/error' }],
  });
  expect(statusPatch(object, undefined, { ready: true, error: null })).toEqual({
    type: 'json',
    operations: [uid, { op: 'test', path: '/status', value: null }, { op: 'add', path: '/status', value: { ready: true } }],
  });
});

test('an annotation is set alone, and conditional where it stands in for a live read', () => {
  expect(annotationsPatch(object, { x: null })).toEqual({ type: 'merge', body: { metadata: { uid: 'u', annotations: { x: null } } } });
  expect(guardedAnnotationPatch(object, 'x', 'yes')).toEqual({
    type: 'merge',
    body: { metadata: { uid: 'u', resourceVersion: '7', annotations: { x: 'yes' } } },
  });
});
