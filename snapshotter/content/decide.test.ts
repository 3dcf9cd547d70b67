import { describe, expect, test } from 'vitest';
import {
  BEING_CREATED,
  BEING_DELETED,
  CONTENT_PROTECTION,
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  GROUP_HANDLE,
} from '../names.ts';
import {
  CONTENT_NAME,
  DRIVER,
  EPOCH_MS,
  EPOCH_NS,
  READY_STATUS,
  SNAPSHOT_UID,
  aClass,
  aContent,
  aGivenContent,
} from '../testing/objects.ts';
import { NO_RECORD } from './case-book.ts';
import { decide } from './decide.ts';
import type { ContentState, DriverAnswer } from './state.ts';

const rules = {
  driverName: DRIVER,
  snapshotNamePrefix: 'snapshot',
  snapshotNameUuidLength: -1,
  extraCreateMetadata: false,
  readyPollMinMs: 1000,
  readyPollMaxMs: 10_000,
};
const CLEAN = { ...NO_RECORD, standing: 'clean' } as const;
const OPEN = { ...NO_RECORD, standing: 'open', doubt: { times: 0, sinceMs: EPOCH_MS } } as const;

function aState(more: Partial<ContentState> = {}): ContentState {
  return {
    now: EPOCH_MS,
    rules,
    content: aContent(),
    snapshotClass: aClass(),
    listsSnapshots: true,
    record: CLEAN,
    answer: undefined,
    secret: undefined,
    gone: false,
    ...more,
  };
}

const mark = { annotations: { [BEING_CREATED]: 'yes' } };
const marked = (more: Parameters<typeof aContent>[0] = {}) => aContent({ ...more, metadata: { ...mark, ...more.metadata } });
const deletion = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const released = (more: Parameters<typeof aContent>[0] = {}) =>
  aContent({
    ...more,
    metadata: { ...deletion, ...more.metadata, annotations: { [BEING_DELETED]: 'yes', ...more.metadata?.annotations } },
  });
const unready = { snapshotHandle: 'snap-1', creationTime: EPOCH_NS, restoreSize: 1n, readyToUse: false };
const secretAnnotations = { [DELETION_SECRET_NAME]: 'key', [DELETION_SECRET_NAMESPACE]: 'vault' };
const found = (more: object = {}): DriverAnswer => ({
  kind: 'snapshot',
  effect: 'create-snapshot',
  handle: 'snap-1',
  creationTime: EPOCH_NS,
  sizeBytes: 1_073_741_824n,
  ready: true,
  ...more,
});
const failed = (more: object = {}): DriverAnswer => ({
  kind: 'failed',
  effect: 'create-snapshot',
  message: 'no luck',
  decided: true,
  gaveUp: false,
  ...more,
});

describe('whose content it is', () => {
  test.each([
    ['another driver', aContent({ spec: { driver: 'other.csi.example' } }), aClass()],
    ['a class of another driver', aContent(), aClass({ driver: 'other.csi.example' })],
    ['a member of a group', aContent({ metadata: { annotations: { [GROUP_HANDLE]: 'g-1' } } }), aClass()],
    ['a member of a group by status', aContent({ status: { volumeGroupSnapshotHandle: 'g-1' } }), aClass()],
    ['no source', aContent({ spec: { source: {} } }), aClass()],
    ['two sources', aContent({ spec: { source: { volumeHandle: 'v', snapshotHandle: 's' } } }), aClass()],
  ])('%s is left alone', (_, content, snapshotClass) => {
    expect(decide(aState({ content, snapshotClass }))).toMatchObject({ kind: 'done' });
  });
});

describe('creating', () => {
  test('the mark is saved before the call', () => {
    expect(decide(aState())).toMatchObject({
      kind: 'create-snapshot',
      action: 'mark',
      patch: { type: 'merge', body: { metadata: { annotations: { [BEING_CREATED]: 'yes' } } } },
    });
    expect(decide(aState({ content: marked() }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'call',
      request: { sourceVolumeId: 'vol-1', name: `snapshot-${SNAPSHOT_UID}`, parameters: {} },
    });
  });

  test('mark, secret and call share one not-before time', () => {
    const secretive = (more: object = {}) => aContent({ metadata: { annotations: { ...secretAnnotations, ...more } } });
    const secret = { reveal: () => ({}) };
    const steps = [
      decide(aState({ content: secretive() })),
      decide(aState({ content: secretive(), secret })),
      decide(aState({ content: secretive({ [BEING_CREATED]: 'yes' }), secret })),
    ];
    expect(steps.map((step) => [step.kind, 'action' in step && step.action])).toEqual([
      ['create-snapshot', 'read-secret'],
      ['create-snapshot', 'mark'],
      ['create-snapshot', 'call'],
    ]);
    expect(new Set(steps.map((step) => 'inputs' in step && step.inputs)).size).toBe(1);
  });

  test('bookkeeping of ours does not change the inputs, what users say does', () => {
    const inputs = (state: ContentState): unknown => {
      const step = decide(state);
      return 'inputs' in step ? step.inputs : step;
    };
    const plain = inputs(aState({ content: marked() }));
    expect(
      inputs(
        aState({
          content: marked({ status: { ...unready, error: { message: 'x' } }, metadata: { finalizers: [], resourceVersion: '99' } }),
        }),
      ),
    ).toBe(plain);
    expect(inputs(aState({ content: marked(), snapshotClass: aClass({ parameters: { tier: 'gold' } }) }))).not.toBe(plain);
    expect(inputs(aState({ content: marked({ metadata: deletion }) }))).not.toBe(plain);
  });

  test('class parameters reach the driver without the reserved ones', () => {
    const parameters = {
      tier: 'gold',
      'csi.storage.k8s.io/snapshotter-secret-name': 'a',
      'csi.storage.k8s.io/snapshotter-secret-namespace': 'b',
    };
    expect(decide(aState({ content: marked(), snapshotClass: aClass({ parameters }) }))).toMatchObject({
      request: { parameters: { tier: 'gold' } },
    });
  });

  test('names and namespace are added where the program is asked to', () => {
    expect(decide(aState({ content: marked(), rules: { ...rules, extraCreateMetadata: true } }))).toMatchObject({
      request: {
        parameters: {
          'csi.storage.k8s.io/volumesnapshot/name': 'nightly',
          'csi.storage.k8s.io/volumesnapshot/namespace': 'default',
          'csi.storage.k8s.io/volumesnapshotcontent/name': CONTENT_NAME,
        },
      },
    });
  });

  test('a short name takes that many digits of the uid', () => {
    expect(decide(aState({ content: marked(), rules: { ...rules, snapshotNamePrefix: 's', snapshotNameUuidLength: 10 } }))).toMatchObject({
      request: { name: 's-6f6a7d8e11' },
    });
  });

  test.each([
    [
      'an unknown reserved parameter',
      { snapshotClass: aClass({ parameters: { 'csi.storage.k8s.io/snapshoter-secret-name': 'x' } }) },
      /unknown parameter key/,
    ],
    ['a class that is missing', { snapshotClass: undefined }, /volumesnapshotclass "snap" not found/],
    ['a content that names no class', { content: aContent({ spec: { volumeSnapshotClassName: '' } }) }, /names no VolumeSnapshotClass/],
    ['half a secret', { content: aContent({ metadata: { annotations: { [DELETION_SECRET_NAME]: 'key' } } }) }, /must stand together/],
    ['a reference without uid', { content: aContent({ spec: { volumeSnapshotRef: { name: 'n', namespace: 'd' } } }) }, /by uid/],
  ])('%s is refused before the mark', (_, more, message) => {
    const step = decide(aState(more));
    expect(step).toMatchObject({ kind: 'write-error', before: [{ reason: 'SnapshotCreationFailed', type: 'Warning' }] });
    const note = 'before' in step ? step.before?.[0]?.message : '';
    expect(note).toMatch(message);
    const content = 'content' in more ? more.content : aContent();
    const told = { ...content, status: { readyToUse: false, error: { message: note ?? '' } } };
    expect(decide(aState({ ...more, content: told }))).toMatchObject({ kind: 'done' });
  });

  test('a ready answer is saved with handle, time and size, then the mark goes, then it rests', () => {
    const step = decide(aState({ content: marked(), answer: found() }));
    expect(step).toMatchObject({
      kind: 'save-status',
      patch: {
        operations: [
          { op: 'test' },
          { op: 'test', path: '/status', value: null },
          {
            op: 'add',
            path: '/status',
            value: { snapshotHandle: 'snap-1', creationTime: EPOCH_NS, restoreSize: 1_073_741_824n, readyToUse: true },
          },
        ],
      },
    });
    expect(decide(aState({ content: marked({ status: READY_STATUS }), answer: found() }))).toMatchObject({ kind: 'unmark' });
    expect(decide(aState({ content: aContent({ status: READY_STATUS }), answer: found() }))).toMatchObject({ kind: 'done' });
  });

  test('a driver that gives no time is taken to have cut the snapshot now, not in 1970', () => {
    const step = decide(aState({ content: marked(), answer: found({ creationTime: undefined }), now: EPOCH_MS + 5 }));
    expect(step).toMatchObject({ patch: { operations: [{}, {}, { value: { creationTime: EPOCH_NS + 5_000_000n } }] } });
  });

  test('a driver that gives no size leaves it open', () => {
    const step = decide(aState({ content: marked(), answer: found({ sizeBytes: 0n }) }));
    expect(step.kind === 'save-status' && step.patch.type === 'json' && step.patch.operations[2]?.value).not.toHaveProperty('restoreSize');
  });

  test('handle, time and size are written once; an error goes with the next success', () => {
    const status = { ...unready, error: { message: 'x' } };
    expect(
      decide(aState({ content: marked({ status }), answer: found({ handle: 'snap-2', creationTime: 1n, sizeBytes: 7n }) })),
    ).toMatchObject({
      patch: {
        operations: [{ op: 'test' }, { op: 'add', path: '/status/readyToUse', value: true }, { op: 'remove', path: '/status/error' }],
      },
    });
  });

  test('a ready content drops a mark that was left over', () => {
    expect(decide(aState({ content: marked({ status: READY_STATUS }), record: NO_RECORD }))).toMatchObject({ kind: 'unmark' });
  });
});

describe('polling', () => {
  test('a poll that learns nothing writes nothing and keeps the mark', () => {
    expect(decide(aState({ content: marked({ status: unready }), answer: found({ ready: false }) }))).toMatchObject({
      kind: 'poll',
      backoff: 'create-snapshot',
    });
  });

  test.each([
    [0, 1000],
    [9_000, 1000],
    [50_000, 5000],
    [3_600_000, 10_000],
  ])('at an age of %i ms the next poll comes after %i ms', (ageMs, afterMs) => {
    expect(decide(aState({ content: marked({ status: unready }), answer: found({ ready: false }), now: EPOCH_MS + ageMs }))).toMatchObject({
      afterMs,
    });
  });

  test('a content without a creation time is polled at the shortest pace', () => {
    const content = marked({ status: unready });
    delete content.metadata?.creationTimestamp;
    expect(decide(aState({ content, answer: found({ ready: false }) }))).toMatchObject({ kind: 'poll', afterMs: 1000 });
  });
});

describe('failures', () => {
  test('a final one is told, then unmarked, then tried again at its back-off', () => {
    expect(decide(aState({ content: marked(), answer: failed() }))).toMatchObject({
      kind: 'write-error',
      before: [{ reason: 'SnapshotCreationFailed' }],
    });
    const status = { readyToUse: false, error: { message: 'no luck' } };
    expect(decide(aState({ content: marked({ status }), answer: failed() }))).toMatchObject({ kind: 'unmark' });
    expect(decide(aState({ content: aContent({ status }), answer: failed() }))).toMatchObject({
      kind: 'retry',
      backoff: 'create-snapshot',
    });
  });

  test('an undecided one keeps the mark, and is told with the reason of later attempts where a status is', () => {
    const undecided = { record: OPEN, answer: failed({ decided: false, message: 'deadline' }) };
    expect(decide(aState({ content: marked({ status: { readyToUse: false } }), ...undecided }))).toMatchObject({
      kind: 'write-error',
      before: [{ reason: 'SnapshotContentCheckandUpdateFailed' }],
    });
    const status = { readyToUse: false, error: { message: 'deadline' } };
    expect(decide(aState({ content: marked({ status }), ...undecided }))).toMatchObject({ kind: 'retry', backoff: 'create-snapshot' });
  });

  test('a mark that somebody overwrote while a call is undecided is put back at once', () => {
    expect(decide(aState({ record: OPEN }))).toMatchObject({ kind: 'assert-mark' });
    expect(decide(aState({ record: CLEAN }))).toMatchObject({ kind: 'create-snapshot', action: 'mark' });
  });
});

describe('a pre-provisioned content', () => {
  const content = aGivenContent();

  test('is looked up by its handle, without a mark', () => {
    expect(decide(aState({ content }))).toMatchObject({ kind: 'refresh-snapshot', action: 'call', handle: 'snap-9' });
  });

  test('is ready at once where the driver lists nothing', () => {
    expect(decide(aState({ content, listsSnapshots: false }))).toMatchObject({
      kind: 'save-status',
      patch: { operations: [{}, {}, { value: { snapshotHandle: 'snap-9', creationTime: EPOCH_NS, readyToUse: true } }] },
    });
  });

  test('takes the list secret of its class', () => {
    const parameters = {
      'csi.storage.k8s.io/snapshotter-list-secret-name': 'list',
      'csi.storage.k8s.io/snapshotter-list-secret-namespace': 'vault',
    };
    expect(decide(aState({ content, snapshotClass: aClass({ parameters }) }))).toMatchObject({
      kind: 'refresh-snapshot',
      action: 'read-secret',
      secret: { name: 'list', namespace: 'vault' },
    });
  });

  test('is polled while un-ready and fails with the reason of an update', () => {
    const answer = found({ effect: 'refresh-snapshot', handle: 'snap-9', ready: false });
    const state = aState({ content: aGivenContent({ status: { ...unready, snapshotHandle: 'snap-9' } }) });
    expect(decide({ ...state, answer })).toMatchObject({ kind: 'poll', backoff: 'refresh-snapshot' });
    expect(decide({ ...state, answer: failed({ effect: 'refresh-snapshot' }) })).toMatchObject({
      kind: 'write-error',
      before: [{ reason: 'SnapshotContentCheckandUpdateFailed' }],
    });
  });

  test('without a class needs none, with a missing one says so', () => {
    const classless = aGivenContent({ spec: { volumeSnapshotClassName: '' } });
    expect(decide(aState({ content: classless, snapshotClass: undefined }))).toMatchObject({ kind: 'refresh-snapshot' });
    expect(decide(aState({ content, snapshotClass: undefined }))).toMatchObject({ kind: 'write-error' });
  });
});

describe('the gate of deletion', () => {
  const ready = { status: READY_STATUS };

  test('policy × what is known: who calls DeleteSnapshot, who only lets go', () => {
    const kindOf = (state: Partial<ContentState>): string => {
      const step = decide(aState(state));
      return 'action' in step ? `${step.kind}:${step.action}` : step.kind;
    };
    expect(kindOf({ content: released(ready) })).toBe('delete-snapshot:call');
    expect(kindOf({ content: released({ ...ready, spec: { deletionPolicy: 'Retain' } }) })).toBe('release-content');
    expect(kindOf({ content: released({ ...ready, spec: { deletionPolicy: 'Elsewhere' } }) })).toBe('release-content');
    expect(kindOf({ content: aContent({ ...ready, metadata: deletion }) }), 'an admin deleted it under a live snapshot').toBe('done');
    expect(
      kindOf({ content: aContent({ ...ready, metadata: { annotations: { [BEING_DELETED]: 'yes' } } }) }),
      'only the snapshot is going',
    ).toBe('done');
    expect(kindOf({ content: aGivenContent({ ...ready, metadata: deletion }) }), 'never bound').toBe('delete-snapshot:call');
    const bound = { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID }, source: { snapshotHandle: 'snap-9' } };
    expect(kindOf({ content: aGivenContent({ ...ready, metadata: deletion, spec: bound }) }), 'bound, snapshot alive').toBe('done');
    expect(kindOf({ content: released({ ...ready, spec: bound }) })).toBe('delete-snapshot:call');
    expect(kindOf({ content: released({ spec: bound }) }), 'bound, never looked up').toBe('delete-snapshot:call');
  });

  test('what this process never called for was never made', () => {
    expect(decide(aState({ content: released(), record: CLEAN }))).toMatchObject({
      kind: 'release-content',
      patch: { operations: [{}, { op: 'test', value: [CONTENT_PROTECTION] }, { op: 'remove', path: '/metadata/finalizers' }] },
    });
  });

  test('what nothing is known of is asked for by name first, under a mark that stays in doubt', () => {
    expect(decide(aState({ content: released(), record: NO_RECORD }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'mark',
      doubtful: true,
    });
    const again = released({ metadata: mark });
    expect(decide(aState({ content: again, record: NO_RECORD }))).toMatchObject({ kind: 'create-snapshot', action: 'call' });
  });

  test('an undecided call is asked again, also where a handle is known', () => {
    expect(decide(aState({ content: released({ metadata: mark }), record: OPEN }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'call',
    });
    expect(decide(aState({ content: released({ metadata: mark, status: unready }), record: OPEN }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'call',
    });
    expect(decide(aState({ content: released({ metadata: mark, status: unready }), record: CLEAN }))).toMatchObject({
      kind: 'delete-snapshot',
    });
  });

  test('its result is saved, then deleted', () => {
    const content = released({ metadata: mark });
    expect(decide(aState({ content, answer: found({ ready: false }) }))).toMatchObject({ kind: 'save-status' });
    expect(decide(aState({ content: released({ metadata: mark, status: unready }), answer: found({ ready: false }) }))).toMatchObject({
      kind: 'delete-snapshot',
      handle: 'snap-1',
    });
  });

  test('a final failure of it lets the content go', () => {
    const content = released({ metadata: mark, status: { readyToUse: false, error: { message: 'no luck' } } });
    expect(decide(aState({ content, answer: failed() }))).toMatchObject({ kind: 'release-content' });
    expect(decide(aState({ content, record: OPEN, answer: failed({ decided: false }) }))).toMatchObject({ kind: 'retry' });
  });

  test('a class that is gone or spoilt does not keep the content', () => {
    const content = released({ metadata: mark });
    expect(decide(aState({ content, record: OPEN, snapshotClass: undefined }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'call',
      request: { parameters: {} },
    });
    const spoilt = aClass({ parameters: { 'csi.storage.k8s.io/typo': 'x', tier: 'gold' } });
    expect(decide(aState({ content, record: OPEN, snapshotClass: spoilt }))).toMatchObject({ request: { parameters: { tier: 'gold' } } });
  });

  test('a retained content waits for a running call and looks for nothing else', () => {
    const retained = { spec: { deletionPolicy: 'Retain' } };
    expect(decide(aState({ content: released({ ...retained, metadata: mark }), record: OPEN }))).toMatchObject({ kind: 'create-snapshot' });
    expect(decide(aState({ content: released(retained), record: NO_RECORD }))).toMatchObject({ kind: 'release-content' });
  });

  test('a content whose snapshot has no uid can have no snapshot in the driver', () => {
    expect(
      decide(aState({ content: released({ spec: { volumeSnapshotRef: { name: 'n', namespace: 'd' } } }), record: NO_RECORD })),
    ).toMatchObject({ kind: 'release-content' });
  });

  test('the secret of the annotations is read for DeleteSnapshot', () => {
    const content = released({ ...ready, metadata: { annotations: secretAnnotations } });
    expect(decide(aState({ content }))).toMatchObject({
      kind: 'delete-snapshot',
      action: 'read-secret',
      secret: { name: 'key', namespace: 'vault' },
    });
  });

  test('DeleteSnapshot is not called twice, and a failure of it keeps the readiness', () => {
    expect(decide(aState({ content: released(ready), record: { ...CLEAN, deleted: true } }))).toMatchObject({ kind: 'release-content' });
    expect(
      decide(aState({ content: released({ ...ready, metadata: { finalizers: ['example.com/x'] } }), record: { ...CLEAN, deleted: true } })),
    ).toMatchObject({ kind: 'done' });
    const step = decide(aState({ content: released(ready), answer: failed({ effect: 'delete-snapshot' }) }));
    expect(step).toMatchObject({ kind: 'write-error', before: [{ reason: 'SnapshotDeleteError' }] });
    expect(JSON.stringify('patch' in step && step.patch)).not.toContain('readyToUse');
  });

  test('a process that may have lost its lease waits', () => {
    expect(decide(aState({ content: released(ready), answer: { kind: 'not-leader' } }))).toMatchObject({
      kind: 'poll',
      backoff: 'delete-snapshot',
    });
  });
});
