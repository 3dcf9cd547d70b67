/** What the one loop does where its snapshot is a group. What it does alike for both is in decide.test.ts. */
import { describe, expect, test } from 'vitest';
import type { EventNote } from '../../lib/controller/step.ts';
import { CAUSE } from '../failure-note.ts';
import { CLAIM_PROTECTION, GROUP_BEING_DELETED, GROUP_BOUND_PROTECTION, GROUP_CONTENT_PROTECTION, GROUP_SECRET } from '../names.ts';
import { GROUP_CONTENT, MADE, OWNER_UID, aBoundGroup, aGroup, aGroupState, aProtected, aSource, theContent } from '../testing/groups.ts';
import { aClass } from '../testing/objects.ts';
import { decide } from './decide.ts';

const protectedSelf = { metadata: { finalizers: [GROUP_BOUND_PROTECTION] } };
const classless = aGroup();
delete classless.spec?.volumeGroupSnapshotClassName;
const both = [aProtected('one'), aProtected('two')];
const seen = new Set(['snapshot', 'selection']);
const going = { deletionTimestamp: '2026-01-01T00:01:00Z' };

/** Reasons and messages of the events of a step that reports. */
function told(state: Parameters<typeof decide>[0]): readonly string[] {
  const step = decide(state);
  const notes: readonly EventNote[] = 'before' in step ? (step.before ?? []) : 'events' in step ? (step.events ?? []) : [];
  return notes.map(({ reason, message }) => `${reason}: ${message}`);
}

describe('the way of a dynamic group', () => {
  test('its finalizer comes first and alone, whatever the policy: its members are let go before it', () => {
    for (const deletionPolicy of ['Delete', 'Retain'])
      expect(decide(aGroupState({ snapshotClass: aClass({ deletionPolicy }) }))).toMatchObject({
        kind: 'add-finalizers',
        patch: { operations: [{}, {}, { value: [GROUP_BOUND_PROTECTION] }] },
        claims: [],
      });
  });

  test('then the selector is asked live: a claim that was labelled just before belongs to the group', () => {
    const step = decide(aGroupState({ snapshot: aGroup(protectedSelf) }));
    expect(step).toMatchObject({ kind: 'confirm', needed: 'selection', name: 'app=db' });
  });

  test('then all claims are put at once, those that are protected already left alone', () => {
    const sources = [aSource('one'), aProtected('two')];
    const step = decide(aGroupState({ snapshot: aGroup(protectedSelf), sources, confirmed: seen }));
    expect(step).toMatchObject({ kind: 'protect-claim', claims: [{ metadata: { name: 'one' } }] });
    expect(step.kind === 'protect-claim' && step.claims[0]?.metadata?.finalizers).toContain(CLAIM_PROTECTION);
    const many = Array.from({ length: 40 }, () => aSource('one'));
    const first = decide(aGroupState({ snapshot: aGroup(protectedSelf), sources: many, confirmed: seen }));
    expect(first.kind === 'protect-claim' && first.claims).toHaveLength(16);
  });

  test('then the content is posted, whole: handles in the order of the claims, class, policy, driver, secret', () => {
    const parameters = { [GROUP_SECRET.name]: 'key', [GROUP_SECRET.namespace]: 'vault' };
    const snapshotClass = aClass({ metadata: { name: 'groups' }, parameters });
    const step = decide(aGroupState({ snapshot: aGroup(protectedSelf), sources: both, snapshotClass, confirmed: seen }));
    expect(step).toMatchObject({
      kind: 'create-content',
      action: 'post',
      content: {
        apiVersion: 'groupsnapshot.storage.k8s.io/v1',
        kind: 'VolumeGroupSnapshotContent',
        metadata: {
          name: GROUP_CONTENT,
          finalizers: [GROUP_CONTENT_PROTECTION],
          annotations: {
            'groupsnapshot.storage.kubernetes.io/deletion-secret-name': 'key',
            'groupsnapshot.storage.kubernetes.io/deletion-secret-namespace': 'vault',
          },
        },
        spec: {
          source: { volumeHandles: ['vol-1', 'vol-2'] },
          driver: 'mock.csi.example',
          deletionPolicy: 'Delete',
          volumeGroupSnapshotClassName: 'groups',
          volumeGroupSnapshotRef: { kind: 'VolumeGroupSnapshot', name: 'group', namespace: 'default', uid: OWNER_UID },
        },
      },
    });
  });

  test('a group is ready when its members are there, not before', () => {
    const state = aGroupState({ snapshot: aBoundGroup(), content: theContent({ status: MADE }) });
    const waiting = decide({ ...state, members: { unmade: ['default/x'], undeleted: [] } });
    expect(waiting).toMatchObject({ kind: 'write-status', after: [{ reason: 'GroupSnapshotCreated' }] });
    expect(waiting.kind === 'write-status' && waiting.backoff, 'not ahead of the moment that its members take').toBe('create-content');
    expect(decide(state)).toMatchObject({
      kind: 'write-status',
      after: [{ reason: 'GroupSnapshotCreated' }, { reason: 'GroupSnapshotReady' }],
    });
  });

  test('an error of the content is mirrored, and nothing that is written is ever taken back', () => {
    const error = { message: 'no space' };
    const failing = theContent({ status: { readyToUse: false, error } });
    const state = aGroupState({ snapshot: aBoundGroup({ status: { creationTime: '2026-01-01T00:00:00Z' } }), content: failing });
    const step = decide(state);
    expect(
      step.kind === 'write-status' && step.patch.type === 'json' && step.patch.operations.map(({ op, path }) => `${op} ${path}`),
    ).toEqual(['test /metadata/uid', 'add /status/error']);
  });

  test('a bound name that the schema lets nobody change is left', () => {
    const odd = aBoundGroup({ status: { boundVolumeGroupSnapshotContentName: 'elsewhere' } });
    expect(decide(aGroupState({ snapshot: odd, content: theContent() }))).toMatchObject({ kind: 'done' });
  });

  test('a distributed controller labels the content with a node that reaches every volume, and refuses where there is none', () => {
    const at = (name: string) => ({
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }] } },
    });
    const state = aGroupState({
      snapshot: aGroup(protectedSelf),
      settings: { preventVolumeModeConversion: true, distributedSnapshotting: true },
      nodes: [{ metadata: { name: 'n1' } }, { metadata: { name: 'n2' } }],
      confirmed: seen,
    });
    const on = (one: string, two: string) =>
      [aSource('one', { spec: at(one) }), aSource('two', { spec: at(two) })].map((source, index) => ({
        ...source,
        claim: both[index]?.claim,
      }));
    expect(decide({ ...state, sources: on('n2', 'n2') })).toMatchObject({
      action: 'post',
      content: { metadata: { labels: { 'snapshot.storage.kubernetes.io/managed-by': 'n2' } } },
    });
    expect(told({ ...state, sources: on('n1', 'n2') })).toEqual([
      expect.stringMatching(/^GroupSnapshotContentCreationFailed: .*no node reaches all volumes of the group \(pv-one, pv-two\)/),
    ]);
  });
});

describe('what stands in the way of a group is told by name, with the remedy', () => {
  const state = (more: Partial<ReturnType<typeof aGroupState>>) =>
    aGroupState({ confirmed: new Set([...seen, 'class', 'claim two', 'volume pv-two']), ...more });
  test.each([
    [
      'a selector that finds nothing',
      { sources: [] },
      [/ContentCreationFailed: .*label selector app=db for group snapshot not applied to any PVC.*label the claims/],
    ],
    [
      'an unbound claim',
      { sources: [aSource('one'), aSource('two', { claim: { status: { phase: 'Pending' } } })] },
      [/PVC two is not yet bound.*take PVC two out/],
    ],
    ['a volume that is missing', { sources: [aSource('one'), { ...aSource('two'), volume: undefined }] }, [/failed to retrieve PV pv-two/]],
    [
      'a volume of another claim',
      { sources: [aSource('one'), aSource('two', { spec: { claimRef: { name: 'x' } } })] },
      [/claim in dataSource not bound or invalid.*pv-two/],
    ],
    [
      'a volume of no CSI driver',
      { sources: [aSource('one'), aSource('two', { spec: { csi: undefined } })] },
      [
        /^CreateGroupSnapshotContentFailed: Cannot snapshot a non-CSI volume: pv-two/,
        /^GroupSnapshotContentCreationFailed: .*take PVC two out/,
      ],
    ],
    [
      'a volume of another driver than the class',
      { sources: [aSource('one'), aSource('two', { spec: { csi: { driver: 'other', volumeHandle: 'v' } } })] },
      [
        /^CreateGroupSnapshotContentFailed: Volume CSI driver \(other\) mismatch with VolumeGroupSnapshotClass \(mock\.csi\.example\) default\/group: pv-two/,
        /^GroupSnapshotContentCreationFailed: .*take PVC two out of the selection, or use a class of its driver/,
      ],
    ],
    [
      'a claim that is being deleted',
      { sources: [aSource('one'), aSource('two', { claim: { metadata: going } })] },
      [/PVC two is being deleted/],
    ],
    ['a missing class', { snapshotClass: undefined }, [/^GetGroupSnapshotClassFailed: .*"groups" not found/]],
    [
      'no default class',
      { snapshot: classless, snapshotClass: undefined },
      [/^SetDefaultGroupSnapshotClassFailed: .*cannot find default group snapshot class/],
    ],
    [
      'half a secret',
      { snapshotClass: aClass({ parameters: { [GROUP_SECRET.name]: 'key' } }) },
      [/ContentCreationFailed: .*GroupSnapshotter/],
    ],
  ])('%s', (_, more, expected) => {
    const notes = told(state(more));
    expect(notes).toHaveLength(expected.length);
    for (const [at, pattern] of expected.entries()) expect(notes[at]).toMatch(pattern);
  });

  test('nothing is told twice, and nothing polls', () => {
    const failing = state({ sources: [] });
    const step = decide(failing);
    if (step.kind !== 'write-error' || step.patch.type !== 'json') throw new Error(step.kind);
    const { value } = step.patch.operations.at(-1) ?? {};
    const snapshot = aGroup({ status: value as NonNullable<ReturnType<typeof aGroup>['status']> });
    expect(decide({ ...failing, snapshot })).toMatchObject({ kind: 'note-failure' });
    expect(CAUSE.missing.retryable).toBe(false);
  });

  test('a source that is neither or both, or a selector that is none, is invalid', () => {
    const odd = [
      {},
      { selector: {}, volumeGroupSnapshotContentName: 'x' },
      { selector: { matchExpressions: [{ key: 'a', operator: 'Near', values: ['b'] }] } },
    ];
    for (const source of odd) {
      const spec = { source, volumeGroupSnapshotClassName: 'groups' };
      expect(told(aGroupState({ snapshot: aGroup({ spec }), sources: [], selector: undefined }))).toEqual([
        'GroupSnapshotValidationError: Exactly one of Selector and VolumeGroupSnapshotContentName should be specified',
      ]);
    }
  });
});

describe('contents of groups', () => {
  const given = aGroup({ spec: { source: { volumeGroupSnapshotContentName: 'imported' } } });
  const imported = theContent({
    metadata: { name: 'imported', finalizers: [] },
    spec: {
      source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: 'group-9', volumeSnapshotHandles: ['snap-9'] } },
      volumeGroupSnapshotRef: { name: 'group', namespace: 'default' },
    },
  });

  test('a pre-provisioned one is bound by uid, class and finalizer in one write', () => {
    delete imported.spec?.volumeGroupSnapshotClassName;
    const snapshot = aGroup({
      ...protectedSelf,
      spec: { source: { volumeGroupSnapshotContentName: 'imported' }, volumeGroupSnapshotClassName: 'groups' },
    });
    expect(decide(aGroupState({ snapshot, content: imported, sources: [] }))).toMatchObject({
      kind: 'bind-content',
      patch: {
        operations: [
          { op: 'test', path: '/metadata/uid' },
          { op: 'test', path: '/spec/volumeGroupSnapshotRef' },
          { op: 'add', path: '/spec/volumeGroupSnapshotRef/uid', value: OWNER_UID },
          { op: 'add', path: '/spec/volumeGroupSnapshotClassName', value: 'groups' },
          { op: 'add', path: '/metadata/finalizers', value: [GROUP_CONTENT_PROTECTION] },
        ],
      },
    });
  });

  test.each<[string, Partial<ReturnType<typeof aGroupState>>, string]>([
    ['a pre-provisioned group finds a dynamic content', { snapshot: given, content: theContent() }, 'GroupSnapshotContentMismatch'],
    ['a dynamic group finds a pre-provisioned content', { content: imported }, 'GroupSnapshotContentMismatch'],
    [
      'a dynamic group finds a content that also names handles',
      { content: theContent({ spec: { source: { volumeHandles: ['v'], groupSnapshotHandles: {} } } }) },
      'GroupSnapshotHandleSet',
    ],
    [
      'a dynamic group finds the content of another',
      { content: theContent({ spec: { volumeGroupSnapshotRef: { name: 'group', namespace: 'default', uid: 'older' } } }) },
      'GroupSnapshotContentMisbound',
    ],
    [
      'a ready group finds a content that refers elsewhere',
      { snapshot: aBoundGroup({ status: { readyToUse: true } }), content: theContent({ spec: { volumeGroupSnapshotRef: { name: 'x' } } }) },
      'GroupSnapshotMisbound',
    ],
    [
      'a ready group has lost its content',
      { snapshot: aBoundGroup({ status: { readyToUse: true } }), confirmed: new Set(['content']) },
      'GroupSnapshotContentMissing',
    ],
    [
      'a pre-provisioned group finds none',
      { snapshot: given, sources: [], confirmed: new Set(['content']) },
      'GroupSnapshotContentMissing',
    ],
  ])('%s', (_, more, reason) => {
    expect(told(aGroupState(more))).toEqual([expect.stringMatching(new RegExp(`^${reason}: `))]);
  });
});

describe('a group that is being deleted', () => {
  const snapshot = aBoundGroup({ metadata: going });
  const marked = { annotations: { [GROUP_BEING_DELETED]: 'yes' } };
  const dying = theContent({ metadata: { ...going, ...marked }, status: MADE });

  test('waits for restores from its members, and names both', () => {
    const restores = [{ snapshot: 'default/m', claims: ['default/restored'] }];
    const state = aGroupState({ snapshot, content: theContent({ status: MADE }), restores });
    expect(told(state)).toEqual([
      'SnapshotDeletePending: Snapshot default/m belonging to VolumeGroupSnapshot default/group is being used to restore a PVC: default/restored',
    ]);
  });

  test('marks its content, deletes it by its own policy, and waits for it', () => {
    const state = aGroupState({ snapshot, content: theContent({ status: MADE }) });
    expect(decide(state)).toMatchObject({ kind: 'mark-content' });
    expect(decide({ ...state, content: theContent({ metadata: marked, status: MADE }) })).toMatchObject({ kind: 'delete-content' });
    expect(decide({ ...state, content: dying })).toMatchObject({ kind: 'done', reason: 'waits for the content to go' });
  });

  test('goes when its content is gone, or retained, and every member is deleted', () => {
    const members = { unmade: [], undeleted: ['m'] };
    const retained = theContent({ metadata: marked, spec: { deletionPolicy: 'Retain' }, status: MADE });
    const confirmed = new Set(['content']);
    for (const state of [aGroupState({ snapshot, confirmed }), aGroupState({ snapshot, content: retained })]) {
      expect(decide({ ...state, members })).toMatchObject({ kind: 'done', reason: 'waits for members to be deleted: m' });
      expect(decide(state)).toMatchObject({ kind: 'release-snapshot' });
    }
  });

  test('does not wait for a content that never got a handle', () => {
    const empty = theContent({ metadata: { ...going, ...marked } });
    expect(decide(aGroupState({ snapshot, content: empty }))).toMatchObject({ kind: 'release-snapshot' });
  });
});
