import { applyPatch } from 'rfc6902';
import { expect, test } from 'vitest';
import type { Patch } from '../../lib/kube/client.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { addFinalizer, removeFinalizer } from './finalizer-patch.ts';

const OURS = 'ours';
const volume = (finalizers?: string[], uid = 'pv-1'): PersistentVolume => ({
  metadata: { uid, ...(finalizers === undefined ? {} : { finalizers }) },
});

/** What the patch makes of `target`; undefined where a test in it fails. */
function apply(patch: Patch | undefined, target: PersistentVolume): PersistentVolume | undefined {
  if (patch?.type !== 'json') throw new Error('no JSON patch');
  const copy = structuredClone(target);
  const problems = applyPatch(copy, [...patch.operations] as Parameters<typeof applyPatch>[1]);
  return problems.some((problem) => problem !== null) ? undefined : copy;
}

test('ours goes, others stay', () => {
  expect(apply(removeFinalizer(volume(['a', OURS, 'b']), OURS), volume(['a', OURS, 'b']))).toEqual(volume(['a', 'b']));
});

test('a finalizer behind ours that goes at the same moment does not disturb', () => {
  expect(apply(removeFinalizer(volume([OURS, 'protection']), OURS), volume([OURS]))).toEqual(volume([]));
});

test('another order, or another object of the name, is a failed test', () => {
  const patch = removeFinalizer(volume(['a', OURS]), OURS);
  expect(apply(patch, volume([OURS, 'a']))).toBeUndefined();
  expect(apply(patch, volume(['a', OURS], 'other'))).toBeUndefined();
});

test('what is not there is not removed, what is there is not added', () => {
  expect(removeFinalizer(volume(['a']), OURS)).toBeUndefined();
  expect(removeFinalizer(volume(), OURS)).toBeUndefined();
  expect(addFinalizer(volume([OURS]), OURS)).toBeUndefined();
});

test('ours is added to a list, to an empty one and to none', () => {
  expect(apply(addFinalizer(volume(['a']), OURS), volume(['a']))).toEqual(volume(['a', OURS]));
  expect(apply(addFinalizer(volume([]), OURS), volume([]))).toEqual(volume([OURS]));
  expect(apply(addFinalizer(volume(), OURS), volume())).toEqual(volume([OURS]));
});

test('added twice at once it comes once', () => {
  expect(apply(addFinalizer(volume(['a']), OURS), volume(['a', OURS]))).toBeUndefined();
});
