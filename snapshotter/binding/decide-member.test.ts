import { describe, expect, test } from 'vitest';
import { IN_GROUP_PROTECTION } from '../names.ts';
import type { Membership } from '../membership.ts';
import { aBindingState, bothFinalizers, deleting } from '../testing/binding-state.ts';
import { MEMBER, OWNED, OWNER_UID, RESOURCES, aMemberContent, aMemberSnapshot } from '../testing/groups.ts';
import { READY_STATUS, aPreProvisionedContent, aPreProvisionedSnapshot } from '../testing/objects.ts';
import { decide } from './decide.ts';
import type { BindingState } from './state.ts';

const finalizers = [IN_GROUP_PROTECTION, ...bothFinalizers.finalizers];

function aMember(membership: Partial<Membership>, more: Partial<BindingState> = {}): BindingState {
  return aBindingState({
    snapshot: aMemberSnapshot({ metadata: { finalizers } }),
    membership: { name: 'group', uid: OWNER_UID, proof: 'yes', group: 'there', ...membership },
    groupName: 'group',
    groupKind: RESOURCES.snapshots,
    ...more,
  });
}

describe('a member that is being made', () => {
  test('is left to its group: no content of its own is made', () => {
    expect(decide(aMember({}))).toMatchObject({ kind: 'done', reason: 'its group makes it' });
    expect(decide(aMember({}, { content: aMemberContent() }))).toMatchObject({ kind: 'done' });
  });

  test('is bound, named and ready in one write once its content says what the driver made', () => {
    expect(decide(aMember({}, { content: aMemberContent({ status: READY_STATUS }) }))).toMatchObject({
      kind: 'write-status',
      patch: {
        operations: [
          {},
          {},
          {
            value: {
              boundVolumeSnapshotContentName: MEMBER.content,
              readyToUse: true,
              volumeGroupSnapshotName: 'group',
              restoreSize: '1Gi',
            },
          },
        ],
      },
    });
  });

  test('that only says it is one is proven by a live read, or is a snapshot like any other', () => {
    const claimed = aMember({ proof: 'unseen', group: 'there' });
    expect(decide(claimed)).toMatchObject({ kind: 'confirm', needed: 'group-content', name: `groupsnapcontent-${OWNER_UID}` });
    expect(decide(aMember({ proof: 'no', group: 'there' }))).toMatchObject({
      kind: 'write-error',
      before: [{ reason: 'SetDefaultSnapshotClassFailed' }],
    });
  });

  test('that only says it is one, of a group that is gone, is made into nothing: it goes too', () => {
    expect(decide(aMember({ proof: 'no', group: 'unseen' }))).toMatchObject({ kind: 'confirm', needed: 'group', name: 'group' });
    expect(decide(aMember({ proof: 'no', group: 'gone' }))).toMatchObject({ kind: 'done' });
  });
});

describe('a member that is being deleted', () => {
  const dying = (membership: Partial<Membership>, more: Partial<BindingState> = {}) =>
    decide(aMember(membership, { snapshot: aMemberSnapshot({ metadata: { finalizers, ...deleting } }), ...more }));

  test('waits for its group, and says which', () => {
    expect(dying({})).toMatchObject({
      kind: 'retry',
      events: [{ reason: 'SnapshotDeletePending', message: expect.stringContaining('belongs to group snapshot default/group.') }],
    });
    expect(dying({ group: 'going' })).toEqual({ kind: 'done', reason: 'waits for its group to go' });
  });

  test('is made whole all the same, since its group waits for that', () => {
    const content = aMemberContent({ status: READY_STATUS });
    expect(dying({}, { content })).toMatchObject({ kind: 'write-status' });
    const status = {
      boundVolumeSnapshotContentName: MEMBER.content,
      creationTime: '2026-01-01T00:00:00Z',
      readyToUse: true,
      restoreSize: '1Gi',
      volumeGroupSnapshotName: 'group',
    };
    const snapshot = aMemberSnapshot({ metadata: { finalizers, ...deleting }, status });
    expect(dying({}, { content, snapshot, groupName: undefined })).toMatchObject({ kind: 'retry' });
  });

  test('is let go when a live read says that its group is gone: the content first, then all its finalizers', () => {
    expect(dying({ group: 'unseen' })).toMatchObject({ kind: 'confirm', needed: 'group' });
    expect(dying({ group: 'gone' }, { content: aMemberContent({ status: READY_STATUS }) })).toMatchObject({ kind: 'mark-content' });
    const released = dying({ group: 'gone' }, { confirmed: new Set(['content']) });
    expect(released.kind === 'release-snapshot' && released.patch.type === 'json' && released.patch.operations).toHaveLength(1 + 2 * 3);
  });

  test('that only says it is one waits for nobody', () => {
    expect(dying({ proof: 'no', group: 'there' }, { confirmed: new Set(['content']) })).toMatchObject({ kind: 'release-snapshot' });
  });
});

describe('a pre-provisioned member', () => {
  const status = { ...READY_STATUS, volumeGroupSnapshotHandle: 'group-1' };
  const content = aPreProvisionedContent({
    spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: aPreProvisionedSnapshot().metadata?.uid ?? '' } },
    status,
  });
  const ready = { boundVolumeSnapshotContentName: 'imported', creationTime: '2026-01-01T00:00:00Z', readyToUse: true, restoreSize: '1Gi' };

  test('learns the name of its group, also when that is bound later', () => {
    const snapshot = aPreProvisionedSnapshot({ metadata: bothFinalizers, status: ready });
    expect(decide(aBindingState({ snapshot, content, groupName: 'group', sources: [] }))).toMatchObject({
      kind: 'write-status',
      after: [],
      patch: { operations: [{}, { op: 'add', path: '/status/volumeGroupSnapshotName', value: 'group' }] },
    });
  });

  test('is then owned by the group, which is read live before: the garbage collector believes it', () => {
    const snapshot = aPreProvisionedSnapshot({ metadata: bothFinalizers, status: { ...ready, volumeGroupSnapshotName: 'group' } });
    const membership = { name: 'group', uid: undefined, proof: 'yes', group: 'there' } as const;
    const state = aBindingState({ snapshot, content, sources: [], membership, groupKind: RESOURCES.snapshots });
    expect(decide(state)).toMatchObject({ kind: 'confirm', needed: 'group', name: 'group' });
    const known = { ...state, membership: { ...membership, uid: OWNER_UID }, confirmed: new Set(['group']) };
    expect(decide(known)).toMatchObject({
      kind: 'add-owner',
      patch: { operations: [{}, { op: 'test' }, { op: 'add', path: '/metadata/ownerReferences', value: OWNED.ownerReferences }] },
    });
    const owned = aPreProvisionedSnapshot({
      metadata: { ...bothFinalizers, ...OWNED },
      status: { ...ready, volumeGroupSnapshotName: 'group' },
    });
    expect(decide({ ...known, snapshot: owned })).toMatchObject({ kind: 'done', reason: 'ready' });
  });
});
