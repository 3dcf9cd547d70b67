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
    raise: false,
    ...change,
  });

test('a bound snapshot leads to its content', () => {
  expect(checkSnapshot(aSnapshot(), 'monday')).toMatchObject({ kind: 'bound', contentName: 'content-1' });
});

test('a snapshot that is missing, unbound or going is refused; one that we hold back is finished with', () => {
  const message = (snapshot: ReturnType<typeof aSnapshot> | undefined): unknown => {
    const verdict = checkSnapshot(snapshot, 'monday');
    return verdict.kind === 'refused' ? verdict.message : verdict.kind;
  };
  expect(message(undefined)).toBe(
    'error getting snapshot monday from api server: volumesnapshots.snapshot.storage.k8s.io "monday" not found',
  );
  expect(message({ metadata: { name: 'monday' } })).toBe('snapshot monday not bound');
  expect(message(aSnapshot({ metadata: { deletionTimestamp: 'now', finalizers: ['other'] } }))).toBe('snapshot monday is being deleted');
  expect(message(aSnapshot({ metadata: { deletionTimestamp: 'now' } }))).toBe('bound');
});

test('all in order: the handle of the content', () => {
  expect(restore()).toEqual({ kind: 'accepted', snapshotHandle: 'handle-1' });
});

const BOUND_ELSEWHERE = 'snapshotcontent content-1 for snapshot monday is bound to a different snapshot';

// The Go program's words, byte for byte.
test.each<[string, Partial<RestoreInput>, string]>([
  ['no content', { content: undefined }, 'error getting snapshotcontent content-1 for snapshot monday (it is not found)'],
  [
    'a content of another snapshot',
    { content: aContent({ volumeSnapshotRef: { namespace: 'shop', name: 'monday', uid: 'other' } }) },
    BOUND_ELSEWHERE,
  ],
  [
    'a content of another namespace',
    { content: aContent({ volumeSnapshotRef: { namespace: 'bank', name: 'monday', uid: 'snap-1' } }) },
    BOUND_ELSEWHERE,
  ],
  [
    'a snapshot of another driver',
    { content: aContent({ driver: 'other.example' }) },
    'snapshotcontent content-1 for snapshot monday is not handled by CSI driver of StorageClass fast ' +
      `(the snapshot belongs to driver other.example, the class to ${DRIVER})`,
  ],
  ['a snapshot that is not ready', { snapshot: aSnapshot({ readyToUse: false }) }, 'snapshot monday is not Ready'],
  ['a content without a handle', { content: aContent({ status: { snapshotHandle: '' } }) }, 'snapshot handle monday is not available'],
  [
    'a claim that is too small',
    { requestedBytes: GIB - 1n },
    'requested volume size 1073741823 is less than the size 1073741824 for the source snapshot monday',
  ],
  [
    'a claim that asks for nothing',
    { claim: aClaim({ dataSource: SNAPSHOT_SOURCE, resources: {} }), requestedBytes: 0n },
    'error getting capacity for PVC data when creating snapshot monday',
  ],
])('refused in the words of the Go program, ours behind: %s', (_, change, message) => {
  expect(restore(change)).toEqual({ kind: 'refused', message });
});

test('with --restore-size-auto-raise too little is no refusal: the size that is needed is said; other refusals stand', () => {
  const raised = { kind: 'accepted', snapshotHandle: 'handle-1', raisedTo: GIB };
  expect(restore({ raise: true, requestedBytes: 1n })).toEqual(raised);
  expect(restore({ raise: true, requestedBytes: 0n, claim: aClaim({ dataSource: SNAPSHOT_SOURCE, resources: {} }) })).toEqual(raised);
  expect(restore({ raise: true, requestedBytes: GIB })).toEqual({ kind: 'accepted', snapshotHandle: 'handle-1' });
  expect(restore({ raise: true, requestedBytes: 1n, snapshot: aSnapshot({ readyToUse: false }) }).kind).toBe('refused');
});

test('a larger claim is accepted, and so is any size where the snapshot says none', () => {
  expect(restore({ requestedBytes: 9n * GIB }).kind).toBe('accepted');
  expect(
    restore({ requestedBytes: 0n, snapshot: { ...aSnapshot(), status: { boundVolumeSnapshotContentName: 'content-1', readyToUse: true } } })
      .kind,
  ).toBe('accepted');
});

const MODE_CHANGE = 'requested volume shop/data modifies the mode of the source volume but does not have permission to do so. ';
const block = aClaim({ dataSource: SNAPSHOT_SOURCE, volumeMode: 'Block' });
const allowing = (value: string) =>
  aContent({ metadata: { annotations: { 'snapshot.storage.kubernetes.io/allow-volume-mode-change': value } } });

test.each([
  [
    'no annotation',
    aContent(),
    'snapshot.storage.kubernetes.io/allow-volume-mode-change annotation is not present on snapshotcontent content-1',
  ],
  [
    'an annotation that is no boolean',
    allowing('yes'),
    'failed to convert snapshot.storage.kubernetes.io/allow-volume-mode-change annotation value to boolean with error: strconv.ParseBool: parsing "yes": invalid syntax',
  ],
  [
    'an annotation that says no',
    allowing('false'),
    'snapshot.storage.kubernetes.io/allow-volume-mode-change is set to false on snapshotcontent content-1',
  ],
])('another volume mode with %s is refused, in either direction', (_, content, words) => {
  expect(restore({ claim: block, content })).toMatchObject({ kind: 'refused', message: `${MODE_CHANGE}${words}` });
  const filesystem = aClaim({ dataSource: SNAPSHOT_SOURCE, volumeMode: 'Filesystem' });
  const raw = { ...content, spec: { ...content.spec, sourceVolumeMode: 'Block' } };
  expect(restore({ claim: filesystem, content: raw })).toMatchObject({ kind: 'refused', message: `${MODE_CHANGE}${words}` });
});

test('another volume mode is accepted if the content allows it, if nobody knows the source mode, or if the guard is off', () => {
  expect(restore({ claim: block, content: allowing('true') }).kind).toBe('accepted');
  expect(restore({ claim: block, preventModeConversion: false }).kind).toBe('accepted');
  const { sourceVolumeMode: _, ...spec } = aContent().spec ?? {};
  expect(restore({ claim: block, content: { ...aContent(), spec } }).kind).toBe('accepted');
});
