/** What makes no member of a snapshot, and how a member gets its group as an owner beside others. */
import { expect, test } from 'vitest';
import { decide } from './binding/decide.ts';
import { GROUP_HANDLE_INDEX, MEMBER_INDEX, membershipOf } from './membership.ts';
import { aBindingState, bothFinalizers } from './testing/binding-state.ts';
import { MADE, OWNED, OWNER_UID, RESOURCES, aBoundGroup, theContent } from './testing/groups.ts';
import { READY_STATUS, SNAPSHOT_UID, aPreProvisionedContent, aPreProvisionedSnapshot, aSnapshot } from './testing/objects.ts';
import { TinyApi } from './testing/tiny-api.ts';

function stores() {
  const api = new TinyApi();
  api.put(RESOURCES.snapshots, aBoundGroup());
  api.put(RESOURCES.contents, theContent({ status: MADE }));
  return {
    groups: api.store(RESOURCES.snapshots),
    groupContents: api.store(RESOURCES.contents, [MEMBER_INDEX, GROUP_HANDLE_INDEX]),
    groupsGone: new Set<string>(),
  };
}

/** Its name has the form of a member's, so that the owner decides. */
const ownedBy = (kind: string, apiVersion: string) =>
  aSnapshot({
    metadata: { name: `snapshot-${'0'.repeat(64)}`, ownerReferences: [{ kind, apiVersion, name: 'group', uid: OWNER_UID }] },
  });

test.each([
  ['a snapshot without a status', aSnapshot()],
  ['a snapshot whose status names no group', aSnapshot({ status: { readyToUse: true } })],
  ['a snapshot whose status names a group without a name', aSnapshot({ status: { volumeGroupSnapshotName: '' } })],
  ['a snapshot owned by a Deployment', ownedBy('Deployment', 'apps/v1')],
  ['a snapshot owned by a kind of that name in another API group', ownedBy('VolumeGroupSnapshot', 'example.com/v1')],
])('%s is no member', (_, snapshot) => {
  expect(membershipOf(snapshot, stores())).toBeUndefined();
});

test('a member that others own gets the group beside them', () => {
  const other = { kind: 'Deployment', apiVersion: 'apps/v1', name: 'app', uid: 'app-uid' };
  const snapshot = aPreProvisionedSnapshot({
    metadata: { ...bothFinalizers, ownerReferences: [other] },
    status: {
      boundVolumeSnapshotContentName: 'imported',
      creationTime: '2026-01-01T00:00:00Z',
      readyToUse: true,
      restoreSize: '1Gi',
      volumeGroupSnapshotName: 'group',
    },
  });
  const content = aPreProvisionedContent({
    spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID } },
    status: { ...READY_STATUS, volumeGroupSnapshotHandle: 'group-1' },
  });
  const membership = { name: 'group', uid: OWNER_UID, proof: 'yes', group: 'there' } as const;
  const state = aBindingState({
    snapshot,
    content,
    sources: [],
    membership,
    groupKind: RESOURCES.snapshots,
    confirmed: new Set(['group']),
  });
  expect(decide(state)).toMatchObject({
    kind: 'add-owner',
    patch: { operations: [{ op: 'test' }, { op: 'add', path: '/metadata/ownerReferences/-', value: OWNED.ownerReferences[0] }] },
  });
});
