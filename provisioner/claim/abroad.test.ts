/** Sources in other namespaces, with the gate on: where their grants have to lie, and how a clone at home goes on. */
import { expect, test } from 'vitest';
import type { ReferenceGrant } from '../../lib/kube/objects.ts';
import { aClaimWorld, cacheOf } from '../testing/claim-world.ts';
import { aClaim, aVolume, CLAIM_SOURCE, CLAIM_UID, SNAPSHOT_SOURCE } from '../testing/objects.ts';
import { decide } from './decide.ts';
import { gather } from './gather.ts';

const FROM = [{ group: '', kind: 'PersistentVolumeClaim', namespace: 'shop' }];

function stepOf(source: { readonly apiGroup?: string; readonly kind: string; readonly name: string }, namespace: string) {
  const world = aClaimWorld({ settings: { crossNamespace: true } });
  world.claims.set('shop/data', aClaim({ dataSourceRef: { ...source, namespace: 'vault' } }));
  const grant: ReferenceGrant = {
    metadata: { namespace, name: 'grant' },
    spec: { from: FROM, to: [{ group: source.apiGroup ?? '', kind: source.kind }] },
  };
  const state = gather({ ...world.deps, caches: { ...world.deps.caches, grants: cacheOf(new Map([['grant', grant]])) } }, CLAIM_UID);
  if (state === undefined) throw new Error('no claim');
  return JSON.stringify(decide(state), (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

const BOOK = { apiGroup: 'populators.example', kind: 'Book', name: 'b' };

test.each([
  ['snapshot', SNAPSHOT_SOURCE],
  ['claim', CLAIM_SOURCE],
  ['kind that a populator knows', BOOK],
])('a grant for a %s counts in the namespace of the source and in no other', (_, source) => {
  for (const namespace of ['shop', 'bank']) expect(stepOf(source, namespace)).toContain('no ReferenceGrant in namespace vault allows it');
  expect(stepOf(source, 'vault')).not.toContain('ReferenceGrant');
});

test.each<[string, string | undefined, Parameters<typeof aClaim>[0], string]>([
  ['of the same class and mode', 'Filesystem', {}, 'protect-claim'],
  ['of another class', 'Filesystem', { storageClassName: 'slow' }, 'protect-claim'],
  ['whose volume names no mode, by a claim that names none', undefined, {}, 'protect-claim'],
  ['of another mode', 'Block', {}, 'retry'],
])('with the gate on a clone of a claim at home %s goes on as before', (_, volumeMode, change, kind) => {
  const world = aClaimWorld({ settings: { crossNamespace: true } });
  const ref = { namespace: 'shop', name: 'original', uid: 'source-1' };
  const { volumeMode: mode = '', ...spec } = aClaim({ dataSource: CLAIM_SOURCE }).spec ?? {};
  world.claims.set('shop/data', { ...aClaim(), spec: volumeMode === undefined ? spec : { ...spec, volumeMode: mode } });
  world.claims.set('shop/original', { ...aClaim({ ...change, volumeName: 'pv-1', metadata: ref }), status: { phase: 'Bound' } });
  world.volumes.set('pv-1', aVolume({ metadata: { name: 'pv-1' }, claimRef: ref, ...(volumeMode === undefined ? {} : { volumeMode }) }));
  const state = gather(world.deps, CLAIM_UID);
  if (state === undefined) throw new Error('no claim');
  expect(decide(state).kind).toBe(kind);
});
