import { describe, expect, test } from 'vitest';
import type { EventNote } from '../../lib/controller/step.ts';
import {
  AS_SOURCE_PROTECTION,
  BEING_DELETED,
  BOUND_PROTECTION,
  CLAIM_PROTECTION,
  CONTENT_PROTECTION,
  GROUP_HANDLE,
  IN_GROUP_PROTECTION,
  IS_DEFAULT_CLASS,
} from '../names.ts';
import {
  CONTENT_NAME,
  DRIVER,
  EPOCH_MS,
  READY_STATUS,
  SNAPSHOT_UID,
  aClaim,
  aClass,
  aContent,
  aGivenContent,
  aGivenSnapshot,
  aReadySnapshot,
  aSnapshot,
  aVolume,
} from '../testing/objects.ts';
import { decide } from './decide.ts';
import type { BindingState } from './state.ts';

/** Everything there for a dynamic snapshot, nothing done yet. */
function aState(more: Partial<BindingState> = {}): BindingState {
  return {
    now: EPOCH_MS,
    rules: { preventVolumeModeConversion: true, distributedSnapshotting: false },
    snapshot: aSnapshot(),
    gone: false,
    content: undefined,
    snapshotClass: aClass(),
    defaultClasses: [],
    claim: aClaim(),
    volume: aVolume(),
    nodes: [],
    restoring: [],
    confirmed: new Set(),
    refusal: undefined,
    posted: false,
    ...more,
  };
}

const bothFinalizers = { finalizers: [AS_SOURCE_PROTECTION, BOUND_PROTECTION] };
const protectedClaim = aClaim({ metadata: { finalizers: [CLAIM_PROTECTION] } });
const confirmedAll = new Set(['content', 'class', 'claim', 'volume'] as const);
const deleting = { deletionTimestamp: '2026-01-01T00:01:00Z' };

function reasons(notes: readonly EventNote[] | undefined): readonly string[] {
  return (notes ?? []).map(({ type, reason }) => `${type} ${reason}`);
}

/** The step must be a status error; answers its message and event reasons. */
function failure(state: BindingState): { readonly message: string; readonly events: readonly string[]; readonly readyToUse: unknown } {
  const step = decide(state);
  if (step.kind !== 'write-error' || step.patch.type !== 'json') throw new Error(`expected an error, got ${step.kind}`);
  const values = step.patch.operations.map(({ path, value }) => [path, value] as const);
  const whole = values.find(([path]) => path === '/status')?.[1] as { error?: { message?: string }; readyToUse?: boolean } | undefined;
  const error = whole?.error ?? (values.find(([path]) => path === '/status/error')?.[1] as { message?: string } | undefined);
  const readyToUse = whole === undefined ? values.find(([path]) => path === '/status/readyToUse')?.[1] : whole.readyToUse;
  return { message: error?.message ?? '', events: reasons(step.before), readyToUse };
}

describe('the way of a dynamic snapshot', () => {
  test('its own finalizers come first, both in one patch that tests the uid', () => {
    expect(decide(aState())).toMatchObject({
      kind: 'add-finalizers',
      patch: {
        operations: [
          { op: 'test', path: '/metadata/uid', value: SNAPSHOT_UID },
          { op: 'add', path: '/metadata/finalizers', value: [AS_SOURCE_PROTECTION, BOUND_PROTECTION] },
        ],
      },
    });
  });

  test('finalizers of others are kept, and the list is tested', () => {
    const step = decide(aState({ snapshot: aSnapshot({ metadata: { finalizers: ['example.com/x'] } }) }));
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
    const step = decide(aState({ snapshotClass: aClass({ deletionPolicy: 'Retain' }) }));
    expect(step).toMatchObject({ patch: { operations: [{}, { value: [AS_SOURCE_PROTECTION] }] } });
  });

  test('then the claim is put with our finalizer, conditional on uid and version', () => {
    const step = decide(aState({ snapshot: aSnapshot({ metadata: bothFinalizers }) }));
    expect(step).toMatchObject({
      kind: 'protect-claim',
      claim: {
        kind: 'PersistentVolumeClaim',
        metadata: { uid: 'claim-uid', resourceVersion: '5', finalizers: ['kubernetes.io/pvc-protection', CLAIM_PROTECTION] },
      },
    });
  });

  test('then the content is posted, whole, and the event says that the driver is waited for', () => {
    const step = decide(aState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim }));
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
    expect(reasons('after' in step ? step.after : [])).toEqual(['Normal CreatingSnapshot']);
  });

  test('the volume mode is left out where conversion is allowed', () => {
    const step = decide(
      aState({
        snapshot: aSnapshot({ metadata: bothFinalizers }),
        claim: protectedClaim,
        rules: { preventVolumeModeConversion: false, distributedSnapshotting: false },
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
      aState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim, snapshotClass: aClass({ parameters }) }),
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
    const rules = { preventVolumeModeConversion: true, distributedSnapshotting: true };
    const step = decide(aState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim, volume, nodes, rules }));
    expect(step).toMatchObject({ content: { metadata: { labels: { 'snapshot.storage.kubernetes.io/managed-by': 'node-b' } } } });
  });

  test('just after the post the bound name waits for the driver, in a later run it is written', () => {
    const state = aState({ snapshot: aSnapshot({ metadata: bothFinalizers }), content: aContent(), posted: true });
    expect(decide(state)).toMatchObject({ kind: 'poll', effect: 'create-content', afterMs: 1000 });
    const later = decide({ ...state, posted: false });
    const post = decide(aState({ snapshot: aSnapshot({ metadata: bothFinalizers }), claim: protectedClaim }));
    expect(later).toMatchObject({ kind: 'create-content', action: 'note-name', inputs: 'inputs' in post ? post.inputs : '' });
  });

  test('a fast answer goes into one write with name, time, size and readiness, and both events', () => {
    const step = decide(
      aState({ snapshot: aSnapshot({ metadata: bothFinalizers }), content: aContent({ status: READY_STATUS }), posted: true }),
    );
    expect(step).toMatchObject({
      kind: 'write-status',
      created: true,
      ready: true,
      patch: {
        operations: [
          { op: 'test', path: '/metadata/uid' },
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
    expect(reasons('after' in step ? step.after : [])).toEqual(['Normal SnapshotCreated', 'Normal SnapshotReady']);
  });

  test('an error of the content is mirrored once, and taken away with it', () => {
    const failing = aContent({ status: { readyToUse: false, error: { time: '2026-01-01T00:00:09Z', message: 'no space' } } });
    const bound = { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false };
    const state = aState({ snapshot: aSnapshot({ metadata: bothFinalizers, status: bound }), content: failing });
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
    expect(decide(aState({ snapshot: aReadySnapshot(), content: aContent({ status: READY_STATUS }) }))).toMatchObject({
      kind: 'done',
      reason: 'ready',
    });
  });
});

describe('what stands in the way of a dynamic snapshot', () => {
  test.each([
    ['a claim that is not bound', { claim: aClaim({ status: { phase: 'Pending' } }) }, /not yet bound/],
    ['a claim that is being deleted', { claim: aClaim({ metadata: deleting }) }, /is being deleted/],
    ['a claim that is missing', { claim: undefined }, /default\/data was not found/],
    ['a volume that is missing', { volume: undefined }, /pv-data of claim default\/data was not found/],
    [
      'a volume bound to another claim',
      { volume: aVolume({ claimRef: { name: 'data', namespace: 'default', uid: 'older' } }) },
      /is not bound to claim/,
    ],
    ['a volume that is no CSI volume', { volume: { spec: { claimRef: { name: 'data', namespace: 'default' } } } }, /no CSI volume/],
    [
      'a class of another driver',
      { snapshotClass: aClass({ driver: 'other.csi.example' }) },
      /of driver other\.csi\.example .* of driver mock\.csi\.example/,
    ],
    [
      'a class with half a secret',
      { snapshotClass: aClass({ parameters: { 'csi.storage.k8s.io/snapshotter-secret-name': 'x' } }) },
      /either both or none/,
    ],
  ])('%s is told and nothing is made', (_, missing, message) => {
    const told = failure(aState({ ...missing, confirmed: confirmedAll }));
    expect(told.message).toMatch(message);
    expect(told.events).toEqual(['Warning SnapshotContentCreationFailed']);
    expect(told.readyToUse).toBe(false);
  });

  test.each([
    ['class', { snapshotClass: undefined }, 'snap'],
    ['claim', { claim: undefined }, 'data'],
    ['volume', { volume: undefined }, 'pv-data'],
  ] as const)('a missing %s is read live before anybody is told', (needed, missing, name) => {
    expect(decide(aState(missing))).toMatchObject({ kind: 'confirm', needed, name });
  });

  test('a missing class is told without touching readiness', () => {
    const told = failure(aState({ snapshotClass: undefined, confirmed: confirmedAll }));
    expect(told).toMatchObject({ events: ['Warning GetSnapshotClassFailed'], readyToUse: undefined });
  });

  test('what is told already is neither written nor read again', () => {
    const { message } = failure(aState({ claim: undefined, confirmed: confirmedAll }));
    const told = aSnapshot({ status: { readyToUse: false, error: { time: '2020-01-01T00:00:00Z', message } } });
    expect(decide(aState({ claim: undefined, snapshot: told }))).toMatchObject({ kind: 'done' });
  });

  test('a refusal of the API server is told with both events, then waits at its back-off', () => {
    const refusal = { effect: 'create-content', message: 'forbidden' } as const;
    const told = failure(aState({ refusal }));
    expect(told.events).toEqual(['Warning CreateSnapshotContentFailed', 'Warning SnapshotContentCreationFailed']);
    const after = aSnapshot({ status: { readyToUse: false, error: { message: told.message } } });
    expect(decide(aState({ refusal, snapshot: after }))).toMatchObject({ kind: 'retry', effect: 'create-content' });
  });

  test('neither or both sources are invalid', () => {
    for (const source of [{}, { persistentVolumeClaimName: 'data', volumeSnapshotContentName: 'x' }])
      expect(failure(aState({ snapshot: aSnapshot({ spec: { source } }) })).events).toEqual(['Warning SnapshotValidationError']);
  });
});

describe('a snapshot without a class', () => {
  const unnamed = aSnapshot({ spec: { source: { persistentVolumeClaimName: 'data' } } });
  const marked = (name: string, driver = DRIVER) => aClass({ metadata: { name, annotations: { [IS_DEFAULT_CLASS]: 'true' } }, driver });

  test('takes the only default of its driver, on condition that it is unchanged', () => {
    const state = aState({
      snapshot: unnamed,
      snapshotClass: undefined,
      defaultClasses: [marked('theirs', 'other.csi.example'), marked('ours')],
    });
    expect(decide(state)).toMatchObject({
      kind: 'set-class',
      patch: { body: { metadata: { resourceVersion: '10' }, spec: { volumeSnapshotClassName: 'ours' } } },
    });
  });

  test('is refused where there is none, or several, which are named', () => {
    const none = failure(aState({ snapshot: unnamed, snapshotClass: undefined }));
    expect(none.events).toEqual(['Warning SetDefaultSnapshotClassFailed']);
    const several = failure(aState({ snapshot: unnamed, snapshotClass: undefined, defaultClasses: [marked('b'), marked('a')] }));
    expect(several.message).toMatch(/a, b/);
  });

  test('is refused while its claim is not bound', () => {
    const told = failure(
      aState({
        snapshot: unnamed,
        snapshotClass: undefined,
        claim: aClaim({ status: { phase: 'Pending' } }),
        defaultClasses: [marked('a')],
      }),
    );
    expect(told.events).toEqual(['Warning SetDefaultSnapshotClassFailed']);
  });
});

describe('binding checks', () => {
  const given = aGivenSnapshot();

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
      aGivenContent({ spec: { source: { volumeHandle: 'vol-1' } } }),
      'SnapshotContentMismatch',
    ],
    [
      'a pre-provisioned snapshot finds a content for another name',
      given,
      aGivenContent({ spec: { volumeSnapshotRef: { name: 'weekly', namespace: 'default' } } }),
      'SnapshotContentMisbound',
    ],
    [
      'a pre-provisioned snapshot finds a content bound to another uid',
      given,
      aGivenContent({ spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: 'older' } } }),
      'SnapshotContentMisbound',
    ],
  ])('%s', (_, snapshot, content, reason) => {
    const told = failure(aState({ snapshot, content }));
    expect(told.events).toEqual([`Warning ${reason}`]);
    expect(told.readyToUse).toBe(false);
  });
});

describe('a pre-provisioned snapshot', () => {
  const state = aState({ snapshot: aGivenSnapshot(), content: aGivenContent(), claim: undefined, volume: undefined });
  const named = aGivenSnapshot({ metadata: { ...aSnapshot().metadata, ...bothFinalizers } });

  test('whose content is missing is told so once it was read live', () => {
    expect(decide({ ...state, content: undefined })).toMatchObject({ kind: 'confirm', needed: 'content', name: 'imported' });
    expect(failure({ ...state, content: undefined, confirmed: confirmedAll }).events).toEqual(['Warning SnapshotContentMissing']);
  });

  test('protects itself, then binds uid, class and finalizer in one write that tests the reference', () => {
    expect(decide(state)).toMatchObject({ kind: 'add-finalizers' });
    const unclassed = aGivenContent();
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
    const classless = aGivenSnapshot({
      metadata: { ...aSnapshot().metadata, ...bothFinalizers },
      spec: { source: { volumeSnapshotContentName: 'imported' } },
    });
    const ref = { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID };
    const bound = aGivenContent({ spec: { volumeSnapshotRef: ref } });
    delete bound.spec?.volumeSnapshotClassName;
    expect(decide({ ...state, snapshot: classless, content: bound })).toMatchObject({ kind: 'create-content', action: 'note-name' });
  });

  test('whose class is missing is told so before the pair is made, and not after', () => {
    expect(failure({ ...state, snapshot: named, snapshotClass: undefined, confirmed: confirmedAll }).events).toEqual([
      'Warning GetSnapshotClassFailed',
    ]);
    const bound = aGivenContent({
      spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID } },
      status: READY_STATUS,
    });
    expect(decide({ ...state, snapshot: named, content: bound, snapshotClass: undefined })).toMatchObject({
      kind: 'write-status',
      ready: true,
    });
  });
});

describe('a ready snapshot', () => {
  test('whose content vanished is told so and never made again', () => {
    const state = aState({ snapshot: aReadySnapshot(), claim: protectedClaim });
    expect(decide(state)).toMatchObject({ kind: 'confirm', needed: 'content' });
    const told = failure({ ...state, confirmed: confirmedAll });
    expect(told).toMatchObject({ events: ['Warning SnapshotContentMissing'], readyToUse: false });
    const lost = aReadySnapshot({ status: { readyToUse: false, error: { message: told.message } } });
    expect(decide({ ...state, snapshot: lost })).toMatchObject({ kind: 'done' });
    expect(decide({ ...state, snapshot: lost, confirmed: confirmedAll })).toMatchObject({ kind: 'done' });
  });

  test('whose content never said a time but was ready is not made again either', () => {
    const state = aState({
      snapshot: aSnapshot({ metadata: bothFinalizers, status: { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: true } }),
    });
    const told = failure({ ...state, confirmed: confirmedAll });
    const lost = aSnapshot({
      metadata: bothFinalizers,
      status: { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false, error: { message: told.message } },
    });
    expect(decide({ ...state, snapshot: lost, confirmed: confirmedAll })).toMatchObject({ kind: 'done' });
  });

  test('whose content comes back is ready again', () => {
    const lost = aReadySnapshot({ status: { readyToUse: false, error: { message: 'lost' } } });
    expect(decide(aState({ snapshot: lost, content: aContent({ status: READY_STATUS }) }))).toMatchObject({
      kind: 'write-status',
      ready: true,
    });
  });

  test('whose content refers to another snapshot is misbound', () => {
    const content = aContent({
      spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: 'other' } },
      status: READY_STATUS,
    });
    expect(failure(aState({ snapshot: aReadySnapshot(), content }))).toMatchObject({
      events: ['Warning SnapshotMisbound'],
      readyToUse: false,
    });
  });

  test('whose class was deleted hears nothing of it', () => {
    expect(
      decide(aState({ snapshot: aReadySnapshot(), content: aContent({ status: READY_STATUS }), snapshotClass: undefined })),
    ).toMatchObject({ kind: 'done' });
  });

  test('that lost its finalizers gets them back', () => {
    const stripped = aReadySnapshot({ metadata: { finalizers: [] } });
    expect(decide(aState({ snapshot: stripped, content: aContent({ status: READY_STATUS }) }))).toMatchObject({ kind: 'add-finalizers' });
  });

  test('was bound and never cut: its content is made again under the same name', () => {
    const bound = aSnapshot({ metadata: bothFinalizers, status: { boundVolumeSnapshotContentName: CONTENT_NAME, readyToUse: false } });
    expect(decide(aState({ snapshot: bound, claim: protectedClaim }))).toMatchObject({ kind: 'create-content', action: 'post' });
  });
});

describe('a snapshot that is being deleted', () => {
  const snapshot = aReadySnapshot({ metadata: { ...bothFinalizers, ...deleting } });
  const marked = (more: Parameters<typeof aContent>[0] = {}) =>
    aContent({ status: READY_STATUS, ...more, metadata: { annotations: { [BEING_DELETED]: 'yes' }, ...more.metadata } });
  const state = aState({ snapshot, content: aContent({ status: READY_STATUS }) });

  test('marks its content first, on condition of the version that was decided on', () => {
    expect(decide(state)).toMatchObject({
      kind: 'mark-content',
      patch: { type: 'merge', body: { metadata: { uid: 'content-uid', resourceVersion: '20', annotations: { [BEING_DELETED]: 'yes' } } } },
    });
  });

  test('then deletes it, with uid and version, by the policy of the content', () => {
    expect(decide({ ...state, content: marked() })).toMatchObject({ kind: 'delete-content', uid: 'content-uid', resourceVersion: '20' });
  });

  test('then waits until the content is gone, and marks it again if the mark was overwritten', () => {
    expect(decide({ ...state, content: marked({ metadata: deleting }) })).toMatchObject({ kind: 'done' });
    expect(decide({ ...state, content: aContent({ metadata: deleting }) })).toMatchObject({ kind: 'mark-content' });
  });

  test('then goes, once the content is known to be gone', () => {
    expect(decide({ ...state, content: undefined })).toMatchObject({ kind: 'confirm', needed: 'content', name: CONTENT_NAME });
    expect(decide({ ...state, content: undefined, confirmed: confirmedAll })).toMatchObject({
      kind: 'release-snapshot',
      patch: {
        operations: [{}, { op: 'test', value: [AS_SOURCE_PROTECTION, BOUND_PROTECTION] }, { op: 'remove', path: '/metadata/finalizers' }],
      },
    });
  });

  test('leaves a retained content alone but for the mark, whatever its class says by now', () => {
    const retained = marked({ spec: { deletionPolicy: 'Retain' } });
    expect(decide({ ...state, content: retained, snapshotClass: aClass({ deletionPolicy: 'Delete' }) })).toMatchObject({
      kind: 'release-snapshot',
    });
  });

  test('waits while a claim is being restored from it, and says which', () => {
    const step = decide({ ...state, restoring: ['default/restored'] });
    expect(step).toMatchObject({ kind: 'done', events: [{ reason: 'SnapshotDeletePending', type: 'Warning' }] });
    expect('events' in step && step.events?.[0]?.message).toMatch(/default\/restored/);
  });

  test('does not touch a content that names another snapshot', () => {
    const foreign = aContent({ spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: 'other' } } });
    expect(decide({ ...state, content: foreign })).toMatchObject({ kind: 'release-snapshot' });
  });

  test('does not touch an unbound content that an admin made for it', () => {
    const given = aGivenSnapshot({ metadata: { ...aSnapshot().metadata, ...bothFinalizers, ...deleting } });
    expect(decide(aState({ snapshot: given, content: aGivenContent() }))).toMatchObject({ kind: 'release-snapshot' });
  });

  test('without finalizers of ours is left to go, even where nothing is known of its content', () => {
    expect(decide(aState({ snapshot: aSnapshot({ metadata: { ...deleting, finalizers: ['example.com/x'] } }) }))).toMatchObject({
      kind: 'done',
    });
  });

  test('tells a refused delete and waits at its back-off', () => {
    const step = decide({ ...state, content: marked(), refusal: { effect: 'delete-content', message: 'forbidden' } });
    expect(step).toMatchObject({ kind: 'retry', effect: 'delete-content', events: [{ reason: 'SnapshotContentObjectDeleteError' }] });
  });
});

describe('objects of groups', () => {
  test.each([
    ['a member by its status', aSnapshot({ status: { volumeGroupSnapshotName: 'g' } }), undefined],
    ['a member by its finalizer', aSnapshot({ metadata: { finalizers: [IN_GROUP_PROTECTION], ...deleting } }), undefined],
    ['a member by its owner', aSnapshot({ metadata: { ownerReferences: [{ kind: 'VolumeGroupSnapshot' }] } }), undefined],
    ['a content with a group handle', aSnapshot(), aContent({ metadata: { annotations: { [GROUP_HANDLE]: 'g-1' } } })],
    ['a content with a group handle in its status', aReadySnapshot(), aContent({ status: { volumeGroupSnapshotHandle: 'g-1' } })],
  ])('%s is left alone', (_, snapshot, content) => {
    expect(decide(aState({ snapshot, content }))).toMatchObject({ kind: 'done' });
  });
});
