import { expect, test } from 'vitest';
import { createClaimsInProgress } from '../intent/claims-in-progress.ts';
import { createSourceProtections } from '../source-protections.ts';
import { cacheOf } from '../testing/claim-world.ts';
import { aClaim, aSnapshot, CLAIM_UID, DRIVER, SNAPSHOT_SOURCE } from '../testing/objects.ts';
import { gather } from './gather.ts';

function usersOf(change: { readonly oneForEachNode: boolean; readonly own?: boolean }): readonly string[] | undefined {
  const protections = createSourceProtections();
  if (change.own === true) protections.own.add('shop/monday');
  const caches = {
    snapshots: cacheOf(new Map([['shop/monday', aSnapshot()]])),
    claims: cacheOf(new Map([['shop/data', aClaim({ dataSource: SNAPSHOT_SOURCE })]])),
    volumes: cacheOf(new Map()),
  };
  const accounts = { usersElsewhere: () => [] };
  const deps = { caches, progress: createClaimsInProgress(), accounts, protections, driverName: () => DRIVER };
  return gather({ ...deps, oneForEachNode: change.oneForEachNode }, 'shop/monday')?.users;
}

test('with a provisioner on every node a waiting claim keeps the snapshot: another node may be at work on it', () => {
  expect(usersOf({ oneForEachNode: true })).toEqual([CLAIM_UID]);
});

test('what this process protected it lets go as soon as its own work is over', () => {
  expect(usersOf({ oneForEachNode: true, own: true })).toEqual([]);
});

test('where one process works for all, nothing but work keeps a snapshot', () => {
  expect(usersOf({ oneForEachNode: false })).toEqual([]);
});
