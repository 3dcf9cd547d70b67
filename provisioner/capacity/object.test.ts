import { expect, test } from 'vitest';
import type { CsiStorageCapacity, OwnerReference } from '../../lib/kube/objects.ts';
import { newObject, updated } from './object.ts';
import { aCapacity, OWNER, PUBLISHING, WANTED } from './testing/objects.ts';

const GIB = 1n << 30n;
const room = { available: GIB, largest: undefined };
const make = (change: Partial<Parameters<typeof newObject>[1]> = {}) =>
  newObject(PUBLISHING, { item: 'fast {"zone":"a"}', wanted: WANTED, room, nameTaken: false, ...change });

test('a new object says class, segment, room, whose it is and who owns it', () => {
  expect(make({ room: { available: GIB, largest: GIB / 2n } })).toEqual({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIStorageCapacity',
    metadata: {
      name: 'csisc-722b0eade37de085ff6c45ec2f3fbf90',
      namespace: 'storage',
      labels: { 'csi.storage.k8s.io/drivername': 'mock.csi.example', 'csi.storage.k8s.io/managed-by': 'external-provisioner' },
      ownerReferences: [OWNER],
    },
    storageClassName: 'fast',
    nodeTopology: { matchLabels: { zone: 'a' } },
    capacity: '1Gi',
    maximumVolumeSize: '512Mi',
  });
});

test('no room at all is said, and so is the largest number of bytes there can be', () => {
  expect(make({ room: { available: 0n, largest: 0n } })).toMatchObject({ capacity: '0', maximumVolumeSize: '0' });
  expect(make({ room: { available: 2n ** 63n - 1n, largest: undefined } }).capacity).toBe('9223372036854775807');
});

test('a segment without labels selects every node', () => {
  expect(make({ wanted: { ...WANTED, segment: {} } }).nodeTopology).toEqual({});
});

test('without an owner no object has one', () => {
  expect(
    newObject({ ...PUBLISHING, owner: undefined }, { item: 'x {}', wanted: WANTED, room, nameTaken: false }).metadata,
  ).not.toHaveProperty('ownerReferences');
});

test('where the name is taken the server makes one up', () => {
  expect(make({ nameTaken: true }).metadata).toMatchObject({ generateName: 'csisc-' });
  expect(make({ nameTaken: true }).metadata).not.toHaveProperty('name');
});

test.each<[string, CsiStorageCapacity]>([
  ['the same room', aCapacity()],
  ['the same room in another notation', aCapacity({ capacity: '1024Mi' })],
  ['the same room in bytes', aCapacity({ capacity: 1_073_741_824 })],
])('%s is not written again', (_, object) => {
  expect(updated(object, room, OWNER)).toBeUndefined();
});

test.each<[string, Parameters<typeof updated>[1], object]>([
  ['more room', { available: 2n * GIB, largest: undefined }, { capacity: '2Gi' }],
  ['none', { available: 0n, largest: undefined }, { capacity: '0' }],
  ['a limit that was not there', { available: GIB, largest: GIB }, { capacity: '1Gi', maximumVolumeSize: '1Gi' }],
])('%s is written, and the rest of the object stays', (_, now, expected) => {
  const object = { ...aCapacity(), note: 'of somebody else' };
  expect(updated(object, now, OWNER)).toEqual({ ...object, ...expected });
});

test('a limit that is no longer said goes', () => {
  expect(updated(aCapacity({ maximumVolumeSize: '1Gi' }), room, OWNER)).toEqual(aCapacity());
});

const ownersAfter = (owners: OwnerReference[], owner: OwnerReference | undefined): readonly OwnerReference[] | undefined =>
  updated(aCapacity({ metadata: { ownerReferences: owners } }), room, owner)?.metadata?.ownerReferences;

test('our owner joins the others, and the one controller is ours', () => {
  const earlier = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'csi-1', uid: 'rs-1', controller: true };
  const friend = { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'cm-1' };
  expect(ownersAfter([earlier, friend], OWNER)).toEqual([{ ...earlier, controller: false }, friend, OWNER]);
  expect(ownersAfter([], OWNER)).toEqual([OWNER]);
});

test('our owner without the mark of a controller gets it, once', () => {
  expect(ownersAfter([{ ...OWNER, controller: false }], OWNER)).toEqual([OWNER]);
});

test('where nobody is to own them, owners stay as they are', () => {
  expect(ownersAfter([{ ...OWNER, uid: 'gone' }], undefined)).toBeUndefined();
});
