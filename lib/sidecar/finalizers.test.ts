import { applyPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import type { Patch } from '../kube/client.ts';
import type { PersistentVolume } from '../kube/objects.ts';
import { addFinalizers, removeFinalizers, withFinalizer, withoutFinalizer } from './finalizers.ts';

const OURS = 'ours';
const volume = (finalizers?: string[], uid = 'pv-1'): PersistentVolume => ({
  metadata: { uid, ...(finalizers === undefined ? {} : { finalizers }) },
});

/** What the patch makes of `target`; undefined where a test in it fails. */
function apply(patch: Patch | undefined, target: PersistentVolume): PersistentVolume | undefined {
  if (patch?.type !== 'json') throw new Error('no JSON patch');
  const copy = structuredClone(target);
  const operations = patch.operations.filter((operation) => !('value' in operation) || operation.value !== null);
  const problems = applyPatch(copy, operations as Parameters<typeof applyPatch>[1]);
  return problems.some((problem) => problem !== null) ? undefined : copy;
}

describe('a patch', () => {
  test('takes ours away, be it one or several, and others stay', () => {
    expect(apply(removeFinalizers(volume(['a', OURS, 'b']), [OURS]), volume(['a', OURS, 'b']))).toEqual(volume(['a', 'b']));
    expect(apply(removeFinalizers(volume([OURS]), [OURS]), volume([OURS]))).toEqual(volume([]));
    expect(apply(removeFinalizers(volume(['x', 'a', 'y', 'b']), ['x', 'y']), volume(['x', 'a', 'y', 'b']))).toEqual(volume(['a', 'b']));
  });

  test('is not disturbed by a finalizer behind ours that goes at the same moment', () => {
    expect(apply(removeFinalizers(volume([OURS, 'protection']), [OURS]), volume([OURS]))).toEqual(volume([]));
  });

  test('fails its test in another order, and on another object of the name', () => {
    const patch = removeFinalizers(volume(['a', OURS]), [OURS]);
    expect(apply(patch, volume([OURS, 'a']))).toBeUndefined();
    expect(apply(patch, volume(['a', OURS], 'other'))).toBeUndefined();
  });

  test('is not made where there is nothing to do', () => {
    expect(removeFinalizers(volume(['a']), [OURS])).toBeUndefined();
    expect(removeFinalizers(volume([]), [OURS])).toBeUndefined();
    expect(removeFinalizers(volume(), [OURS])).toBeUndefined();
    expect(addFinalizers(volume([OURS, 'b']), ['b', OURS])).toBeUndefined();
  });

  test('adds ours to a list, to an empty one and to none', () => {
    expect(apply(addFinalizers(volume(['a']), [OURS]), volume(['a']))).toEqual(volume(['a', OURS]));
    expect(apply(addFinalizers(volume(['b']), ['b', OURS, 'c']), volume(['b']))).toEqual(volume(['b', OURS, 'c']));
    expect(apply(addFinalizers(volume([]), [OURS]), volume([]))).toEqual(volume([OURS]));
    expect(apply(addFinalizers(volume(), [OURS]), volume())).toEqual(volume([OURS]));
  });

  test('that is sent twice at once adds once, and does not overwrite what came where there was none', () => {
    expect(apply(addFinalizers(volume(['a']), [OURS]), volume(['a', OURS]))).toBeUndefined();
    expect(addFinalizers(volume(), [OURS])).toMatchObject({
      operations: [{}, { op: 'test', path: '/metadata/finalizers', value: null }, {}],
    });
  });
});

test('the object of a PUT differs in the one finalizer', () => {
  expect(withFinalizer(volume(['a']), OURS)).toEqual(volume(['a', OURS]));
  expect(withFinalizer(volume(['a', OURS]), OURS)).toEqual(volume(['a', OURS]));
  expect(withFinalizer(volume(), OURS)).toEqual(volume([OURS]));
  expect(withoutFinalizer(volume(['a', OURS, 'b']), OURS)).toEqual(volume(['a', 'b']));
});
