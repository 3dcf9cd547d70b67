import { expect, test } from 'vitest';
import { annotationsPatch, guardedAnnotationPatch, statusPatch } from './object-patch.ts';

const object = { metadata: { uid: 'u', resourceVersion: '7', finalizers: ['a', 'b'] } };
const uid = { op: 'test', path: '/metadata/uid', value: 'u' };

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
