import { describe, expect, test } from 'vitest';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import {
  BEING_CREATED,
  BEING_DELETED,
  CONTENT_PROTECTION,
  CREATION_UNCERTAIN,
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  FAILURE,
  GROUP_HANDLE,
} from '../names.ts';
import {
  CONTENT_NAME,
  EPOCH_MS,
  EPOCH_NS,
  READY_STATUS,
  SNAPSHOT_UID,
  aClass,
  aContent,
  aPreProvisionedContent,
  noted,
} from '../testing/objects.ts';
import { CAUSE, causeOfAnswer } from '../failure-note.ts';
import { aContentState, CONTENT_SETTINGS } from '../testing/content-state.ts';
import { SIDECAR_REASON } from '../names.ts';
import { readCalls } from './create-calls.ts';
import { decide } from './decide.ts';
import { absorb } from './execute.ts';
import { SINGLE_CONTENT } from './single.ts';
import type { ContentState, DriverAnswer } from './state.ts';

const NONE = { kind: 'none' } as const;
const history = { times: 0, sinceMs: EPOCH_MS } as const;
const RUNNING = { kind: 'running', history } as const;
const UNCERTAIN = { kind: 'uncertain', history } as const;
const settings = CONTENT_SETTINGS;
const aState = aContentState;

/** The annotation that a step writes; undefined: none. Null: it goes. */
function noteOf(step: ReturnType<typeof decide>): unknown {
  if (step.kind !== 'write-marks' || step.patch.type !== 'merge') return undefined;
  const { annotations = {} } = (step.patch.body as { metadata: { annotations?: Record<string, string | null> } }).metadata;
  const note = annotations[FAILURE];
  return typeof note === 'string' ? JSON.parse(note) : note;
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
  reason: SIDECAR_REASON.creationFailed,
  message: 'no luck',
  cause: CAUSE.missing,
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
      request: { sources: ['vol-1'], name: `snapshot-${SNAPSHOT_UID}`, parameters: {} },
    });
  });

  test('mark, secret and call share one not-before time', () => {
    const secretive = (more: object = {}) => aContent({ metadata: { annotations: { ...secretAnnotations, ...more } } });
    const secret = { of: { name: 'creds', namespace: 'vault' }, reveal: () => ({}) };
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
    expect(decide(aState({ content: marked(), settings: { ...settings, extraCreateMetadata: true } }))).toMatchObject({
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
    expect(
      decide(aState({ content: marked(), settings: { ...settings, snapshotNamePrefix: 's', snapshotNameUuidLength: 10 } })),
    ).toMatchObject({
      request: { name: 's-6f6a7d8e11' },
    });
    expect(decide(aState({ content: marked(), settings: { ...settings, snapshotNameUuidLength: 32 } }))).toMatchObject({
      request: { name: `snapshot-${SNAPSHOT_UID.replaceAll('-', '')}` },
    });
  });

  test.each([
    [
      'an unknown reserved parameter',
      { snapshotClass: aClass({ parameters: { 'csi.storage.k8s.io/snapshoter-secret-name': 'x' } }) },
      /unknown parameter key/,
    ],
    ['a class that is missing', { snapshotClass: undefined }, /volumesnapshotclass\.snapshot\.storage\.k8s\.io \\"snap\\" not found/],
    ['a content that names no class', { content: aContent({ spec: { volumeSnapshotClassName: '' } }) }, /without a snapshot class/],
    [
      'a secret without a name',
      { content: aContent({ metadata: { annotations: { ...secretAnnotations, [DELETION_SECRET_NAME]: '' } } }) },
      /must not be empty/,
    ],
    [
      'a reference without uid',
      { content: aContent({ spec: { volumeSnapshotRef: { name: 'n', namespace: 'd' } } }) },
      /not bound to a snapshot/,
    ],
  ])('%s is refused before the mark, told as the first attempt and as a later one, noted, then it rests', (name, more, message) => {
    const missing = name === 'a class that is missing';
    let content = 'content' in more ? more.content : aContent();
    for (const reason of ['SnapshotCreationFailed', 'SnapshotContentCheckandUpdateFailed']) {
      const step = decide(aState({ ...more, content }));
      expect(step).toMatchObject({ kind: 'write-error', before: [{ reason, type: 'Warning', message: expect.stringMatching(message) }] });
      const note = 'before' in step ? (step.before?.[0]?.message ?? '') : '';
      content = { ...content, status: { readyToUse: false, error: { message: note } } };
    }
    const noting = decide(aState({ ...more, content }));
    expect(noteOf(noting)).toMatchObject({ code: missing ? 'NotFound' : 'InvalidArgument', retryable: false });
    const annotations = { ...content.metadata?.annotations, ...noted(missing ? CAUSE.missing : CAUSE.invalid) };
    content = { ...content, metadata: { ...content.metadata, annotations } };
    expect(decide(aState({ ...more, content }))).toMatchObject({ kind: 'done' });
  });

  test('one of the two annotations of a secret counts for nothing, as in the Go program', () => {
    const half = { [DELETION_SECRET_NAME]: 'key' };
    expect(decide(aState({ content: aContent({ metadata: { annotations: half } }) }))).toMatchObject({ action: 'mark' });
    expect(decide(aState({ content: released({ status: READY_STATUS, metadata: { annotations: half } }) }))).toMatchObject({
      kind: 'delete-snapshot',
      action: 'call',
    });
  });

  test('a creation time that cannot be stored is said once, where the time is written', () => {
    const answer = found({ creationTime: undefined, oddTime: 253_402_300_800n });
    expect(decide(aState({ content: marked(), answer }))).toMatchObject({
      kind: 'save-status',
      before: [{ type: 'Warning', reason: 'SnapshotCreationTimeInvalid', message: expect.stringMatching(/253402300800/) }],
    });
    const written = marked({ status: { ...READY_STATUS, readyToUse: false } });
    expect(decide(aState({ content: written, answer }))).toMatchObject({ kind: 'save-status', before: [] });
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
    expect(decide(aState({ content: marked({ status: READY_STATUS }), answer: found() }))).toMatchObject({ kind: 'write-marks' });
    expect(decide(aState({ content: aContent({ status: READY_STATUS }), answer: found() }))).toMatchObject({ kind: 'done' });
  });

  test('a driver that gives no time is taken to have cut the snapshot now, not in 1970', () => {
    const step = decide(aState({ content: marked(), answer: found({ creationTime: undefined }), now: EPOCH_MS + 5 }));
    expect(step).toMatchObject({ patch: { operations: [{}, {}, { value: { creationTime: EPOCH_NS + 5_000_000n } }] } });
  });

  test('nor is an un-ready snapshot without a time: the driver may know it later', () => {
    const step = decide(aState({ content: marked(), answer: found({ creationTime: undefined, ready: false }), now: EPOCH_MS + 5 }));
    expect(step).toMatchObject({ patch: { operations: [{}, {}, { value: { snapshotHandle: 'snap-1', readyToUse: false } }] } });
    expect(JSON.stringify(step, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toContain('creationTime');
    const later = marked({ status: { snapshotHandle: 'snap-1', readyToUse: false } });
    expect(decide(aState({ content: later, answer: found() }))).toMatchObject({
      patch: { operations: expect.arrayContaining([expect.objectContaining({ value: EPOCH_NS })]) },
    });
  });

  test('a driver that gives no size leaves it open', () => {
    const step = decide(aState({ content: marked(), answer: found({ sizeBytes: 0n }) }));
    expect(step.kind === 'save-status' && step.patch.type === 'json' && step.patch.operations[2]?.value).not.toHaveProperty('restoreSize');
  });

  test.each([true, false])('an error goes with the next success, be it ready (%s) or not', (ready) => {
    const status = { ...unready, error: { message: 'x' } };
    const answer = { ...found(), ready } as DriverAnswer;
    const step = decide(aState({ content: marked({ status }), answer }));
    expect(step).toMatchObject({
      kind: 'save-status',
      patch: { operations: expect.arrayContaining([{ op: 'remove', path: '/status/error' }]) },
    });
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
    expect(decide(aState({ content: marked({ status: READY_STATUS }), calls: NONE }))).toMatchObject({ kind: 'write-marks' });
  });
});

describe('polling', () => {
  test('a poll that learns nothing writes nothing and keeps the mark', () => {
    expect(decide(aState({ content: marked({ status: unready }), answer: found({ ready: false }) }))).toMatchObject({
      kind: 'poll',
      backoff: 'create-snapshot',
    });
  });

  const pollAfter = (content: VolumeSnapshotContent, now: number): number => {
    const step = decide(aState({ content, answer: found({ ready: false }), now }));
    if (step.kind !== 'poll') throw new Error(`expected a poll, got ${step.kind}`);
    return step.afterMs;
  };
  const young = marked({ status: { ...unready, creationTime: EPOCH_NS } });

  test.each([
    [0, 1000],
    [3_000, 4_000],
    [60_000, 61_000],
    [3_600_000, 300_000],
  ])('at an age of %i ms the next poll comes after %i ms', (age, afterMs) => {
    expect(pollAfter(young, EPOCH_MS + age)).toBe(afterMs);
  });

  test.each([
    [600, 10],
    [3600, 20],
    [14_400, 56],
  ])("in %i s there are no more than %i polls, as many as the Go program's back-off makes", (seconds, most) => {
    let polls = 0;
    for (let at = 0; at < seconds * 1000; at += pollAfter(young, EPOCH_MS + at)) polls += 1;
    expect(polls).toBeLessThanOrEqual(most);
    expect(polls).toBeGreaterThan(most - 2);
  });

  test('a snapshot that was cut after an hour of failures is young', () => {
    const cut = (ms: number): VolumeSnapshotContent => marked({ status: { ...unready, creationTime: EPOCH_NS + BigInt(ms) * 1_000_000n } });
    expect(pollAfter(cut(3_600_000), EPOCH_MS + 3_602_000)).toBe(3_000);
    // An imported one is older than its content; a clock that is ahead proves nothing.
    expect(pollAfter(cut(-3_600_000), EPOCH_MS + 2_000)).toBe(3_000);
    expect(pollAfter(cut(3_600_000), EPOCH_MS + 2_000)).toBe(3_000);
  });

  test('a content without a creation time is polled at the shortest pace', () => {
    const content = marked({ status: unready });
    delete content.metadata?.creationTimestamp;
    expect(decide(aState({ content, answer: found({ ready: false }) }))).toMatchObject({ kind: 'poll', afterMs: 1000 });
  });
});

describe('failures', () => {
  const bare = { readyToUse: false, error: { message: 'no luck' } };
  const metadata = { annotations: noted(CAUSE.missing) };
  const told = (more: object = {}) => aContent({ status: bare, metadata, ...more });

  test('a final one takes the mark away at once, then it is told, then tried again at its back-off', () => {
    expect(decide(aState({ content: marked(), answer: failed() }))).toMatchObject({
      kind: 'write-marks',
      patch: { body: { metadata: { annotations: { [BEING_CREATED]: null } } } },
    });
    expect(decide(aState({ content: aContent({ metadata }), answer: failed() }))).toMatchObject({
      kind: 'write-error',
      before: [{ reason: 'SnapshotCreationFailed' }],
    });
    expect(decide(aState({ content: told(), answer: failed() }))).toMatchObject({
      kind: 'retry',
      backoff: 'create-snapshot',
      inputs: expect.stringContaining('content-uid'),
    });
  });

  test('a final one after an unknown one does so too, and leaves a note of what may have been made', () => {
    expect(decide(aState({ content: marked(), calls: UNCERTAIN, answer: failed() }))).toMatchObject({
      kind: 'write-marks',
      patch: { body: { metadata: { annotations: { [BEING_CREATED]: null, [CREATION_UNCERTAIN]: 'yes' } } } },
    });
  });

  test('one that the status says already is told again at each attempt; one that this attempt wrote is not told twice', () => {
    const state = aState({ content: told(), answer: failed() });
    expect(decide(state)).toMatchObject({ kind: 'retry', events: [{ reason: 'SnapshotCreationFailed', message: 'no luck' }] });
    const first = aState({ content: aContent({ metadata }), answer: failed() });
    const step = decide(first);
    if (step.kind !== 'write-error') throw new Error(`expected a status, got ${step.kind}`);
    const written = absorb(first, step, { kind: 'content', object: told() });
    expect(decide(written)).toMatchObject({ kind: 'retry' });
    expect(decide(written)).not.toHaveProperty('events');
  });

  test('one without a clear answer keeps the mark', () => {
    const undecided = { calls: RUNNING, answer: failed() };
    expect(decide(aState({ content: marked(), ...undecided }))).toMatchObject({ kind: 'write-error' });
    expect(
      decide(
        aState({
          content: marked({ status: bare, metadata: { annotations: { ...mark.annotations, ...metadata.annotations } } }),
          ...undecided,
        }),
      ),
    ).toMatchObject({
      kind: 'retry',
      backoff: 'create-snapshot',
    });
  });

  test('is noted for programs: with the mark where that goes, by a write of its own where it stays, once while it is the same', () => {
    const since = '2026-01-01T00:00:00Z';
    const other = failed({ cause: causeOfAnswer(8) });
    expect(noteOf(decide(aState({ content: marked(), answer: failed() })))).toEqual({ code: 'NotFound', retryable: false, since });
    const undecided = { calls: RUNNING, answer: other };
    expect(noteOf(decide(aState({ content: marked({ status: bare }), ...undecided })))).toEqual({
      code: 'ResourceExhausted',
      retryable: true,
      since,
    });
    // Another code than the one that is noted.
    expect(noteOf(decide(aState({ content: told(), answer: other })))).toMatchObject({ code: 'ResourceExhausted' });
    expect(decide(aState({ content: told(), answer: failed() }))).toMatchObject({ kind: 'retry' });
    const garbled = told({ metadata: { annotations: { [FAILURE]: 'yes' } } });
    expect(noteOf(decide(aState({ content: garbled, answer: failed() })))).toMatchObject({ code: 'NotFound' });
  });

  test('the note goes with the failure: with the mark of a ready snapshot, at once for one that is only made', () => {
    const annotations = { ...mark.annotations, ...metadata.annotations };
    const ready = aContent({ status: READY_STATUS, metadata: { annotations } });
    expect(decide(aState({ content: ready, answer: found() }))).toMatchObject({
      patch: { body: { metadata: { annotations: { [BEING_CREATED]: null, [FAILURE]: null } } } },
    });
    const made = aContent({ status: unready, metadata: { annotations } });
    expect(decide(aState({ content: made, answer: found({ ready: false }) }))).toMatchObject({
      kind: 'write-marks',
      patch: { body: { metadata: { annotations: { [FAILURE]: null } } } },
    });
    expect(noteOf(decide(aState({ content: aContent({ status: READY_STATUS }), answer: found() })))).toBeUndefined();
  });

  test('a deletion that fails is noted once, and the note stays from attempt to attempt', () => {
    const answer = failed({ effect: 'delete-snapshot', reason: 'SnapshotDeleteError', cause: causeOfAnswer(14) });
    const content = released({ status: READY_STATUS });
    expect(noteOf(decide(aState({ content, answer })))).toMatchObject({ code: 'Unavailable', retryable: true });
    const annotations = noted(causeOfAnswer(14));
    const again = released({ status: READY_STATUS, metadata: { annotations } });
    expect(decide(aState({ content: again, answer }))).toMatchObject({ kind: 'retry', backoff: 'delete-snapshot' });
    expect(decide(aState({ content: again }))).toMatchObject({ kind: 'delete-snapshot', action: 'call' });
  });

  test('a mark that somebody overwrote while a call is undecided is put back at once', () => {
    expect(decide(aState({ calls: RUNNING }))).toMatchObject({ kind: 'write-marks' });
    expect(decide(aState({ calls: NONE }))).toMatchObject({ kind: 'create-snapshot', action: 'mark' });
    expect(decide(aState({ calls: UNCERTAIN }))).toMatchObject({
      kind: 'write-marks',
      patch: { body: { metadata: { annotations: { [CREATION_UNCERTAIN]: 'yes' } } } },
    });
  });
});

describe('a pre-provisioned content', () => {
  const content = aPreProvisionedContent();

  test('is looked up by its handle, without a mark', () => {
    expect(decide(aState({ content }))).toMatchObject({ kind: 'refresh-snapshot', action: 'call', handles: { handle: 'snap-9' } });
  });

  test('is ready at once where the driver lists nothing', () => {
    expect(decide(aState({ content, answersQuestions: false }))).toMatchObject({
      kind: 'save-status',
      patch: { operations: [{}, {}, { value: { snapshotHandle: 'snap-9', creationTime: EPOCH_NS, readyToUse: true } }] },
    });
  });

  test('a question and the rests after it have the same inputs, before and after it is bound: no event brings the next one forward', () => {
    const inputs = (state: Partial<ContentState>): unknown => {
      const step = decide(aState({ content, ...state }));
      return 'inputs' in step ? step.inputs : step;
    };
    const asked = inputs({});
    const made = aPreProvisionedContent({ status: { ...unready, snapshotHandle: 'snap-9' } });
    expect(inputs({ content: made, answer: found({ effect: 'refresh-snapshot', handle: 'snap-9', ready: false }) })).toBe(asked);
    const status = { readyToUse: false, error: { message: 'no luck' } };
    const failing = aPreProvisionedContent({ status, metadata: { annotations: noted(CAUSE.missing) } });
    expect(inputs({ content: failing, answer: failed({ effect: 'refresh-snapshot' }) })).toBe(asked);
    const ref = { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID };
    expect(inputs({ content: aPreProvisionedContent({ spec: { volumeSnapshotRef: ref } }) })).toBe(asked);
    expect(inputs({ snapshotClass: aClass({ parameters: { tier: 'gold' } }) })).not.toBe(asked);
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
    const state = aState({ content: aPreProvisionedContent({ status: { ...unready, snapshotHandle: 'snap-9' } }) });
    expect(decide({ ...state, answer })).toMatchObject({ kind: 'poll', backoff: 'refresh-snapshot' });
    expect(decide({ ...state, answer: failed({ effect: 'refresh-snapshot' }) })).toMatchObject({
      kind: 'write-error',
      before: [{ message: 'no luck' }],
    });
  });

  test('without a class needs none, with a missing one says so', () => {
    const classless = aPreProvisionedContent({ spec: { volumeSnapshotClassName: '' } });
    expect(decide(aState({ content: classless, snapshotClass: undefined }))).toMatchObject({ kind: 'refresh-snapshot' });
    expect(decide(aState({ content, snapshotClass: undefined }))).toMatchObject({ kind: 'write-error' });
  });
});

describe('the gate of deletion', () => {
  const ready = { status: READY_STATUS };

  test('no call is begun for a snapshot that is going, and one that may be running is still repeated', () => {
    const going = (annotations: Record<string, string> = {}, spec: object = {}) =>
      aContent({ metadata: { annotations: { [BEING_DELETED]: 'yes', ...annotations } }, spec });
    const step = (state: Partial<ContentState>) => decide(aState(state));
    const isRest = { kind: 'done', reason: 'its snapshot is being deleted' };
    expect(step({ content: going() })).toMatchObject(isRest);
    expect(step({ content: going({ [CREATION_UNCERTAIN]: 'yes' }), calls: UNCERTAIN })).toMatchObject(isRest);
    expect(step({ content: going({ [BEING_CREATED]: 'yes' }), calls: RUNNING })).toMatchObject({ kind: 'create-snapshot' });
    expect(step({ content: going({}, { deletionPolicy: 'Retain' }) })).toMatchObject({ kind: 'create-snapshot' });
  });

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
    expect(kindOf({ content: aPreProvisionedContent({ ...ready, metadata: deletion }) }), 'never bound').toBe('delete-snapshot:call');
    expect(
      kindOf({ content: aPreProvisionedContent({ metadata: { ...deletion, finalizers: [CONTENT_PROTECTION] } }) }),
      'nor confirmed',
    ).toBe('release-content');
    const bound = { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID }, source: { snapshotHandle: 'snap-9' } };
    expect(kindOf({ content: aPreProvisionedContent({ ...ready, metadata: deletion, spec: bound }) }), 'bound, snapshot alive').toBe(
      'done',
    );
    expect(kindOf({ content: released({ ...ready, spec: bound }) })).toBe('delete-snapshot:call');
    expect(kindOf({ content: released({ spec: bound }) }), 'bound, its handle never confirmed').toBe('release-content');
  });

  test('what this process never called for was never made', () => {
    expect(decide(aState({ content: released(), calls: NONE }))).toMatchObject({
      kind: 'release-content',
      patch: { operations: [{}, { op: 'test', value: CONTENT_PROTECTION }, { op: 'remove', path: '/metadata/finalizers/0' }] },
    });
  });

  test('what the annotations of an earlier process say is believed, and nothing else', () => {
    const of = (content: ReturnType<typeof aContent>): ContentState =>
      aState({ content, calls: readCalls(SINGLE_CONTENT, content, EPOCH_MS) });
    expect(decide(of(released())), 'no handle, no mark: never sent').toMatchObject({ kind: 'release-content' });
    expect(decide(of(released({ metadata: mark })))).toMatchObject({ kind: 'create-snapshot', action: 'call', purpose: 'replay' });
    expect(decide(of(released({ metadata: { annotations: { [CREATION_UNCERTAIN]: 'yes' } } })))).toMatchObject({
      kind: 'create-snapshot',
      action: 'call',
      purpose: 'search',
    });
    expect(readCalls(SINGLE_CONTENT, marked({ status: READY_STATUS }), EPOCH_MS)).toEqual(NONE);
  });

  test('an uncertain creation is searched for without a mark, told to the administrator at each attempt, and not for Retain', () => {
    const content = released({ metadata: { annotations: { [CREATION_UNCERTAIN]: 'yes', ...noted(CAUSE.missing) } } });
    expect(decide(aState({ content, calls: UNCERTAIN }))).toMatchObject({ action: 'call', purpose: 'search' });
    const step = decide(aState({ content, calls: UNCERTAIN, answer: failed() }));
    expect(step).toMatchObject({ kind: 'retry', backoff: 'create-snapshot', events: [{ reason: 'SnapshotCreationUncertain' }] });
    const told = 'events' in step ? (step.events?.[0]?.message ?? '') : '';
    for (const word of [`snapshot-${SNAPSHOT_UID}`, 'vol-1', CONTENT_PROTECTION, 'no luck']) expect(told).toContain(word);
    const retained = { ...content, spec: { ...content.spec, deletionPolicy: 'Retain' } };
    expect(decide(aState({ content: retained, calls: UNCERTAIN }))).toMatchObject({ kind: 'release-content' });
    expect(decide(aState({ content: retained, calls: UNCERTAIN, answer: failed() }))).toMatchObject({ kind: 'release-content' });
  });

  test('an undecided call is asked again, also where a handle is known', () => {
    expect(decide(aState({ content: released({ metadata: mark }), calls: RUNNING }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'call',
    });
    expect(decide(aState({ content: released({ metadata: mark, status: unready }), calls: RUNNING }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'call',
    });
    expect(decide(aState({ content: released({ metadata: mark, status: unready }), calls: NONE })), 'first the mark').toMatchObject({
      kind: 'write-marks',
    });
    expect(decide(aState({ content: released({ status: unready }), calls: NONE }))).toMatchObject({ kind: 'delete-snapshot' });
  });

  test('its result is saved, then deleted', () => {
    const content = released({ metadata: mark });
    expect(decide(aState({ content, answer: found({ ready: false }) }))).toMatchObject({ kind: 'save-status' });
    expect(decide(aState({ content: released({ status: unready }), answer: found({ ready: false }) }))).toMatchObject({
      kind: 'delete-snapshot',
      handles: { handle: 'snap-1' },
    });
  });

  test('a final failure of it lets the content go', () => {
    const bare = { readyToUse: false, error: { message: 'no luck' } };
    const content = released({ metadata: mark, status: bare });
    expect(decide(aState({ content, answer: failed() }))).toMatchObject({ kind: 'write-marks' });
    expect(decide(aState({ content: released({ status: bare }), answer: failed() }))).toMatchObject({ kind: 'release-content' });
    const waiting = released({ metadata: { annotations: { ...mark.annotations, ...noted(CAUSE.missing) } }, status: bare });
    expect(decide(aState({ content: waiting, calls: RUNNING, answer: failed() }))).toMatchObject({ kind: 'retry' });
  });

  test('a class that is gone or spoilt does not keep the content', () => {
    const content = released({ metadata: mark });
    expect(decide(aState({ content, calls: RUNNING, snapshotClass: undefined }))).toMatchObject({
      kind: 'create-snapshot',
      action: 'call',
      request: { parameters: {} },
    });
    const spoilt = aClass({ parameters: { 'csi.storage.k8s.io/typo': 'x', tier: 'gold' } });
    expect(decide(aState({ content, calls: RUNNING, snapshotClass: spoilt }))).toMatchObject({ request: { parameters: { tier: 'gold' } } });
  });

  test('a retained content waits for a running call and looks for nothing else', () => {
    const retained = { spec: { deletionPolicy: 'Retain' } };
    expect(decide(aState({ content: released({ ...retained, metadata: mark }), calls: RUNNING }))).toMatchObject({
      kind: 'create-snapshot',
    });
    expect(decide(aState({ content: released(retained), calls: NONE }))).toMatchObject({ kind: 'release-content' });
  });

  test('a content whose snapshot has no uid can have no snapshot in the driver', () => {
    expect(
      decide(aState({ content: released({ spec: { volumeSnapshotRef: { name: 'n', namespace: 'd' } } }), calls: NONE })),
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

  test('a content that somebody else keeps after DeleteSnapshot says nothing of the snapshot any more', () => {
    const kept = { finalizers: ['example.com/x', CONTENT_PROTECTION] };
    const cleared = decide(aState({ content: released({ ...ready, metadata: kept }), calls: { kind: 'deleted' } }));
    expect(cleared).toMatchObject({
      kind: 'clear-status',
      patch: {
        operations: [
          { op: 'test' },
          ...['snapshotHandle', 'readyToUse', 'creationTime', 'restoreSize'].map((field) => ({ op: 'remove', path: `/status/${field}` })),
        ],
      },
    });
    const empty = released({ status: {}, metadata: kept });
    expect(decide(aState({ content: empty, calls: { kind: 'deleted' } }))).toMatchObject({ kind: 'release-content' });
    // The next process knows nothing of the call, and has nothing to delete.
    expect(decide(aState({ content: empty }))).toMatchObject({ kind: 'release-content' });
    const alone = released({ status: {}, metadata: { finalizers: ['example.com/x'] } });
    expect(decide(aState({ content: alone, calls: { kind: 'deleted' } }))).toMatchObject({ kind: 'done' });
  });

  test('DeleteSnapshot is not called twice, and a failure of it keeps the readiness', () => {
    expect(decide(aState({ content: released(ready), calls: { kind: 'deleted' } }))).toMatchObject({ kind: 'release-content' });
    const answer = failed({ effect: 'delete-snapshot', reason: 'SnapshotDeleteError' });
    const noticed = released({ ...ready, metadata: { annotations: noted(CAUSE.missing) } });
    expect(decide(aState({ content: noticed, answer })), 'told at each attempt, by an event alone').toMatchObject({
      kind: 'retry',
      backoff: 'delete-snapshot',
      events: [{ reason: 'SnapshotDeleteError', message: 'no luck' }],
    });
  });
});
