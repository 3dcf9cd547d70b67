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
    sourceName: 'shop/original',
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

test.each<[string, Partial<CloneInput>, string]>([
  ['no source', { source: undefined }, 'is not found'],
  ['a source that is not bound', { source: source({}, 'Pending') }, 'is not Bound'],
  ['a source that is going', { source: source({ metadata: { deletionTimestamp: 'now' } }) }, 'being deleted'],
  ['a source without a class', { source: { ...withoutClass(source()), status: { phase: 'Bound' } } }, 'has no storage class'],
  ['a claim without a class', { claim: withoutClass(aClaim()) }, 'the claim has no storage class'],
  ['a claim that is too small', { requestedBytes: GIB - 1n }, 'less than the 1073741824'],
  ['a source without a volume', { source: source({ volumeName: '' }) }, 'names no volume'],
  ['a volume that is gone', { sourceVolume: undefined }, 'is not found'],
  ['a volume of no CSI driver', { sourceVolume: { ...sourceVolume(), spec: { claimRef: REF } } }, 'not a CSI volume'],
  [
    'a volume of another driver',
    { sourceVolume: sourceVolume({ csi: { driver: 'other', volumeHandle: 'x' } }) },
    'belongs to driver other',
  ],
  ['a volume of another claim', { sourceVolume: sourceVolume({ claimRef: { ...REF, uid: 'other' } }) }, 'bound to another claim'],
  ['a volume that is not bound', { sourceVolume: sourceVolume({ status: { phase: 'Released' } }) }, 'is not Bound'],
  ['another volume mode', { sourceVolume: sourceVolume({ volumeMode: 'Block' }) }, 'keeps the volume mode'],
])('refused: %s', (_, change, words) => {
  expect(clone(change)).toMatchObject({ kind: 'refused', message: expect.stringContaining(words) });
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
