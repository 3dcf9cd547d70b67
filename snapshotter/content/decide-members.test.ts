/** Members of a group: made and deleted with it, looked at one by one. */
import { describe, expect, test } from 'vitest';
import {
  BEING_CREATED,
  BEING_DELETED,
  CONTENT_PROTECTION,
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  GROUP_HANDLE,
} from '../names.ts';
import { aContentState } from '../testing/content-state.ts';
import { aContent, aPreProvisionedContent, EPOCH_MS, EPOCH_NS } from '../testing/objects.ts';
import { decide } from './decide.ts';
import type { ContentState } from './state.ts';

const annotated = { [GROUP_HANDLE]: 'group-1' };
const secret = { [DELETION_SECRET_NAME]: 'key', [DELETION_SECRET_NAMESPACE]: 'vault' };
const confirmed = { snapshotHandle: 'snap-1', volumeGroupSnapshotHandle: 'group-1', creationTime: EPOCH_NS, readyToUse: false };
const going = { deletionTimestamp: '2026-01-01T00:01:00Z' };
/** As the controller posts it, and as it then writes its status: without a class. */
const member = (more: Parameters<typeof aContent>[0] = {}) =>
  aContent({
    ...more,
    metadata: { ...more.metadata, annotations: { ...annotated, ...more.metadata?.annotations } },
    spec: { volumeSnapshotClassName: '', ...more.spec },
  });
const of = (more: Partial<ContentState>): ContentState => aContentState({ snapshotClass: undefined, ...more });

describe('a member of a group', () => {
  test('is never made by a call of its own, whether an annotation or its status says so', () => {
    expect(decide(of({ content: member() }))).toMatchObject({ kind: 'done', reason: 'waits for its group' });
    expect(decide(of({ content: member({ status: { error: { message: 'x' } } }) }))).toMatchObject({ kind: 'done' });
    expect(decide(of({ content: aContent({ status: { volumeGroupSnapshotHandle: 'group-1' } }) }))).toMatchObject({ kind: 'done' });
  });

  test('is asked about by its handle until it is ready, with the secret of its annotations', () => {
    const content = member({ status: confirmed });
    expect(decide(of({ content }))).toMatchObject({ kind: 'refresh-snapshot', action: 'call', handles: { handle: 'snap-1' } });
    const secretive = member({ status: confirmed, metadata: { annotations: secret } });
    expect(decide(of({ content: secretive }))).toMatchObject({
      kind: 'refresh-snapshot',
      action: 'read-secret',
      secret: { name: 'key', namespace: 'vault' },
    });
    const values = { of: { name: 'key', namespace: 'vault' }, reveal: () => ({}) };
    expect(decide(of({ content: secretive, secret: values }))).toMatchObject({ kind: 'refresh-snapshot', action: 'call' });
    expect(decide(of({ content: member({ status: { ...confirmed, readyToUse: true } }) }))).toMatchObject({
      kind: 'done',
      reason: 'ready',
    });
  });

  test('learns its readiness and size, and keeps its group', () => {
    const answer = {
      kind: 'snapshot',
      effect: 'refresh-snapshot',
      handle: 'snap-1',
      creationTime: 7n,
      sizeBytes: 5n,
      ready: true,
      groupHandle: 'another',
    } as const;
    expect(decide(of({ content: member({ status: confirmed }), answer }))).toMatchObject({
      kind: 'save-status',
      patch: {
        operations: [
          { op: 'test' },
          { op: 'add', path: '/status/readyToUse', value: true },
          { op: 'add', path: '/status/restoreSize', value: 5n },
        ],
      },
    });
    expect(
      decide(of({ content: member({ status: { ...confirmed, restoreSize: 5n } }), answer: { ...answer, ready: false } })),
    ).toMatchObject({ kind: 'poll', backoff: 'refresh-snapshot' });
  });

  test('is ready at once where the driver lists nothing', () => {
    expect(decide(of({ content: member({ status: confirmed }), answersQuestions: false }))).toMatchObject({
      kind: 'save-status',
      patch: { operations: [{ op: 'test' }, { op: 'add', path: '/status/readyToUse', value: true }] },
    });
  });

  test('is let go without a call of its own, ready or not, whatever its policy and mark', () => {
    for (const deletionPolicy of ['Delete', 'Retain'])
      for (const readyToUse of [true, false]) {
        const content = member({
          metadata: { ...going, annotations: { [BEING_DELETED]: 'yes', [BEING_CREATED]: 'yes' } },
          spec: { deletionPolicy },
          status: { ...confirmed, readyToUse },
        });
        const running = { kind: 'running', history: { times: 0, sinceMs: EPOCH_MS } } as const;
        expect(decide(of({ content, calls: running }))).toMatchObject({
          kind: 'release-content',
          patch: { operations: [{}, { value: CONTENT_PROTECTION }, {}] },
        });
      }
    expect(decide(of({ content: member({ metadata: { ...going, annotations: { [BEING_DELETED]: 'yes' } } }) }))).toMatchObject({
      kind: 'release-content',
    });
    expect(
      decide(of({ content: member({ metadata: going, status: { ...confirmed, readyToUse: true } }) })),
      'its owner lives',
    ).toMatchObject({
      kind: 'done',
    });
  });

  test('is one by its status alone where something would be deleted: an annotation leaves no snapshot behind', () => {
    const content = member({
      metadata: { ...going, annotations: { [BEING_DELETED]: 'yes' } },
      status: { snapshotHandle: 'snap-1', readyToUse: true },
    });
    expect(decide(of({ content }))).toMatchObject({ kind: 'delete-snapshot', action: 'call', handles: { handle: 'snap-1' } });
  });
});

describe('a snapshot that an administrator brought', () => {
  const answer = {
    kind: 'snapshot',
    effect: 'refresh-snapshot',
    handle: 'snap-9',
    creationTime: EPOCH_NS,
    sizeBytes: 5n,
    ready: true,
    groupHandle: 'group-9',
  } as const;

  test('learns from the driver which group it belongs to', () => {
    expect(decide(aContentState({ content: aPreProvisionedContent(), answer }))).toMatchObject({
      kind: 'save-status',
      patch: { operations: [{}, {}, { value: { snapshotHandle: 'snap-9', volumeGroupSnapshotHandle: 'group-9' } }] },
    });
    const alone = decide(aContentState({ content: aPreProvisionedContent(), answer: { ...answer, groupHandle: '' } }));
    expect(alone.kind === 'save-status' && alone.patch.type === 'json' && alone.patch.operations[2]?.value).not.toHaveProperty(
      'volumeGroupSnapshotHandle',
    );
  });

  test('is not deleted once it is known to belong to one', () => {
    const status = { snapshotHandle: 'snap-9', volumeGroupSnapshotHandle: 'group-9', readyToUse: true };
    const content = aPreProvisionedContent({ metadata: { ...going, finalizers: [CONTENT_PROTECTION] }, status });
    expect(decide(aContentState({ content }))).toMatchObject({ kind: 'release-content' });
  });

  test('becomes no member by what CreateSnapshot says', () => {
    const made = decide(aContentState({ content: aContent(), answer: { ...answer, effect: 'create-snapshot' } }));
    expect(made.kind === 'save-status' && made.patch.type === 'json' && made.patch.operations[2]?.value).not.toHaveProperty(
      'volumeGroupSnapshotHandle',
    );
  });

  test('asks with the list secret of its class unless its annotations name one', () => {
    const parameters = {
      'csi.storage.k8s.io/snapshotter-list-secret-name': 'list',
      'csi.storage.k8s.io/snapshotter-list-secret-namespace': 'vault',
    };
    const status = { snapshotHandle: 'snap-9', volumeGroupSnapshotHandle: 'group-9', readyToUse: false };
    const asked = (annotations: Record<string, string>) =>
      decide(
        aContentState({
          content: aPreProvisionedContent({ metadata: { annotations }, status }),
          snapshotClass: { driver: 'mock.csi.example', parameters },
        }),
      );
    expect(asked({})).toMatchObject({ action: 'read-secret', secret: { name: 'list' } });
    expect(asked(secret)).toMatchObject({ action: 'read-secret', secret: { name: 'key' } });
  });
});
