import { expect, test } from 'vitest';
import { SINGLE } from './kinds/single-kind.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import { statusCopy as copyOf } from './snapshot-status.ts';
import { CONTENT_NAME, READY_STATUS, aContent, aReadySnapshot, aSnapshot } from './testing/objects.ts';

const statusCopy = (snapshot: VolumeSnapshot, content: VolumeSnapshotContent) => copyOf({ kind: SINGLE, snapshot, content });
const bound = { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false };

test('a content without a status gives the name only', () => {
  expect(statusCopy(aSnapshot(), aContent())).toEqual({
    changes: { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false },
    nameOnly: true,
    created: false,
    ready: false,
  });
});

test('what is copied already is not copied again', () => {
  expect(statusCopy(aReadySnapshot(), aContent({ status: READY_STATUS }))).toBeUndefined();
  expect(statusCopy(aSnapshot({ status: bound }), aContent())).toBeUndefined();
});

test('a wrong bound name or time, left by a late write, heals', () => {
  const wrong = aSnapshot({
    status: { boundVolumeSnapshotContentName: 'snapcontent-older', creationTime: '2020-01-01T00:00:00Z', readyToUse: false },
  });
  expect(statusCopy(wrong, aContent({ status: { ...READY_STATUS, readyToUse: false } }))?.changes).toEqual({
    boundVolumeSnapshotContentName: CONTENT_NAME,
    creationTime: '2026-01-01T00:00:00Z',
    restoreSize: '1Gi',
  });
});

test('a size of zero is replaced, another one is kept', () => {
  const sized = (restoreSize: string | number) =>
    statusCopy(
      aSnapshot({ status: { ...bound, creationTime: '2026-01-01T00:00:00Z', restoreSize } }),
      aContent({ status: { ...READY_STATUS, readyToUse: false } }),
    );
  expect(sized('0')?.changes).toEqual({ restoreSize: '1Gi' });
  expect(sized('5Gi')).toBeUndefined();
});

test('readiness takes the error away, and errors are compared by their words', () => {
  const failing = (time: string) => aSnapshot({ status: { ...bound, error: { time, message: 'x' } } });
  expect(statusCopy(failing('2026-01-01T00:00:00Z'), aContent({ status: READY_STATUS }))?.changes).toMatchObject({
    readyToUse: true,
    error: null,
  });
  expect(
    statusCopy(
      failing('2020-01-01T00:00:00Z'),
      aContent({ status: { readyToUse: false, error: { time: '2026-01-01T00:00:00Z', message: 'x' } } }),
    ),
  ).toBeUndefined();
  expect(
    statusCopy(failing('2020-01-01T00:00:00Z'), aContent({ status: { readyToUse: false, error: { message: 'y' } } }))?.changes,
  ).toEqual({ error: { message: 'y' } });
});

test('a ready snapshot is shown no error, whatever its content says beside ready', () => {
  const content = aContent({ status: { ...READY_STATUS, error: { message: 'x' } } });
  expect(statusCopy(aSnapshot({ status: bound }), content)?.changes).not.toHaveProperty('error');
  expect(statusCopy(aReadySnapshot(), content)).toBeUndefined();
});

test('an error without a message is an error all the same', () => {
  expect(statusCopy(aSnapshot({ status: bound }), aContent({ status: { readyToUse: false, error: {} } }))?.changes).toEqual({ error: {} });
});

test('a time beyond every calendar is left out', () => {
  expect(statusCopy(aSnapshot({ status: bound }), aContent({ status: { creationTime: 2n ** 90n, readyToUse: false } }))).toBeUndefined();
});
