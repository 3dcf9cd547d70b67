import { describe, expect, test } from 'vitest';
import type { VolumeGroupSnapshot, VolumeGroupSnapshotContent } from '../lib/kube/objects.ts';
import { GROUP_HANDLE_INDEX, MEMBER_INDEX, membershipOf, plannedMembers } from './membership.ts';
import { MADE, MEMBER, MEMBER_KEY, OWNED, OWNER_UID, RESOURCES, aBoundGroup, aMemberSnapshot, theContent } from './testing/groups.ts';
import { aSnapshot } from './testing/objects.ts';
import { TinyApi } from './testing/tiny-api.ts';

function stores(groups: readonly VolumeGroupSnapshot[], contents: readonly VolumeGroupSnapshotContent[], gone: readonly string[] = []) {
  const api = new TinyApi();
  for (const group of groups) api.put(RESOURCES.snapshots, group);
  for (const content of contents) api.put(RESOURCES.contents, content);
  return {
    groups: api.store(RESOURCES.snapshots),
    groupContents: api.store(RESOURCES.contents, [MEMBER_INDEX, GROUP_HANDLE_INDEX]),
    groupsGone: new Set(gone),
  };
}

const there = stores([aBoundGroup()], [theContent({ status: MADE })]);

describe('a snapshot belongs to a group', () => {
  test('if a content of that group names the volume that its name is made of, whoever owns it', () => {
    const bare = aMemberSnapshot({ metadata: { ownerReferences: [] } });
    expect(membershipOf(bare, there)).toEqual({ name: 'group', uid: OWNER_UID, proof: 'yes', group: 'there' });
  });

  test('if its status says so', () => {
    const given = aSnapshot({ status: { volumeGroupSnapshotName: 'group' } });
    expect(membershipOf(given, there)).toEqual({ name: 'group', uid: undefined, proof: 'yes', group: 'there' });
    expect(membershipOf(given, stores([], []))).toMatchObject({ proof: 'yes', group: 'unseen' });
    expect(membershipOf(given, undefined)).toMatchObject({ proof: 'yes', group: 'unserved' });
  });

  test('of one uid, not of the next of that name', () => {
    const member = aMemberSnapshot({ status: { volumeGroupSnapshotName: 'group' } });
    const next = aBoundGroup({ metadata: { uid: 'the-next-one' } });
    expect(membershipOf(member, stores([next], []))).toMatchObject({ uid: OWNER_UID, group: 'unseen' });
    expect(membershipOf(member, stores([next], [], [OWNER_UID]))).toMatchObject({ group: 'gone' });
    expect(membershipOf(member, stores([aBoundGroup({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })], []))).toMatchObject({
      group: 'going',
    });
  });
});

describe('what users may write proves nothing', () => {
  test.each([
    ['the finalizer of members', { finalizers: ['snapshot.storage.kubernetes.io/volumesnapshot-in-group-protection'] }],
    ['an owner', OWNED],
    [
      'an owner of an older version',
      { ownerReferences: [{ ...OWNED.ownerReferences[0], apiVersion: 'groupsnapshot.storage.k8s.io/v1beta1' }] },
    ],
  ])('%s makes no member of a snapshot of another name', (_, metadata) => {
    expect(membershipOf(aSnapshot({ metadata }), there)).toBeUndefined();
  });

  test('an owner and a name of the right form are a claim: the content of the group proves it, or disproves it', () => {
    const forged = aMemberSnapshot({ metadata: { name: `snapshot-${'0'.repeat(64)}` } });
    expect(membershipOf(forged, there)).toMatchObject({ proof: 'no', group: 'there' });
    expect(membershipOf(aMemberSnapshot(), stores([], []))).toMatchObject({ proof: 'unseen', group: 'unseen' });
    expect(membershipOf(forged, undefined)).toBeUndefined();
  });
});

describe('the plan of a group', () => {
  test('is what the driver told of the volumes that it was asked for, each once', () => {
    expect(plannedMembers(theContent())).toEqual([]);
    const [first, second, ...more] = plannedMembers(theContent({ status: MADE }));
    expect(first).toMatchObject({
      key: MEMBER_KEY,
      contentName: MEMBER.content,
      volumeHandle: 'vol-1',
      info: { snapshotHandle: 'snap-1' },
    });
    expect([second?.volumeHandle, more]).toEqual(['vol-2', []]);
  });

  test.each([
    ['a foreign volume', [{ volumeHandle: 'vol-9', snapshotHandle: 'snap-9' }]],
    ['a volume without a snapshot', [{ volumeHandle: 'vol-1' }]],
    ['a snapshot without a volume', [{ snapshotHandle: 'snap-1' }]],
    ['what is no entry', [null]],
    ['what is no list', 'odd'],
  ])('leaves out %s', (_, list) => {
    const status = { ...MADE, volumeSnapshotInfoList: list } as unknown as NonNullable<VolumeGroupSnapshotContent['status']>;
    expect(plannedMembers(theContent({ status }))).toEqual([]);
  });

  test('takes the first of two entries for one volume, and none before the group has a handle', () => {
    const twice = [...(MADE.volumeSnapshotInfoList ?? []), { volumeHandle: 'vol-1', snapshotHandle: 'snap-7' }];
    expect(
      plannedMembers(theContent({ status: { ...MADE, volumeSnapshotInfoList: twice } })).map(({ info }) => info.snapshotHandle),
    ).toEqual(['snap-1', 'snap-2']);
    const { volumeSnapshotInfoList = [] } = MADE;
    expect(plannedMembers(theContent({ status: { volumeSnapshotInfoList } }))).toEqual([]);
  });
});
