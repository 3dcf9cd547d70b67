/** What a snapshot or its content lacks, one by one. */
import { expect, test } from 'vitest';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { aClaim, aClass, aContent, aSnapshot, SNAPSHOT_SOURCE } from '../testing/objects.ts';
import { checkRestore, checkSnapshot } from './restore.ts';

const restore = (snapshot: VolumeSnapshot, content: VolumeSnapshotContent) =>
  checkRestore({
    claim: aClaim({ dataSource: SNAPSHOT_SOURCE }),
    class: aClass(),
    snapshot,
    content,
    requestedBytes: 1n << 30n,
    preventModeConversion: true,
    raise: false,
  });

test('a content without a status, or without a handle in it, has nothing to restore from', () => {
  const { status: _, ...silent } = aContent();
  for (const content of [silent, { ...silent, status: {} }, { ...silent, status: { readyToUse: true } }])
    expect(restore(aSnapshot(), content)).toEqual({ kind: 'refused', message: 'snapshot handle monday is not available' });
});

test('a snapshot that does not say whether it is ready is not', () => {
  const status = { boundVolumeSnapshotContentName: 'content-1', restoreSize: '1Gi' };
  expect(restore({ ...aSnapshot(), status }, aContent())).toEqual({ kind: 'refused', message: 'snapshot monday is not Ready' });
});

test('a content that is bound to a snapshot of another name is none of this snapshot', () => {
  const content = aContent({ volumeSnapshotRef: { namespace: 'shop', name: 'tuesday', uid: 'snap-1' } });
  expect(restore(aSnapshot(), content)).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('bound to a different snapshot'),
  });
});

test('a snapshot whose status names no content is not bound', () => {
  const snapshot = { ...aSnapshot(), status: { readyToUse: true, restoreSize: '1Gi' } };
  expect(checkSnapshot(snapshot, 'monday')).toEqual({ kind: 'refused', message: 'snapshot monday not bound' });
});

test('a snapshot that is going and held by nobody is not restored', () => {
  const { finalizers: _, ...metadata } = aSnapshot().metadata ?? {};
  const going = { ...aSnapshot(), metadata: { ...metadata, deletionTimestamp: 'now' } };
  expect(checkSnapshot(going, 'monday')).toEqual({ kind: 'refused', message: 'snapshot monday is being deleted' });
});
