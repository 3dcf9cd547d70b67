import { describe, expect, test } from 'vitest';
import { GROUP_BEING_DELETED, GROUP_DELETION_SECRET_NAME, GROUP_DELETION_SECRET_NAMESPACE, MANAGED_BY_LABEL } from '../names.ts';
import {
  MADE,
  MEMBER,
  OWNED,
  OWNER_UID,
  aBoundGroup,
  aMemberContent,
  aMemberSnapshot,
  aMemberState,
  theContent,
} from '../testing/groups.ts';
import { EPOCH_NS } from '../testing/objects.ts';
import { decide } from './decide.ts';

const going = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const marked = { annotations: { [GROUP_BEING_DELETED]: 'yes' } };
const written = { snapshotHandle: 'snap-1', volumeGroupSnapshotHandle: 'group-1', creationTime: EPOCH_NS, restoreSize: 1_073_741_824n };

describe('the making of a member', () => {
  test('the VolumeSnapshot comes first, owned, protected as its policy asks, of the claim of the volume', () => {
    const step = decide(aMemberState());
    expect(step).toMatchObject({
      kind: 'post-snapshot',
      snapshot: {
        metadata: {
          name: MEMBER.snapshot,
          namespace: 'default',
          ...OWNED,
          finalizers: [
            'snapshot.storage.kubernetes.io/volumesnapshot-in-group-protection',
            'snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection',
            'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection',
          ],
        },
        spec: { source: { persistentVolumeClaimName: 'one' } },
      },
    });
    const retained = theContent({ spec: { deletionPolicy: 'Retain' }, status: MADE });
    const other = decide(aMemberState({ groupContent: retained, volume: undefined }));
    expect(other.kind === 'post-snapshot' && other.snapshot.metadata?.finalizers).toHaveLength(2);
    expect(other.kind === 'post-snapshot' && other.snapshot.spec?.source?.persistentVolumeClaimName).toBe('');
  });

  test('then the content, naming it by uid, with what the group has: handle, secret, node, policy', () => {
    const annotations = { [GROUP_DELETION_SECRET_NAME]: 'key', [GROUP_DELETION_SECRET_NAMESPACE]: 'vault' };
    const groupContent = theContent({ metadata: { annotations, labels: { [MANAGED_BY_LABEL]: 'n1' } }, status: MADE });
    expect(decide(aMemberState({ snapshot: aMemberSnapshot(), groupContent }))).toMatchObject({
      kind: 'post-content',
      content: {
        metadata: {
          name: MEMBER.content,
          labels: { [MANAGED_BY_LABEL]: 'n1' },
          finalizers: ['snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection'],
          annotations: {
            'groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle': 'group-1',
            'snapshot.storage.kubernetes.io/deletion-secret-name': 'key',
            'snapshot.storage.kubernetes.io/deletion-secret-namespace': 'vault',
          },
        },
        spec: {
          volumeSnapshotRef: { name: MEMBER.snapshot, namespace: 'default', uid: 'member-uid' },
          source: { volumeHandle: 'vol-1' },
          deletionPolicy: 'Delete',
          driver: 'mock.csi.example',
          sourceVolumeMode: 'Filesystem',
        },
      },
    });
    const without = decide(aMemberState({ snapshot: aMemberSnapshot(), keepsVolumeMode: false }));
    expect(without.kind === 'post-content' && without.content.spec).not.toHaveProperty('sourceVolumeMode');
  });

  test('then what the driver told of it; readiness and size follow, and never back', () => {
    const state = aMemberState({ snapshot: aMemberSnapshot(), content: aMemberContent() });
    expect(decide(state)).toMatchObject({
      kind: 'write-status',
      patch: { operations: [{}, {}, { op: 'add', path: '/status', value: { ...written, readyToUse: true } }] },
    });
    const content = aMemberContent({ status: { ...written, restoreSize: 0n, readyToUse: false, error: { message: 'not yet' } } });
    expect(decide({ ...state, content })).toMatchObject({
      kind: 'write-status',
      patch: {
        operations: [
          {},
          { path: '/status/restoreSize', value: 1_073_741_824n },
          { path: '/status/readyToUse', value: true },
          { op: 'remove', path: '/status/error' },
        ],
      },
    });
    expect(decide({ ...state, content: aMemberContent({ status: { ...written, readyToUse: true } }) })).toMatchObject({
      kind: 'done',
      reason: 'made',
    });
  });

  test('a VolumeSnapshot that was made again gets the content that is there', () => {
    const content = aMemberContent({ spec: { volumeSnapshotRef: { name: MEMBER.snapshot, namespace: 'default', uid: 'older' } } });
    expect(decide(aMemberState({ snapshot: aMemberSnapshot(), content }))).toMatchObject({
      kind: 'rebind-content',
      patch: { operations: [{}, { op: 'test' }, { op: 'add', path: '/spec/volumeSnapshotRef/uid', value: 'member-uid' }] },
    });
  });

  test('of a ready group, what somebody took away stays away', () => {
    const group = aBoundGroup({ status: { readyToUse: true } });
    expect(decide(aMemberState({ group }))).toMatchObject({ kind: 'done' });
    expect(decide(aMemberState({ group, snapshot: aMemberSnapshot() }))).toMatchObject({ kind: 'done' });
  });

  test('an object of somebody else under the name of a member is told by name, not taken over', () => {
    const foreign = aMemberSnapshot({ metadata: { ownerReferences: [] } });
    expect(decide(aMemberState({ snapshot: foreign }))).toMatchObject({
      kind: 'retry',
      events: [
        { reason: 'GroupSnapshotContentCreationFailed', message: expect.stringContaining(`VolumeSnapshot default/${MEMBER.snapshot}`) },
      ],
    });
    const content = aMemberContent({ spec: { source: { volumeHandle: 'vol-9' } } });
    expect(decide(aMemberState({ snapshot: aMemberSnapshot(), content }))).toMatchObject({
      kind: 'retry',
      events: [{ message: expect.stringContaining(`VolumeSnapshotContent ${MEMBER.content}`) }],
    });
  });

  test.each([
    ['the driver has told nothing', { plan: undefined }],
    ['the group is not in the cache', { membership: { name: 'group', uid: OWNER_UID, group: 'unseen' as const } }],
    ['the group is going', { membership: { name: 'group', uid: OWNER_UID, group: 'going' as const } }],
    ['the group is gone', { membership: { name: 'group', uid: OWNER_UID, group: 'gone' as const } }],
  ])('nothing is made while %s', (_, more) => {
    expect(decide(aMemberState(more))).toMatchObject({ kind: 'done' });
  });
});

describe('the end of a member', () => {
  const ends = (group: 'going' | 'gone' | 'unseen', more: Parameters<typeof aMemberState>[0] = {}) =>
    decide(aMemberState({ snapshot: aMemberSnapshot(), membership: { name: 'group', uid: OWNER_UID, group }, ...more }));

  test('comes with its group, once that waits for nothing any more', () => {
    expect(ends('going', { content: aMemberContent({ status: { ...written, readyToUse: true } }) })).toMatchObject({
      kind: 'done',
      reason: 'made',
    });
    expect(ends('going', { groupContent: theContent({ metadata: marked }) })).toMatchObject({ kind: 'delete-snapshot', uid: 'member-uid' });
    expect(ends('going', { groupContent: undefined })).toMatchObject({ kind: 'delete-snapshot' });
    expect(ends('going', { groupContent: undefined, snapshot: aMemberSnapshot({ metadata: going }) })).toMatchObject({ kind: 'done' });
  });

  test('comes when it is whole: its group may wait for what is restored from it, and that for the member', () => {
    expect(ends('going')).toMatchObject({ kind: 'post-content' });
    expect(ends('going', { content: aMemberContent() })).toMatchObject({ kind: 'write-status' });
    const groupContent = theContent({ metadata: marked, status: MADE });
    expect(ends('going', { groupContent })).toMatchObject({ kind: 'delete-snapshot' });
    expect(ends('going', { snapshot: aMemberSnapshot({ metadata: going }) })).toMatchObject({ kind: 'done' });
    expect(ends('gone', { snapshot: undefined })).toMatchObject({ kind: 'done' });
  });

  test('comes after its group, too: the group is read live first', () => {
    expect(ends('unseen')).toMatchObject({ kind: 'see-group', name: 'group' });
    expect(ends('gone')).toMatchObject({ kind: 'delete-snapshot' });
  });

  test('does not come for one that somebody else owns as well, or that nobody owns', () => {
    const shared = aMemberSnapshot({
      metadata: { ownerReferences: [...OWNED.ownerReferences, { kind: 'Backup', apiVersion: 'x/v1', name: 'b', uid: 'b' }] },
    });
    expect(ends('gone', { snapshot: shared })).toMatchObject({ kind: 'done' });
    expect(ends('gone', { snapshot: aMemberSnapshot({ metadata: { ownerReferences: [] } }) })).toMatchObject({ kind: 'done' });
  });
});
