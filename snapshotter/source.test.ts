import { expect, test } from 'vitest';
import { CONTENT_NAME, aPreProvisionedSnapshot, aReadySnapshot, aSnapshot } from './testing/objects.ts';
import { contentNames as namesOf, expectedContentName as nameOf } from './kinds/accessors.ts';
import { SINGLE } from './kinds/single-kind.ts';
import type { VolumeSnapshot } from '../lib/kube/objects.ts';
import { sourceOf } from './source.ts';

const contentNames = (snapshot: VolumeSnapshot) => namesOf(SINGLE, snapshot);
const expectedContentName = (snapshot: VolumeSnapshot) => nameOf(SINGLE, snapshot);

const going = { deletionTimestamp: '2026-01-01T00:01:00Z' };

test('the name of a dynamic content comes from the uid, of a pre-provisioned one from the spec', () => {
  expect(expectedContentName(aSnapshot())).toBe(CONTENT_NAME);
  expect(expectedContentName(aPreProvisionedSnapshot())).toBe('imported');
  expect(expectedContentName(aSnapshot({ metadata: { uid: '' } }))).toBeUndefined();
});

test('a bound name counts for what is ready or going, and not before', () => {
  const elsewhere = { boundVolumeSnapshotContentName: 'elsewhere' };
  expect(contentNames(aReadySnapshot({ status: elsewhere }))).toEqual(['elsewhere', CONTENT_NAME]);
  expect(contentNames(aSnapshot({ metadata: going, status: elsewhere }))).toEqual(['elsewhere', CONTENT_NAME]);
  expect(contentNames(aSnapshot({ status: elsewhere }))).toEqual([CONTENT_NAME]);
});

test('an empty source is as absent as none', () => {
  expect(sourceOf(aSnapshot({ spec: { source: { persistentVolumeClaimName: '', volumeSnapshotContentName: 'c' } } }))).toEqual({
    kind: 'content',
    contentName: 'c',
  });
  expect(sourceOf(aSnapshot({ spec: { source: { persistentVolumeClaimName: '' } } }))).toEqual({ kind: 'invalid' });
});
