/** Where a group differs from a single snapshot: fields, names, words and members. The rules are those of decide.test.ts. */
import { describe, expect, test } from 'vitest';
import {
  CREATION_UNCERTAIN,
  GROUP_BEING_CREATED,
  GROUP_BEING_DELETED,
  GROUP_CONTENT_PROTECTION,
  GROUP_DELETION_SECRET_NAME,
  GROUP_DELETION_SECRET_NAMESPACE,
  GROUP_GET_SECRET,
  GROUP_SECRET,
} from '../names.ts';
import {
  aFoundGroup,
  aGivenGroupContent,
  aGroupClass,
  aGroupContent,
  aGroupState,
  aMember,
  GROUP_CONTENT,
  GROUP_CONTENT_NAME,
  GROUP_UID,
  MEMBER_INFOS,
  READY_GROUP_STATUS,
} from '../testing/group-content.ts';
import { EPOCH_MS, EPOCH_NS, noted } from '../testing/objects.ts';
import { CAUSE } from '../failure-note.ts';
import { readCalls } from './create-calls.ts';
import { decide } from './decide.ts';
import { describe as failureOf } from './failure.ts';

const mark = { [GROUP_BEING_CREATED]: 'yes' };
const marked = (more: Parameters<typeof aGroupContent>[0] = {}) =>
  aGroupContent({ ...more, metadata: { annotations: mark, ...more.metadata } });
const going = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const released = (more: Parameters<typeof aGroupContent>[0] = {}) =>
  aGroupContent({
    ...more,
    metadata: { ...going, ...more.metadata, annotations: { [GROUP_BEING_DELETED]: 'yes', ...more.metadata?.annotations } },
  });
const secret = { [GROUP_DELETION_SECRET_NAME]: 'key', [GROUP_DELETION_SECRET_NAMESPACE]: 'vault' };
const history = { times: 0, sinceMs: EPOCH_MS } as const;

describe('making a group', () => {
  test('the mark is saved before the call, which names the volumes and takes its name from the uid of the VolumeGroupSnapshot', () => {
    expect(decide(aGroupState())).toMatchObject({
      kind: 'create-snapshot',
      action: 'mark',
      patch: { type: 'merge', body: { metadata: { annotations: { [GROUP_BEING_CREATED]: 'yes' } } } },
    });
    expect(decide(aGroupState({ content: marked() }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'call',
      request: { sources: ['vol-1', 'vol-2'], name: `groupsnapshot-${GROUP_UID}`, parameters: {} },
      purpose: 'create',
    });
  });

  test('parameters lose the reserved keys and take the three of groups where the program is asked to', () => {
    const snapshotClass = aGroupClass({ parameters: { tier: 'gold', [GROUP_SECRET.name]: 'a', [GROUP_SECRET.namespace]: 'b' } });
    const settings = { ...aGroupState().settings, extraCreateMetadata: true };
    expect(decide(aGroupState({ content: marked(), snapshotClass, settings }))).toMatchObject({
      request: {
        parameters: {
          tier: 'gold',
          'csi.storage.k8s.io/volumegroupsnapshot/name': 'nightly',
          'csi.storage.k8s.io/volumegroupsnapshot/namespace': 'default',
          'csi.storage.k8s.io/volumegroupsnapshotcontent/name': GROUP_CONTENT_NAME,
        },
      },
    });
  });

  test('the secret is the one that the annotations of groups name', () => {
    expect(decide(aGroupState({ content: aGroupContent({ metadata: { annotations: secret } }) }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'read-secret',
      secret: { name: 'key', namespace: 'vault' },
    });
  });

  test.each([
    ['no volume', aGroupContent({ spec: { source: { volumeHandles: [] } } }), /names no volume: delete it and make it anew/],
    ['a volume twice', aGroupContent({ spec: { source: { volumeHandles: ['a', 'b', 'a'] } } }), /names volume a twice/],
    ['a volume without a handle', aGroupContent({ spec: { source: { volumeHandles: ['a', ''] } } }), /a volume without a handle/],
    ['no class', aGroupContent({ spec: { volumeGroupSnapshotClassName: '' } }), /without a group snapshot class/],
    ['no uid', aGroupContent({ spec: { volumeGroupSnapshotRef: { name: 'n', namespace: 'd' } } }), /not bound to a group snapshot/],
  ])('a content that names %s is refused before the mark, and said so', (_, content, message) => {
    expect(decide(aGroupState({ content }))).toMatchObject({
      kind: 'write-error',
      before: [
        {
          reason: 'GroupSnapshotCreationFailed',
          message: expect.stringMatching(message),
          regarding: { kind: 'VolumeGroupSnapshotContent', apiVersion: 'groupsnapshot.storage.k8s.io/v1' },
        },
      ],
    });
  });

  test('a class that is missing is named, and later attempts have the reason and words of later attempts', () => {
    const state = aGroupState({ snapshotClass: undefined });
    expect(decide(state)).toMatchObject({
      before: [{ message: expect.stringMatching(/^Failed to create group snapshot: failed to get input .*"groups\\" not found/) }],
    });
    expect(decide({ ...state, content: aGroupContent({ status: { readyToUse: false } }) })).toMatchObject({
      before: [
        {
          reason: 'GroupSnapshotContentCheckandUpdateFailed',
          message: expect.stringMatching(/^Failed to check and update group snapshot content: failed to get input/),
        },
      ],
    });
  });

  test('a ready answer is saved with handle, time and members, then the mark goes, then it rests', () => {
    expect(decide(aGroupState({ content: marked(), answer: aFoundGroup() }))).toMatchObject({
      kind: 'save-status',
      before: [],
      patch: { operations: [{ op: 'test' }, { op: 'test', path: '/status', value: null }, { op: 'add', value: READY_GROUP_STATUS }] },
    });
    const status = READY_GROUP_STATUS;
    expect(decide(aGroupState({ content: marked({ status }), answer: aFoundGroup() }))).toMatchObject({ kind: 'write-marks' });
    expect(decide(aGroupState({ content: aGroupContent({ status }), answer: aFoundGroup() }))).toMatchObject({ kind: 'done' });
  });

  test('a poll that learns nothing writes nothing', () => {
    const answer = aFoundGroup({ ready: false });
    const content = marked({ status: { ...READY_GROUP_STATUS, readyToUse: false } });
    expect(decide(aGroupState({ content, answer }))).toMatchObject({ kind: 'poll', backoff: 'create-snapshot', afterMs: 1000 });
  });

  test('a group that is called ready before its members counts as ready, which is said once', () => {
    const answer = aFoundGroup({ members: [aMember(), aMember({ volume: 'vol-2', handle: 'snap-2', ready: false })] });
    expect(decide(aGroupState({ content: marked(), answer }))).toMatchObject({
      kind: 'save-status',
      before: [
        {
          type: 'Warning',
          reason: 'GroupSnapshotMembersNotReady',
          message: expect.stringMatching(/group-1 ready, but not its members snap-2/),
        },
      ],
    });
    const [first, second] = MEMBER_INFOS;
    const list = [{ ...first }, { ...second, readyToUse: false }];
    const status = { ...READY_GROUP_STATUS, volumeSnapshotInfoList: list, creationTime: undefined as never };
    expect(decide(aGroupState({ content: marked({ status }), answer })), 'a later write').toMatchObject({
      kind: 'save-status',
      before: [],
    });
  });

  test('a creation time that cannot be stored is said under the name of groups', () => {
    const answer = aFoundGroup({ creationTime: undefined, oddTime: 253_402_300_800n });
    expect(decide(aGroupState({ content: marked(), answer, now: EPOCH_MS + 5000 }))).toMatchObject({
      before: [{ reason: 'GroupSnapshotCreationTimeInvalid' }],
      patch: { operations: [{}, {}, { value: { creationTime: '2026-01-01T00:00:05Z' } }] },
    });
  });
});

describe('a group that an administrator brought', () => {
  const content = aGivenGroupContent();

  test('is asked about by its handles, without a mark, whether the driver lists snapshots or not', () => {
    expect(
      decide(aGroupState({ content, answersQuestions: GROUP_CONTENT.answersQuestions({ controller: new Set() } as never) })),
    ).toMatchObject({
      kind: 'refresh-snapshot',
      action: 'call',
      handles: { handle: 'group-9', members: ['snap-8', 'snap-9'] },
    });
  });

  test('takes the get secret of its class, which knows the name of the content alone', () => {
    const parameters = {
      [GROUP_GET_SECRET.name]: '${volumegroupsnapshotcontent.name}',
      [GROUP_GET_SECRET.namespace]: 'vault',
    };
    expect(decide(aGroupState({ content, snapshotClass: aGroupClass({ parameters }) }))).toMatchObject({
      action: 'read-secret',
      secret: { name: 'imported-group', namespace: 'vault' },
    });
    expect(
      decide(
        aGroupState({
          content,
          snapshotClass: aGroupClass({ parameters: { ...parameters, [GROUP_GET_SECRET.namespace]: '${volumegroupsnapshot.namespace}' } }),
        }),
      ),
    ).toMatchObject({ kind: 'write-error', before: [{ reason: 'GroupSnapshotContentCheckandUpdateFailed' }] });
  });

  test('gets handle, time and readiness, but no list of members: they have contents of their own', () => {
    const answer = aFoundGroup({ effect: 'refresh-snapshot', handle: 'group-9' });
    expect(decide(aGroupState({ content, answer }))).toMatchObject({
      patch: {
        operations: [{}, {}, { value: { volumeGroupSnapshotHandle: 'group-9', creationTime: '2026-01-01T00:00:00Z', readyToUse: true } }],
      },
    });
    const step = decide(aGroupState({ content, answer }));
    expect(step.kind === 'save-status' && step.patch.type === 'json' && step.patch.operations[2]?.value).not.toHaveProperty(
      'volumeSnapshotInfoList',
    );
  });

  test('is polled with questions while it is not ready', () => {
    const status = { volumeGroupSnapshotHandle: 'group-9', readyToUse: false };
    const answer = aFoundGroup({ effect: 'refresh-snapshot', handle: 'group-9', ready: false, creationTime: undefined });
    expect(decide(aGroupState({ content: aGivenGroupContent({ status }), answer }))).toMatchObject({
      kind: 'poll',
      backoff: 'refresh-snapshot',
    });
  });

  test.each([
    ['no snapshots', [], /names no snapshot/],
    ['a snapshot twice', ['a', 'a'], /names snapshot a twice/],
  ])('that names %s is refused, and said so', (_, volumeSnapshotHandles, message) => {
    const source = { groupSnapshotHandles: { volumeGroupSnapshotHandle: 'g', volumeSnapshotHandles } };
    expect(decide(aGroupState({ content: aGivenGroupContent({ spec: { source } }) }))).toMatchObject({
      kind: 'write-error',
      before: [{ message: expect.stringMatching(message) }],
    });
  });

  test('that names no group is refused, too', () => {
    const source = { groupSnapshotHandles: { volumeGroupSnapshotHandle: '', volumeSnapshotHandles: ['a'] } };
    expect(decide(aGroupState({ content: aGivenGroupContent({ spec: { source } }) }))).toMatchObject({
      before: [{ message: expect.stringMatching(/names no group snapshot by its handle/) }],
    });
  });
});

describe('deleting a group', () => {
  const ready = { status: READY_GROUP_STATUS };
  const kindOf = (state: Parameters<typeof aGroupState>[0]): string => {
    const step = decide(aGroupState(state));
    return 'action' in step ? `${step.kind}:${step.action}` : step.kind;
  };

  test('policy × what is known: who calls DeleteVolumeGroupSnapshot, who only lets go', () => {
    expect(decide(aGroupState({ content: released(ready) }))).toMatchObject({
      kind: 'delete-snapshot',
      action: 'call',
      handles: { handle: 'group-1', members: ['snap-1', 'snap-2'] },
    });
    expect(kindOf({ content: released({ ...ready, spec: { deletionPolicy: 'Retain' } }) })).toBe('release-content');
    expect(kindOf({ content: aGroupContent({ ...ready, metadata: going }) }), 'deleted under a live group').toBe('done');
    expect(kindOf({ content: released() }), 'never sent').toBe('release-content');
    expect(kindOf({ content: aGivenGroupContent({ metadata: going }) }), 'never confirmed').toBe('release-content');
  });

  test('the members of a group that was brought are those of its source', () => {
    const status = { volumeGroupSnapshotHandle: 'group-9', readyToUse: true };
    expect(decide(aGroupState({ content: aGivenGroupContent({ metadata: going, status }) }))).toMatchObject({
      kind: 'delete-snapshot',
      handles: { handle: 'group-9', members: ['snap-8', 'snap-9'] },
    });
  });

  test('a call that may be running is repeated, and its result deleted', () => {
    const content = released({ metadata: { annotations: mark } });
    const calls = readCalls(GROUP_CONTENT, content, EPOCH_MS);
    expect(decide(aGroupState({ content, calls }))).toMatchObject({ action: 'call', purpose: 'replay' });
    expect(decide(aGroupState({ content, answer: aFoundGroup() }))).toMatchObject({ kind: 'save-status' });
    expect(kindOf({ content: released(ready), answer: aFoundGroup() })).toBe('delete-snapshot:call');
  });

  test('what an earlier call may have made is looked for, and the administrator told by the names of groups', () => {
    const content = released({ metadata: { annotations: { [CREATION_UNCERTAIN]: 'yes', ...noted(CAUSE.missing) } } });
    const calls = { kind: 'uncertain', history } as const;
    expect(decide(aGroupState({ content, calls }))).toMatchObject({ action: 'call', purpose: 'search' });
    const answer = failureOf(aGroupState({ content }), 'create-snapshot', { why: 'no luck', cause: CAUSE.missing });
    const step = decide(aGroupState({ content, calls, answer }));
    expect(step).toMatchObject({ kind: 'retry', events: [{ reason: 'GroupSnapshotCreationUncertain' }] });
    const told = 'events' in step ? (step.events?.[0]?.message ?? '') : '';
    for (const word of [
      'CreateVolumeGroupSnapshot',
      `groupsnapshot-${GROUP_UID}`,
      'volumes [vol-1 vol-2]',
      GROUP_CONTENT_PROTECTION,
      'no luck',
    ])
      expect(told).toContain(word);
  });

  test('a content that others keep loses what is no longer true, but not the names of its members', () => {
    const content = released({ ...ready, metadata: { finalizers: [GROUP_CONTENT_PROTECTION, 'example.com/x'] } });
    const step = decide(aGroupState({ content, calls: { kind: 'deleted' } }));
    expect(step).toMatchObject({
      kind: 'clear-status',
      patch: {
        operations: [
          { op: 'test' },
          ...['volumeGroupSnapshotHandle', 'readyToUse', 'creationTime'].map((field) => ({ op: 'remove', path: `/status/${field}` })),
        ],
      },
    });
  });

  test('a failure is told by an event alone, in the words of groups', () => {
    const answer = failureOf(aGroupState(), 'delete-snapshot', { why: 'no luck', cause: CAUSE.missing });
    const content = released({ ...ready, metadata: { annotations: noted(CAUSE.missing) } });
    expect(decide(aGroupState({ content, answer }))).toMatchObject({
      kind: 'retry',
      backoff: 'delete-snapshot',
      events: [{ reason: 'GroupSnapshotDeleteError', message: 'Failed to delete group snapshot: no luck' }],
    });
  });
});

test('the time of a group is cut to whole seconds, that of its members is not', () => {
  const answer = aFoundGroup({
    creationTime: EPOCH_NS + 1_999_999_999n,
    members: [aMember({ creationTime: EPOCH_NS + 1n }), aMember({ volume: 'vol-2', handle: 'snap-2' })],
  });
  expect(decide(aGroupState({ content: marked(), answer }))).toMatchObject({
    patch: {
      operations: [
        {},
        {},
        { value: { creationTime: '2026-01-01T00:00:01Z', volumeSnapshotInfoList: [{ creationTime: EPOCH_NS + 1n }, {}] } },
      ],
    },
  });
});
