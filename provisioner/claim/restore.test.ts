import { expect, test } from 'vitest';
import { aClaim, aClass, aContent, aSnapshot, DRIVER, SNAPSHOT_SOURCE } from '../testing/objects.ts';
import { checkRestore, checkSnapshot } from './restore.ts';
import type { RestoreInput } from './restore.ts';

const GIB = 1073741824n;
const restore = (change: Partial<RestoreInput> = {}) =>
  checkRestore({
    claim: aClaim({ dataSource: SNAPSHOT_SOURCE }),
    class: aClass(),
    snapshot: aSnapshot(),
    content: aContent(),
    requestedBytes: GIB,
    preventModeConversion: true,
    ...change,
  });

test('a bound snapshot leads to its content', () => {
  expect(checkSnapshot(aSnapshot(), 'monday')).toEqual({ kind: 'bound', contentName: 'content-1' });
});

test('a snapshot that is missing, unbound or going is refused; one that we hold back is finished with', () => {
  expect(checkSnapshot(undefined, 'monday').kind).toBe('refused');
  expect(checkSnapshot({ metadata: { name: 'monday' } }, 'monday').kind).toBe('refused');
  expect(checkSnapshot(aSnapshot({ metadata: { deletionTimestamp: 'now', finalizers: ['other'] } }), 'monday').kind).toBe('refused');
  expect(checkSnapshot(aSnapshot({ metadata: { deletionTimestamp: 'now' } }), 'monday').kind).toBe('bound');
});

test('all in order: the handle of the content', () => {
  expect(restore()).toEqual({ kind: 'accepted', snapshotHandle: 'handle-1' });
});

test.each<[string, Partial<RestoreInput>, string]>([
  ['no content', { content: undefined }, 'not found'],
  [
    'a content of another snapshot',
    { content: aContent({ volumeSnapshotRef: { namespace: 'shop', name: 'monday', uid: 'other' } }) },
    'not bound',
  ],
  [
    'a content of another namespace',
    { content: aContent({ volumeSnapshotRef: { namespace: 'bank', name: 'monday', uid: 'snap-1' } }) },
    'not bound',
  ],
  [
    'a snapshot of another driver',
    { content: aContent({ driver: 'other.example' }) },
    `driver other.example, StorageClass fast to ${DRIVER}`,
  ],
  ['a snapshot that is not ready', { snapshot: aSnapshot({ readyToUse: false }) }, 'not ready'],
  ['a content without a handle', { content: aContent({ status: { snapshotHandle: '' } }) }, 'no snapshot handle'],
  ['a claim that is too small', { requestedBytes: GIB - 1n }, 'less than the 1073741824'],
])('refused: %s', (_, change, words) => {
  expect(restore(change)).toMatchObject({ kind: 'refused', message: expect.stringContaining(words) });
});

test('a larger claim is accepted, and so is any size where the snapshot says none', () => {
  expect(restore({ requestedBytes: 9n * GIB }).kind).toBe('accepted');
  expect(
    restore({ requestedBytes: 0n, snapshot: { ...aSnapshot(), status: { boundVolumeSnapshotContentName: 'content-1', readyToUse: true } } })
      .kind,
  ).toBe('accepted');
});

const block = aClaim({ dataSource: SNAPSHOT_SOURCE, volumeMode: 'Block' });
const allowing = (value: string) =>
  aContent({ metadata: { annotations: { 'snapshot.storage.kubernetes.io/allow-volume-mode-change': value } } });

test.each([
  ['no annotation', aContent(), 'has no annotation'],
  ['an annotation that is no boolean', allowing('yes'), 'neither true nor false'],
  ['an annotation that says no', allowing('false'), 'forbids'],
])('another volume mode with %s is refused, in either direction', (_, content, words) => {
  expect(restore({ claim: block, content })).toMatchObject({ kind: 'refused', message: expect.stringContaining(words) });
  const filesystem = aClaim({ dataSource: SNAPSHOT_SOURCE, volumeMode: 'Filesystem' });
  const raw = { ...content, spec: { ...content.spec, sourceVolumeMode: 'Block' } };
  expect(restore({ claim: filesystem, content: raw })).toMatchObject({ kind: 'refused', message: expect.stringContaining(words) });
});

test('another volume mode is accepted if the content allows it, if nobody knows the source mode, or if the guard is off', () => {
  expect(restore({ claim: block, content: allowing('true') }).kind).toBe('accepted');
  expect(restore({ claim: block, preventModeConversion: false }).kind).toBe('accepted');
  const { sourceVolumeMode: _, ...spec } = aContent().spec ?? {};
  expect(restore({ claim: block, content: { ...aContent(), spec } }).kind).toBe('accepted');
});
