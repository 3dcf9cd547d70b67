/** States of the source of a clone, one by one. */
import { expect, test } from 'vitest';
import { aClaim, aClass, aVolume, CLAIM_SOURCE, DRIVER } from '../testing/objects.ts';
import type { CloneVerdict } from './clone.ts';
import { checkClone } from './clone.ts';

const REF = { namespace: 'shop', name: 'original', uid: 'source-1' };
const MODES = { claim: 'Filesystem', source: 'Filesystem' } as const;

interface Change {
  readonly phase?: string;
  readonly volume?: Parameters<typeof aVolume>[0];
  readonly modes?: { readonly claim: string | undefined; readonly source: string | undefined };
}

function clone({ phase = 'Bound', volume = {}, modes = MODES }: Change): CloneVerdict['kind'] {
  const { volumeMode: _, ...spec } = aClaim({ dataSource: CLAIM_SOURCE }).spec ?? {};
  return checkClone({
    claim: { ...aClaim(), spec: { ...spec, ...(modes.claim === undefined ? {} : { volumeMode: modes.claim }) } },
    class: aClass(),
    source: { ...aClaim({ volumeName: 'pv-source', metadata: REF }), status: { phase } },
    sourceName: 'original',
    sourceVolume: aVolume({
      claimRef: REF,
      csi: { driver: DRIVER, volumeHandle: 'vol-source' },
      ...(modes.source === undefined ? {} : { volumeMode: modes.source }),
      ...volume,
    }),
    requestedBytes: 1n << 30n,
  }).kind;
}

test('a source that is bound, with a volume that is bound to it, is cloned', () => {
  expect(clone({})).toBe('accepted');
});

test.each(['Pending', 'Lost'])('a source claim in phase %s is not cloned', (phase) => {
  expect(clone({ phase })).toBe('refused');
});

test.each(['Released', 'Failed', 'Pending', 'Available'])('a source volume in phase %s is not cloned', (phase) => {
  expect(clone({ volume: { status: { phase } } })).toBe('refused');
});

test.each([
  ['uid', { ...REF, uid: 'other' }],
  ['namespace', { ...REF, namespace: 'bank' }],
  ['name', { ...REF, name: 'other' }],
])('a source volume that is bound to a claim of another %s is not cloned', (_, claimRef) => {
  expect(clone({ volume: { claimRef } })).toBe('refused');
});

test('a source volume that is bound to no claim is not cloned', () => {
  const { claimRef: _, ...spec } = aVolume({ csi: { driver: DRIVER, volumeHandle: 'vol-source' } }).spec ?? {};
  const verdict = checkClone({
    claim: aClaim({ dataSource: CLAIM_SOURCE }),
    class: aClass(),
    source: { ...aClaim({ volumeName: 'pv-source', metadata: REF }), status: { phase: 'Bound' } },
    sourceName: 'original',
    sourceVolume: { ...aVolume(), spec },
    requestedBytes: 1n << 30n,
  });
  expect(verdict).toMatchObject({ kind: 'refused', message: expect.stringContaining('bound to another claim') });
});

test.each([
  ['Block', 'Block', 'accepted'],
  ['Block', 'Filesystem', 'refused'],
  ['Block', undefined, 'refused'],
  ['Filesystem', 'Filesystem', 'accepted'],
  ['Filesystem', 'Block', 'refused'],
  ['Filesystem', undefined, 'accepted'],
  [undefined, undefined, 'accepted'],
])('a clone of mode %s from a source of mode %s is %s', (claim, source, verdict) => {
  expect(clone({ modes: { claim, source } })).toBe(verdict);
});
