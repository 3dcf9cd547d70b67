import { expect, test } from 'vitest';
import type { PersistentVolumeClaim, ReferenceGrant } from '../../lib/kube/objects.ts';
import { createClaimsInProgress } from '../intent/claims-in-progress.ts';
import { createSourceProtections } from '../source-protections.ts';
import { cacheOf } from '../testing/claim-world.ts';
import { aClaim, aSnapshot, CLAIM_UID, DRIVER, SNAPSHOT_SOURCE } from '../testing/objects.ts';
import { gather } from './gather.ts';

function usersOf(claim: PersistentVolumeClaim | undefined, grants?: readonly ReferenceGrant[]): readonly string[] | undefined {
  const caches = {
    snapshots: cacheOf(new Map([['shop/monday', aSnapshot()]])),
    claims: cacheOf(new Map(claim === undefined ? [] : [['shop/data', claim]])),
    volumes: cacheOf(new Map()),
    grants: grants === undefined ? undefined : cacheOf(new Map(grants.map((grant, at) => [`shop/${at}`, grant]))),
  };
  const accounts = { usersElsewhere: () => [] };
  const deps = { caches, progress: createClaimsInProgress(), accounts, protections: createSourceProtections(), driverName: () => DRIVER };
  return gather(deps, 'shop/monday')?.users;
}

test('a claim that waits for its turn keeps the snapshot that it is to be filled from', () => {
  expect(usersOf(aClaim({ dataSource: SNAPSHOT_SOURCE }))).toEqual([CLAIM_UID]);
});

test('so does one that names it in dataSourceRef alone', () => {
  expect(usersOf(aClaim({ dataSourceRef: SNAPSHOT_SOURCE }))).toEqual([CLAIM_UID]);
});

test('nothing keeps a snapshot that no claim names', () => {
  expect(usersOf(aClaim({}))).toEqual([]);
  expect(usersOf(undefined)).toEqual([]);
});

test('a claim of another namespace keeps it with a grant only: else any tenant could hold a snapshot of any other', () => {
  const dataSourceRef = { ...SNAPSHOT_SOURCE, namespace: 'shop' };
  const foreign = aClaim({ metadata: { namespace: 'elsewhere' }, dataSourceRef });
  const grant: ReferenceGrant = {
    metadata: { namespace: 'shop', name: '0' },
    spec: {
      from: [{ group: '', kind: 'PersistentVolumeClaim', namespace: 'elsewhere' }],
      to: [{ group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' }],
    },
  };
  expect(usersOf(foreign)).toEqual([]);
  expect(usersOf(foreign, [])).toEqual([]);
  expect(usersOf(foreign, [grant])).toEqual([CLAIM_UID]);
});
