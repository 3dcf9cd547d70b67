import { describe, expect, test } from 'vitest';
import { CAUSE, causeOfAnswer } from '../failure-note.ts';
import { AS_SOURCE_PROTECTION, BOUND_PROTECTION, CLAIM_PROTECTION, CONTENT_PROTECTION, FAILURE } from '../names.ts';
import { aBindingState, bothFinalizers, confirmedAll, deleting, failure, protectedClaim, reasons } from '../testing/binding-state.ts';
import {
  CONTENT_NAME,
  DRIVER,
  READY_STATUS,
  SNAPSHOT_UID,
  aClaim,
  aClass,
  aContent,
  aPreProvisionedContent,
  aPreProvisionedSnapshot,
  aReadySnapshot,
  aSnapshot,
  aVolume,
  noted,
} from '../testing/objects.ts';
import { decide } from './decide.ts';
import type { BindingState } from './state.ts';

describe('the way of a dynamic snapshot', () => {
  test('its own finalizers come first, both in one patch that tests the uid', () => {
    expect(decide(aBindingState())).toMatchObject({
      kind: 'add-finalizers',
      patch: {
        operations: [
          { op: 'test', path: '/metadata/uid', value: SNAPSHOT_UID },
          { op: 'test', path: '/metadata/finalizers', value: null },
          { op: 'add', path: '/metadata/finalizers', value: [AS_SOURCE_PROTECTION, BOUND_PROTECTION] },
        ],
      },
    });
  });

  test('the claim is protected side by side with it, unless it is already', () => {
    expect(decide(aBindingState())).toMatchObject({
      kind: 'add-finalizers',
      claims: [{ metadata: { name: 'data', finalizers: expect.arrayContaining([CLAIM_PROTECTION]) } }],
    });
    expect(decide(aBindingState({ claim: protectedClaim }))).toMatchObject({ kind: 'add-finalizers', claims: [] });
  });

  test('finalizers of others are kept, and the list is tested', () => {
    const step = decide(aBindingState({ snapshot: aSnapshot({ metadata: { finalizers: ['example.com/x'] } }) }));
    expect(step).toMatchObject({
      patch: {
        operations: [
          {},
          { op: 'test', path: '/metadata/finalizers', value: ['example.com/x'] },
          { op: 'replace', path: '/metadata/finalizers', value: ['example.com/x', AS_SOURCE_PROTECTION, BOUND_PROTECTION] },
        ],
      },
    });
  });

  test('a class that retains asks for the source protection only', () => {
    const step = decide(aBindingState({ snapshotClass: aClass({ deletionPolicy: 'Retain' }) }));
    expect(step).toMatchObject({ patch: { operations: [{}, {}, { value: [AS_SOURCE_PROTECTION] }] } });
  });

  test('finalizers of an earlier life are not believed: the snapshot is read live before anything is made', () => {
    const state = aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), confirmed: new Set() });
    const post = decide(aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim }));
    expect(decide(state)).toMatchObject({
      kind: 'create-content',
      backoff: 'create-content',
      action: 'see-snapshot',
      inputs: 'inputs' in post ? post.inputs : '',
    });
    expect(decide({ ...state, gone: true })).toMatchObject({ kind: 'done' });
  });

  test('then the claim is put with our finalizer, conditional on uid and version', () => {
    const step = decide(aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }) }));
    expect(step).toMatchObject({
      kind: 'protect-claim',
      claims: [{ metadata: { uid: 'claim-uid', resourceVersion: '5', finalizers: ['kubernetes.io/pvc-protection', CLAIM_PROTECTION] } }],
    });
  });

  test('then the content is posted, whole', () => {
    const step = decide(aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim }));
    expect(step).toMatchObject({
      kind: 'create-content',
      action: 'post',
      content: {
        kind: 'VolumeSnapshotContent',
        metadata: { name: CONTENT_NAME, finalizers: [CONTENT_PROTECTION] },
        spec: {
          driver: DRIVER,
          deletionPolicy: 'Delete',
          volumeSnapshotClassName: 'snap',
          source: { volumeHandle: 'vol-1' },
          sourceVolumeMode: 'Filesystem',
          volumeSnapshotRef: {
            kind: 'VolumeSnapshot',
            apiVersion: 'snapshot.storage.k8s.io/v1',
            name: 'nightly',
            namespace: 'default',
            uid: SNAPSHOT_UID,
            resourceVersion: '10',
          },
        },
      },
    });
  });

  test('the volume mode is left out where conversion is allowed', () => {
    const step = decide(
      aBindingState({
        snapshot: aSnapshot({ metadata: bothFinalizers }),
        claim: protectedClaim,
        settings: { preventVolumeModeConversion: false, distributedSnapshotting: false },
      }),
    );
    expect(step.kind === 'create-content' && step.action === 'post' && step.content.spec).not.toHaveProperty('sourceVolumeMode');
  });

  test('a secret of the class becomes annotations of the content, templates filled in', () => {
    const parameters = {
      'csi.storage.k8s.io/snapshotter-secret-name': '${volumesnapshot.name}-key',
      'csi.storage.k8s.io/snapshotter-secret-namespace': '${volumesnapshot.namespace}',
    };
    const step = decide(
      aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim, snapshotClass: aClass({ parameters }) }),
    );
    expect(step).toMatchObject({
      content: {
        metadata: {
          annotations: {
            'snapshot.storage.kubernetes.io/deletion-secret-name': 'nightly-key',
            'snapshot.storage.kubernetes.io/deletion-secret-namespace': 'default',
          },
        },
      },
    });
  });

  test('a distributed controller labels the content with the first node that reaches the volume', () => {
    const nodes = ['node-c', 'node-b', 'node-a'].map((name) => ({ metadata: { name, labels: { zone: name === 'node-a' ? 'x' : 'y' } } }));
    const volume = aVolume({
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['y'] }] }] } },
    });
    const settings = { preventVolumeModeConversion: true, distributedSnapshotting: true };
    const step = decide(
      aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim, volume, nodes, settings }),
    );
    expect(step).toMatchObject({ content: { metadata: { labels: { 'snapshot.storage.kubernetes.io/managed-by': 'node-b' } } } });
  });

  test('just after the post the bound name waits for the driver, in a later run it is written', () => {
    const state = aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), content: aContent(), posted: true });
    expect(decide(state)).toMatchObject({
      kind: 'poll',
      backoff: 'create-content',
      afterMs: 1000,
      events: [{ reason: 'CreatingSnapshot' }],
    });
    const later = decide({ ...state, posted: false });
    const post = decide(aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim }));
    expect(later).toMatchObject({
      kind: 'create-content',
      backoff: 'create-content',
      action: 'note-name',
      inputs: 'inputs' in post ? post.inputs : '',
    });
  });

  test('a fast answer goes into one write with name, time, size and readiness, and both events', () => {
    const step = decide(
      aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers }), content: aContent({ status: READY_STATUS }), posted: true }),
    );
    expect(step).toMatchObject({
      kind: 'write-status',
      patch: {
        operations: [
          { op: 'test', path: '/metadata/uid' },
          { op: 'test', path: '/status', value: null },
          {
            op: 'add',
            path: '/status',
            value: {
              boundVolumeSnapshotContentName: CONTENT_NAME,
              creationTime: '2026-01-01T00:00:00Z',
              restoreSize: '1Gi',
              readyToUse: true,
            },
          },
        ],
      },
    });
    expect(reasons('after' in step ? step.after : [])).toEqual([
      'Normal CreatingSnapshot',
      'Normal SnapshotCreated',
      'Normal SnapshotReady',
    ]);
  });

  test('an error of the content is mirrored once, and taken away with it', () => {
    const failing = aContent({ status: { readyToUse: false, error: { time: '2026-01-01T00:00:09Z', message: 'no space' } } });
    const bound = { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false };
    const state = aBindingState({ snapshot: aSnapshot({ metadata: bothFinalizers, status: bound }), content: failing });
    expect(decide(state)).toMatchObject({
      kind: 'write-status',
      patch: { operations: [{}, { op: 'add', path: '/status/error', value: { message: 'no space' } }] },
    });
    const told = aSnapshot({
      metadata: bothFinalizers,
      status: { ...bound, error: { time: '2025-01-01T00:00:00Z', message: 'no space' } },
    });
    expect(decide({ ...state, snapshot: told })).toMatchObject({ kind: 'done' });
    expect(decide({ ...state, snapshot: told, content: aContent({ status: { readyToUse: false } }) })).toMatchObject({
      kind: 'write-status',
      patch: { operations: [{}, { op: 'remove', path: '/status/error' }] },
    });
  });

  test('a finished snapshot rests', () => {
    expect(decide(aBindingState({ snapshot: aReadySnapshot(), content: aContent({ status: READY_STATUS }) }))).toMatchObject({
      kind: 'done',
      reason: 'ready',
    });
  });
});

describe('binding checks', () => {
  const given = aPreProvisionedSnapshot();

  test.each([
    [
      'a dynamic snapshot finds a content without a volume handle',
      aSnapshot(),
      aContent({ spec: { source: {} } }),
      'SnapshotContentMismatch',
    ],
    [
      'a dynamic snapshot finds a content of another uid',
      aSnapshot(),
      aContent({ spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: 'older' } } }),
      'SnapshotContentMisbound',
    ],
    [
      'a dynamic snapshot finds a content without a uid',
      aSnapshot(),
      aContent({ spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default' } } }),
      'SnapshotContentMisbound',
    ],
    [
      'a dynamic snapshot finds a content that also carries a handle',
      aSnapshot(),
      aContent({ spec: { source: { volumeHandle: 'vol-1', snapshotHandle: 'snap-1' } } }),
      'SnapshotHandleSet',
    ],
    [
      'a pre-provisioned snapshot finds a dynamic content',
      given,
      aPreProvisionedContent({ spec: { source: { volumeHandle: 'vol-1' } } }),
      'SnapshotContentMismatch',
    ],
    [
      'a pre-provisioned snapshot finds a content for another name',
      given,
      aPreProvisionedContent({ spec: { volumeSnapshotRef: { name: 'weekly', namespace: 'default' } } }),
      'SnapshotContentMisbound',
    ],
    [
      'a pre-provisioned snapshot finds a content bound to another uid',
      given,
      aPreProvisionedContent({ spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: 'older' } } }),
      'SnapshotContentMisbound',
    ],
  ])('%s', (_, snapshot, content, reason) => {
    const told = failure(aBindingState({ snapshot, content }));
    expect(told.events).toEqual([`Warning ${reason}`]);
    expect(told.readyToUse).toBe(false);
  });
});

describe('a pre-provisioned snapshot', () => {
  const state = aBindingState({
    snapshot: aPreProvisionedSnapshot(),
    content: aPreProvisionedContent(),
    sources: [],
  });
  const named = aPreProvisionedSnapshot({ metadata: { ...aSnapshot().metadata, ...bothFinalizers } });

  test('whose content is missing is told so once it was read live', () => {
    expect(decide({ ...state, content: undefined })).toMatchObject({ kind: 'confirm', needed: 'content', name: 'imported' });
    expect(failure({ ...state, content: undefined, confirmed: confirmedAll }).events).toEqual(['Warning SnapshotContentMissing']);
  });

  test('protects itself, then binds uid, class and finalizer in one write that tests the reference', () => {
    expect(decide(state)).toMatchObject({ kind: 'add-finalizers' });
    const unclassed = aPreProvisionedContent();
    delete unclassed.spec?.volumeSnapshotClassName;
    expect(decide({ ...state, snapshot: named, content: unclassed })).toMatchObject({
      kind: 'bind-content',
      patch: {
        operations: [
          { op: 'test', path: '/metadata/uid', value: 'content-uid' },
          { op: 'test', path: '/spec/volumeSnapshotRef', value: { name: 'nightly', namespace: 'default' } },
          { op: 'add', path: '/spec/volumeSnapshotRef/uid', value: SNAPSHOT_UID },
          { op: 'add', path: '/spec/volumeSnapshotClassName', value: 'snap' },
          { op: 'add', path: '/metadata/finalizers', value: [CONTENT_PROTECTION] },
        ],
      },
    });
  });

  test('without a class is bound once and not patched again while un-ready', () => {
    const classless = aPreProvisionedSnapshot({
      metadata: { ...aSnapshot().metadata, ...bothFinalizers },
      spec: { source: { volumeSnapshotContentName: 'imported' } },
    });
    const ref = { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID };
    const bound = aPreProvisionedContent({ spec: { volumeSnapshotRef: ref } });
    delete bound.spec?.volumeSnapshotClassName;
    expect(decide({ ...state, snapshot: classless, content: bound })).toMatchObject({ kind: 'create-content', action: 'note-name' });
  });

  test('that is bound already lends its class, though that is gone by now', () => {
    const bound = aPreProvisionedContent({ spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID } } });
    delete bound.spec?.volumeSnapshotClassName;
    expect(decide({ ...state, snapshot: named, content: bound, snapshotClass: undefined })).toMatchObject({ kind: 'bind-content' });
  });

  test('whose class is missing is told so before the pair is made, and not after', () => {
    expect(failure({ ...state, snapshot: named, snapshotClass: undefined, confirmed: confirmedAll }).events).toEqual([
      'Warning GetSnapshotClassFailed',
    ]);
    const bound = aPreProvisionedContent({
      spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID } },
      status: READY_STATUS,
    });
    expect(decide({ ...state, snapshot: named, content: bound, snapshotClass: undefined })).toMatchObject({
      kind: 'write-status',
      after: expect.arrayContaining([expect.objectContaining({ reason: 'SnapshotReady' })]),
    });
  });
});

describe('the note of a failure', () => {
  const noteOf = (state: BindingState): unknown => {
    const step = decide(state);
    if (step.kind !== 'note-failure' || step.patch.type !== 'merge') return step.kind;
    const note = (step.patch.body as { metadata: { annotations: Record<string, string | null> } }).metadata.annotations[FAILURE];
    return typeof note === 'string' ? (JSON.parse(note) as unknown) : note;
  };
  const since = '2026-01-01T00:00:00Z';

  test('follows the status that says it to people, and is written once', () => {
    const unbound = aBindingState({ claim: aClaim({ status: { phase: 'Pending' } }), confirmed: confirmedAll });
    const { message } = failure(unbound);
    const status = { readyToUse: false, error: { message } };
    expect(noteOf({ ...unbound, snapshot: aSnapshot({ status }) })).toEqual({ code: 'FailedPrecondition', retryable: true, since });
    const metadata = { annotations: noted(CAUSE.notYet) };
    expect(noteOf({ ...unbound, snapshot: aSnapshot({ status, metadata }) })).toBe('done');
    const missing = aBindingState({ snapshotClass: undefined, confirmed: confirmedAll });
    const told = { error: { message: failure(missing).message } };
    expect(noteOf({ ...missing, snapshot: aSnapshot({ status: told, metadata }) })).toEqual({ code: 'NotFound', retryable: false, since });
  });

  test("is that of the content, with its time, while the snapshot mirrors the content's error; a content without one has none to give", () => {
    const error = { time: since, message: 'no space' };
    const bound = { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false, error };
    const annotations = noted(causeOfAnswer(8));
    const content = aContent({ metadata: { annotations }, status: { readyToUse: false, error } });
    const snapshot = aSnapshot({ metadata: bothFinalizers, status: bound });
    expect(noteOf(aBindingState({ snapshot, content }))).toEqual({
      code: 'ResourceExhausted',
      retryable: true,
      since: '2025-12-31T23:00:00Z',
    });
    expect(noteOf(aBindingState({ snapshot, content: aContent({ status: { readyToUse: false, error } }) }))).toBe('done');
    const healed = aSnapshot({
      metadata: { ...bothFinalizers, annotations },
      status: { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false },
    });
    expect(noteOf(aBindingState({ snapshot: healed, content: aContent({ status: { readyToUse: false } }) }))).toBeNull();
  });

  test('goes from a ready snapshot', () => {
    const snapshot = aReadySnapshot({ metadata: { ...bothFinalizers, annotations: noted(CAUSE.missing) } });
    expect(noteOf(aBindingState({ snapshot, content: aContent({ status: READY_STATUS }) }))).toBeNull();
  });
});

describe('a ready snapshot', () => {
  test('loses an error that a lagging cache wrote beside the good news, once its content has none', () => {
    const snapshot = aReadySnapshot({
      metadata: bothFinalizers,
      status: { ...aReadySnapshot().status, error: { message: 'of the past' } },
    });
    expect(decide(aBindingState({ snapshot, content: aContent({ status: READY_STATUS }) }))).toMatchObject({
      kind: 'write-status',
      patch: {
        operations: [
          { op: 'test', path: '/metadata/uid' },
          { op: 'remove', path: '/status/error' },
        ],
      },
    });
    expect(decide(aBindingState({ snapshot, content: aContent({ status: { ...READY_STATUS, readyToUse: false } }) })).kind).toBe('done');
  });

  test('whose content vanished is told so and never made again', () => {
    const state = aBindingState({ snapshot: aReadySnapshot(), claim: protectedClaim });
    expect(decide(state)).toMatchObject({ kind: 'confirm', needed: 'content' });
    const told = failure({ ...state, confirmed: confirmedAll });
    expect(told).toMatchObject({ events: ['Warning SnapshotContentMissing'], readyToUse: false });
    const status = { readyToUse: false, error: { message: told.message } };
    expect(decide({ ...state, snapshot: aReadySnapshot({ status }) })).toMatchObject({ kind: 'note-failure' });
    const lost = aReadySnapshot({ metadata: { ...bothFinalizers, annotations: noted(CAUSE.lost) }, status });
    expect(decide({ ...state, snapshot: lost })).toMatchObject({ kind: 'done' });
    expect(decide({ ...state, snapshot: lost, confirmed: confirmedAll })).toMatchObject({ kind: 'done' });
  });

  test('whose content never said a time but was ready is not made again either', () => {
    const state = aBindingState({
      snapshot: aSnapshot({ metadata: bothFinalizers, status: { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: true } }),
    });
    const told = failure({ ...state, confirmed: confirmedAll });
    const lost = aSnapshot({
      metadata: { ...bothFinalizers, annotations: noted(CAUSE.lost) },
      status: { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false, error: { message: told.message } },
    });
    expect(decide({ ...state, snapshot: lost, confirmed: confirmedAll })).toMatchObject({ kind: 'done' });
  });

  test('whose content comes back is ready again', () => {
    const lost = aReadySnapshot({ status: { readyToUse: false, error: { message: 'lost' } } });
    expect(decide(aBindingState({ snapshot: lost, content: aContent({ status: READY_STATUS }) }))).toMatchObject({
      kind: 'write-status',
      after: expect.arrayContaining([expect.objectContaining({ reason: 'SnapshotReady' })]),
    });
  });

  test('whose content refers to another snapshot is misbound', () => {
    const content = aContent({
      spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: 'other' } },
      status: READY_STATUS,
    });
    expect(failure(aBindingState({ snapshot: aReadySnapshot(), content }))).toMatchObject({
      events: ['Warning SnapshotMisbound'],
      readyToUse: false,
    });
  });

  test('whose class was deleted hears nothing of it', () => {
    expect(
      decide(aBindingState({ snapshot: aReadySnapshot(), content: aContent({ status: READY_STATUS }), snapshotClass: undefined })),
    ).toMatchObject({ kind: 'done' });
  });

  test('that lost its finalizers gets them back', () => {
    const stripped = aReadySnapshot({ metadata: { finalizers: [] } });
    expect(decide(aBindingState({ snapshot: stripped, content: aContent({ status: READY_STATUS }) }))).toMatchObject({
      kind: 'add-finalizers',
    });
  });

  test('was bound and never cut: its content is made again under the same name', () => {
    const bound = aSnapshot({ metadata: bothFinalizers, status: { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false } });
    expect(decide(aBindingState({ snapshot: bound, claim: protectedClaim }))).toMatchObject({ kind: 'create-content', action: 'post' });
  });
});

describe('objects of groups, while groups are off', () => {
  const membership = { name: 'g', uid: undefined, proof: 'yes', group: 'unserved' } as const;

  test('a member is left alone', () => {
    expect(decide(aBindingState({ membership }))).toMatchObject({ kind: 'done' });
    expect(decide(aBindingState({ membership, snapshot: aReadySnapshot(), content: aContent() }))).toMatchObject({ kind: 'done' });
  });

  test('a member that is being deleted says why it waits', () => {
    const snapshot = aSnapshot({ metadata: deleting, status: { volumeGroupSnapshotName: 'g' } });
    expect(decide(aBindingState({ membership, snapshot }))).toMatchObject({ kind: 'done', events: [{ reason: 'SnapshotDeletePending' }] });
  });

  test.each([
    ['the finalizer of members', { finalizers: ['snapshot.storage.kubernetes.io/volumesnapshot-in-group-protection'] }],
    ['an owner', { ownerReferences: [{ kind: 'VolumeGroupSnapshot' }] }],
  ])('%s, which users may write, makes no member of it', (_, metadata) => {
    expect(decide(aBindingState({ snapshot: aSnapshot({ metadata }) }))).toMatchObject({ kind: 'add-finalizers' });
    const going = aSnapshot({
      metadata: {
        ...deleting,
        ...metadata,
        finalizers: [...bothFinalizers.finalizers, ...('finalizers' in metadata ? metadata.finalizers : [])],
      },
    });
    expect(decide(aBindingState({ snapshot: going, content: aContent() }))).toMatchObject({ kind: 'mark-content' });
  });
});
