import { expect, test } from 'vitest';
import { aClaim, aClass, aVolume, CLAIM_SOURCE } from '../testing/objects.ts';
import { checkClone } from './clone.ts';
import type { CloneInput } from './clone.ts';

const GIB = 1073741824n;
const REF = { namespace: 'shop', name: 'original', uid: 'source-1' };

const source = (change: Parameters<typeof aClaim>[0] = {}, phase = 'Bound') => ({
  ...aClaim({ volumeName: 'pv-source', ...change, metadata: { ...REF, ...change.metadata } }),
  status: { phase },
});

const sourceVolume = (change: Parameters<typeof aVolume>[0] = {}) =>
  aVolume({ claimRef: REF, csi: { driver: 'mock.csi.example', volumeHandle: 'vol-source' }, ...change });

const clone = (change: Partial<CloneInput> = {}) =>
  checkClone({
    claim: aClaim({ dataSource: CLAIM_SOURCE }),
    class: aClass(),
    source: source(),
    sourceName: 'original',
    sourceVolume: sourceVolume(),
    requestedBytes: GIB,
    ...change,
  });

test('all in order: the handle of the source volume', () => {
  expect(clone()).toEqual({ kind: 'accepted', volumeHandle: 'vol-source' });
  expect(clone({ requestedBytes: 2n * GIB }).kind).toBe('accepted');
});

const withoutClass = (claim: ReturnType<typeof aClaim>) => {
  const { storageClassName: _, ...spec } = claim.spec ?? {};
  return { ...claim, spec };
};

const INVALID = 'claim in dataSource not bound or invalid (PersistentVolume pv-source ';

// The Go program's words, byte for byte.
test.each<[string, Partial<CloneInput>, string]>([
  [
    'no source',
    { source: undefined },
    'error getting PVC original (namespace "shop") from api server: persistentvolumeclaim "original" not found',
  ],
  [
    'a source that is not bound',
    { source: source({}, 'Pending') },
    'the PVC DataSource original must have a status of Bound.  Got {Pending [] map[] [] map[] map[] <nil> nil nil}',
  ],
  [
    'a source that is going',
    { source: source({ metadata: { deletionTimestamp: 'now' } }) },
    'the PVC DataSource original is currently being deleted',
  ],
  [
    'a source without a class',
    { source: { ...withoutClass(source()), status: { phase: 'Bound' } } },
    'the source PVC (original) storageclass cannot be empty',
  ],
  ['a claim without a class', { claim: withoutClass(aClaim()) }, 'the requested PVC (data) storageclass cannot be empty'],
  [
    'a claim that is too small',
    { requestedBytes: GIB - 1n },
    'error, new PVC request must be greater than or equal in size to the specified PVC data source, requested 1073741823 but source is 1073741824',
  ],
  ['a source without a volume', { source: source({ volumeName: '' }) }, 'volume name is empty in source PVC original'],
  ['a volume that is gone', { sourceVolume: undefined }, `${INVALID}is not found)`],
  ['a volume of no CSI driver', { sourceVolume: { ...sourceVolume(), spec: { claimRef: REF } } }, `${INVALID}is not a CSI volume)`],
  [
    'a volume of another driver',
    { sourceVolume: sourceVolume({ csi: { driver: 'other', volumeHandle: 'x' } }) },
    `${INVALID}belongs to driver other, the claim's class to mock.csi.example)`,
  ],
  [
    'a volume of another claim',
    { sourceVolume: sourceVolume({ claimRef: { ...REF, uid: 'other' } }) },
    `${INVALID}is bound to another claim)`,
  ],
  [
    'a volume that is not bound',
    { sourceVolume: sourceVolume({ status: { phase: 'Released' } }) },
    `${INVALID}is not Bound, its phase is Released)`,
  ],
  [
    'another volume mode',
    { sourceVolume: sourceVolume({ volumeMode: 'Block' }) },
    'the source PVC and destination PVCs must have the same volume mode for cloning.  Source is Block, but new PVC requested Filesystem',
  ],
])('refused in the words of the Go program, ours behind: %s', (_, change, message) => {
  expect(clone(change)).toEqual({ kind: 'refused', message });
});

test('a mode that is not named is Filesystem', () => {
  const { volumeMode: _, ...spec } = aClaim().spec ?? {};
  expect(clone({ claim: { ...aClaim(), spec }, sourceVolume: sourceVolume({ volumeMode: 'Filesystem' }) }).kind).toBe('accepted');
});

test('the class of the source may be another one', () => {
  expect(clone({ source: source({ storageClassName: 'slow' }) }).kind).toBe('accepted');
});

test('a source that is going waits for a clone that was begun, and takes no new one', () => {
  const going = source({ metadata: { deletionTimestamp: 'now' } });
  expect(clone({ source: going, begun: true }).kind).toBe('accepted');
  expect(clone({ source: going, begun: false }).kind).toBe('refused');
});
