/** Grants for sources of each kind that may lie in another namespace; the source is `vault/monday`, the claim lies in `shop`. */
import { describe, expect, test } from 'vitest';
import type { ReferenceGrant } from '../../lib/kube/objects.ts';
import { aClaim } from '../testing/objects.ts';
import { dataSourceOf, grantProblem, isSource } from './data-source.ts';

const FROM = { group: '', kind: 'PersistentVolumeClaim', namespace: 'shop' };
const CLAIMS = { group: '', kind: 'PersistentVolumeClaim' };
const SNAPSHOTS = { group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' };

function isAllowed(source: { readonly apiGroup?: string; readonly kind: string }, grants: readonly ReferenceGrant[]): boolean {
  const claim = aClaim({ dataSourceRef: { ...source, name: 'monday', namespace: 'vault' } });
  const found = dataSourceOf(claim, { crossNamespace: true });
  if (!isSource(found)) throw new Error(found.kind);
  return grantProblem(found, claim, grants) === undefined;
}

describe.each([
  ['a claim', { apiGroup: '', kind: 'PersistentVolumeClaim' }, CLAIMS, SNAPSHOTS],
  ['a claim without a group', { kind: 'PersistentVolumeClaim' }, CLAIMS, SNAPSHOTS],
  ['a snapshot', { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' }, SNAPSHOTS, CLAIMS],
])('%s of another namespace', (_, source, to, other) => {
  const given = (spec: ReferenceGrant['spec']): boolean => isAllowed(source, [{ spec: spec ?? {} }]);

  test('may be used where all of its kind may', () => {
    expect(given({ from: [FROM], to: [to] })).toBe(true);
  });

  test('may be used where it is named, or where the name is empty', () => {
    expect(given({ from: [FROM], to: [{ ...to, name: 'monday' }] })).toBe(true);
    expect(given({ from: [FROM], to: [{ ...to, name: '' }] })).toBe(true);
  });

  test('may not be used without a grant', () => {
    expect(isAllowed(source, [])).toBe(false);
  });

  test.each([
    ['another group of asker', { ...FROM, group: 'wrong.example' }],
    ['another kind of asker', { ...FROM, kind: 'Pod' }],
    ['askers of another namespace', { ...FROM, namespace: 'bank' }],
  ])('may not be used where the grant is for %s', (_name, from) => {
    expect(given({ from: [from], to: [to] })).toBe(false);
  });

  test.each([
    ['another group', { ...to, group: 'wrong.example' }],
    ['another kind', { ...to, kind: 'Pod' }],
    ['another name', { ...to, name: 'tuesday' }],
    ['the other kind of source', other],
  ])('may not be used where the grant is of %s', (_name, of) => {
    expect(given({ from: [FROM], to: [of] })).toBe(false);
  });

  test('may not be used where the grant lists no asker, no object, or neither', () => {
    expect(given({ from: [], to: [to] })).toBe(false);
    expect(given({ from: [FROM], to: [] })).toBe(false);
    expect(given({ from: [], to: [] })).toBe(false);
  });
});

test('a reference without a namespace is one within the namespace of the claim, and needs no grant', () => {
  for (const source of [{ apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' }, { kind: 'PersistentVolumeClaim' }]) {
    const claim = aClaim({ dataSourceRef: { ...source, name: 'monday' } });
    const found = dataSourceOf(claim, { crossNamespace: true });
    expect(found).toMatchObject({ namespace: 'shop', crosses: false });
    expect(isSource(found) && grantProblem(found, claim, [])).toBeUndefined();
  }
});

test('a claim of another namespace needs the gate, one that names its own namespace needs neither gate nor grant', () => {
  const source = { kind: 'PersistentVolumeClaim', name: 'monday' };
  const abroad = aClaim({ dataSourceRef: { ...source, namespace: 'vault' } });
  expect(dataSourceOf(abroad, { crossNamespace: false }).kind).toBe('invalid');
  const home = aClaim({ dataSourceRef: { ...source, namespace: 'shop' } });
  const found = dataSourceOf(home, { crossNamespace: true });
  expect(found).toMatchObject({ kind: 'claim', namespace: 'shop', crosses: false });
  expect(isSource(found) && grantProblem(found, home, [])).toBeUndefined();
});
