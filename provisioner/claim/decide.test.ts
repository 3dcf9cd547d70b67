import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STORAGE_PROVISIONER } from '../facts/names.ts';
import type { aContent, aSnapshot } from '../testing/objects.ts';
import { aClaim, aClass, aVolume, CLAIM_SOURCE, CLAIM_UID, DRIVER, SNAPSHOT_SOURCE, VOLUME_NAME } from '../testing/objects.ts';
import { aState, anIntent, anOpen, settings } from '../testing/states.ts';
import type { Intent } from '../intent/intent.ts';
import type { Operation } from '../intent/operation.ts';
import { NO_OPERATION } from '../intent/operation.ts';
import { dataSourceOf } from '../facts/data-source.ts';
import { decide } from './decide.ts';
import type { ClaimState } from './state.ts';

const secret = { name: 's', namespace: 'vault' };
const values = { of: secret, reveal: () => ({}) };
const OTHER = anIntent({ request: { ...anIntent().request, parameters: { kind: 'hdd' } } });
/** The call went unanswered once. */
const UNCERTAIN = anOpen({ uncertain: [anIntent()] });
const CREATED: Operation = { phase: 'created', intent: anIntent(), volume: aVolume(), startedMs: undefined };
const CLOSING: Operation = { phase: 'closing', name: VOLUME_NAME };
const GOING = aClaim({ metadata: { deletionTimestamp: 'now', annotations: { [STORAGE_PROVISIONER]: DRIVER } } });

type Change = Parameters<typeof aState>[0] & { readonly operation?: Operation };
const state = ({ operation = NO_OPERATION, progress, ...change }: Change = {}): ClaimState =>
  aState({ ...change, progress: { operation, ...progress } });
const kind = (change?: Change): string => decide(state(change)).kind;
const reasons = (change: Change): unknown => {
  const step = decide(state(change));
  return step.kind === 'done' ? step.reason : step.kind;
};

// Whose claim is it?

test('a claim with a volume is left alone, and costs nothing', () => {
  expect(reasons({ claim: aClaim({ volumeName: 'pv' }) })).toBe('the claim has its volume');
});

test.each([
  ['another provisioner', { [STORAGE_PROVISIONER]: 'other' }],
  ['nobody', {}],
  [
    'the beta annotation while the other names someone else',
    { [STORAGE_PROVISIONER]: 'other', 'volume.beta.kubernetes.io/storage-provisioner': DRIVER },
  ],
])('a claim for %s is left alone', (_, annotations) => {
  expect(reasons({ claim: aClaim({ metadata: { annotations } }) })).toBe('the claim is for another provisioner');
});

test('the beta annotation counts where the other is absent', () => {
  const annotations = { 'volume.beta.kubernetes.io/storage-provisioner': DRIVER };
  expect(kind({ claim: aClaim({ metadata: { annotations } }) })).toBe('write-intent');
});

test('a claim that is being deleted gets no new volume', () => {
  expect(reasons({ claim: GOING })).toBe('the claim is being deleted');
});

test('a claim without its class waits for the class, without an event', () => {
  expect(decide(state({ class: undefined }))).toEqual({ kind: 'done', reason: 'the storage class is not found' });
});

test('a forged annotation does not make another driver’s class ours', () => {
  expect(reasons({ class: aClass({ provisioner: 'other' }) })).toBe('the storage class belongs to other');
});

test('late binding waits for a node', () => {
  const late = aClass({ volumeBindingMode: 'WaitForFirstConsumer' });
  expect(reasons({ class: late })).toBe('no node is selected yet');
  const annotations = { [STORAGE_PROVISIONER]: DRIVER, 'volume.kubernetes.io/selected-node': 'node-1' };
  expect(kind({ class: late, claim: aClaim({ metadata: { annotations } }) })).toBe('write-intent');
});

// The straight way

test('first the intent, then the call, then the PV, and the user is told at the end', () => {
  expect(decide(state())).toMatchObject({ kind: 'write-intent', intent: anIntent() });
  expect(decide(state({ operation: anOpen() }))).toMatchObject({
    kind: 'create-volume',
    purpose: 'attempt',
    intent: anIntent(),
    plan: { metadata: { name: VOLUME_NAME }, spec: { claimRef: { uid: CLAIM_UID }, persistentVolumeReclaimPolicy: 'Delete' } },
    before: [{ type: 'Normal', reason: 'Provisioning', message: 'External provisioner is provisioning volume for claim "shop/data"' }],
  });
  expect(decide(state({ operation: CREATED }))).toMatchObject({ kind: 'save-volume', volume: aVolume() });
  for (const operation of [CLOSING, NO_OPERATION])
    expect(decide(state({ operation, volume: aVolume(), saved: true }))).toMatchObject({
      kind: 'done',
      events: [{ type: 'Normal', reason: 'ProvisioningSucceeded', message: `Successfully provisioned volume ${VOLUME_NAME}` }],
    });
  expect(decide(state({ volume: aVolume() }))).toEqual({ kind: 'done', reason: 'the volume is provisioned', events: [] });
});

test('an intent of another wish is written anew before the call', () => {
  expect(decide(state({ operation: anOpen({ intent: OTHER }) }))).toMatchObject({ kind: 'write-intent', intent: anIntent() });
});

test('the intent is written again before each call, also where it was sent before', () => {
  for (const call of ['unknown', 'final'] as const)
    expect(decide(state({ operation: { ...UNCERTAIN, call } }))).toMatchObject({ kind: 'write-intent', intent: anIntent() });
});

// The order

test('an unwanted volume is deleted before anything else is asked for or said', () => {
  const operation = anOpen({ call: 'final', unwanted: { handle: 'vol-9', madeBy: OTHER }, uncertain: [OTHER] });
  const failure = { kind: 'unfit', purpose: 'attempt', message: 'too small' } as const;
  for (const change of [{}, { claim: undefined }, { claim: GOING }, { volume: aVolume() }, { callFailure: failure }])
    expect(decide(state({ operation, ...change }))).toMatchObject({ kind: 'delete-unwanted', handle: 'vol-9' });
});

test('an unwanted volume that cannot be deleted is told and tried again, and nothing else is asked for', () => {
  const operation = anOpen({ call: 'final', unwanted: { handle: 'vol-9', madeBy: OTHER }, uncertain: [OTHER] });
  expect(decide(state({ operation, deleteFailure: 'in use' }))).toMatchObject({
    kind: 'retry',
    backoff: 'create-volume',
    events: [{ type: 'Warning', reason: 'ProvisioningFailed', message: expect.stringContaining('cannot be deleted: in use') }],
  });
});

test('an unwanted volume that a PV holds is not ours to delete', () => {
  const operation = anOpen({ call: 'final', unwanted: { handle: 'vol-9', madeBy: OTHER }, uncertain: [OTHER] });
  expect(decide(state({ operation, unwantedHeldBy: 'pv-of-others' }))).toMatchObject({
    kind: 'retry',
    backoff: 'report',
    events: [{ message: expect.stringContaining('belongs to PersistentVolume pv-of-others') }],
  });
});

test('the secret of a driver that asks for one is read before its unwanted volume is deleted in a later run', () => {
  const operation = anOpen({
    intent: anIntent({ secret }),
    call: 'final',
    unwanted: { handle: 'vol-9', madeBy: anIntent({ secret }) },
    uncertain: [anIntent({ secret })],
  });
  expect(decide(state({ operation, secret: values }))).toMatchObject({ kind: 'delete-unwanted' });
  expect(decide(state({ operation }))).toMatchObject({ kind: 'read-secret', secret });
});

test('a made volume is saved before anything else, even if the claim is gone, bound to another or no longer ours', () => {
  for (const claim of [undefined, GOING, aClaim({ volumeName: 'other' }), aClaim({ metadata: { annotations: {} } })])
    for (const volume of [undefined, aVolume(), aVolume({ claimRef: { uid: 'other' } })])
      expect(kind({ claim, volume, operation: CREATED })).toBe('save-volume');
});

test.each([
  ['lives', aClaim()],
  ['is bound', aClaim({ volumeName: VOLUME_NAME })],
  ['is going', GOING],
  ['is gone', undefined],
])('a PV that exists ends the operation of a claim that %s, and only then its entry goes', (_, claim) => {
  const inherited = { inherited: claim === undefined };
  for (const operation of [anOpen(), UNCERTAIN]) expect(kind({ claim, operation, progress: inherited, volume: aVolume() })).toBe('close');
  for (const operation of [CLOSING, NO_OPERATION]) expect(kind({ claim, operation, volume: aVolume() })).toBe('done');
});

test('a PV that comes after it was found missing ends no call that is open: that may make another volume than the PV names', () => {
  const late = { claim: undefined, volume: aVolume() };
  expect(decide(state({ operation: UNCERTAIN, ...late }))).toMatchObject({ kind: 'create-volume', purpose: 'settle' });
  expect(kind({ operation: anOpen({ uncertain: [anIntent()], call: 'final' }), ...late })).toBe('close');
});

test('the end of what another process began is told to the claim, and so is an entry that was never true', () => {
  const close = (change: Change) => decide(state({ operation: UNCERTAIN, volume: aVolume(), ...change }));
  const regarding = { kind: 'PersistentVolumeClaim', metadata: { uid: CLAIM_UID } };
  const inherited = { inherited: true } as const;
  expect(close({})).toMatchObject({ kind: 'close', before: [] });
  expect(close({ progress: inherited })).toMatchObject({ before: [{ type: 'Normal', reason: 'ProvisioningSucceeded', regarding }] });
  expect(close({ progress: inherited, misfit: 'it is forged' })).toMatchObject({
    before: [{ type: 'Warning', reason: 'VolumeUndecided', message: expect.stringContaining('it is forged'), regarding }],
  });
  expect(close({ claim: undefined, progress: inherited })).toMatchObject({ kind: 'close', before: [] });
});

test('an entry that asks for something else than its living claim is told to the claim that is served by its own wish', () => {
  const forged = anOpen({ intent: OTHER, uncertain: [OTHER] });
  const told = (change: Change) => decide(state({ operation: forged, ...change }));
  const regarding = { kind: 'PersistentVolumeClaim', metadata: { uid: CLAIM_UID } };
  expect(told({ misfit: 'it is forged' })).toMatchObject({
    kind: 'write-intent',
    before: [{ type: 'Warning', reason: 'VolumeUndecided', message: expect.stringContaining('it is forged'), regarding }],
  });
  expect(told({ progress: { inherited: true } })).toMatchObject({ before: [{ message: expect.stringContaining('something else') }] });
  // Of our own, it is an earlier class.
  expect(told({})).toMatchObject({ kind: 'write-intent', before: [] });
});

test('a PV of our name that belongs to another claim stops everything, and says so to who waits', () => {
  const foreign = aVolume({ claimRef: { uid: 'other' } });
  for (const operation of [NO_OPERATION, UNCERTAIN])
    expect(decide(state({ operation, volume: foreign }))).toMatchObject({
      kind: 'retry',
      backoff: 'report',
      events: [{ type: 'Warning', reason: 'ProvisioningFailed', message: expect.stringContaining('belongs to another claim') }],
    });
  expect(kind({ claim: undefined, volume: foreign })).toBe('done');
});

test('once a foreign PV has gone, what may be left of ours is asked for by the same call', () => {
  expect(decide(state({ operation: UNCERTAIN }))).toMatchObject({ kind: 'write-intent', intent: anIntent() });
  expect(decide(state({ operation: UNCERTAIN, claim: undefined }))).toMatchObject({ kind: 'create-volume', purpose: 'settle' });
});

// The account decides nothing for the user

test.each(['unknown', 'final'] as const)('a mended class is asked for at once after an answer that was %s', (call) => {
  const operation = anOpen({ intent: OTHER, call, uncertain: [OTHER] });
  expect(decide(state({ operation }))).toMatchObject({ kind: 'write-intent', intent: anIntent() });
  const written = anOpen({ uncertain: [OTHER], call: 'not-sent' });
  expect(decide(state({ operation: written }))).toMatchObject({ kind: 'create-volume', purpose: 'attempt', intent: anIntent() });
});

test('a claim that waits for its class or its node waits as it would without a past', () => {
  expect(reasons({ operation: UNCERTAIN, class: undefined })).toBe('the storage class is not found');
  const late = aClass({ volumeBindingMode: 'WaitForFirstConsumer' });
  expect(reasons({ operation: UNCERTAIN, class: late })).toBe('no node is selected yet');
});

test('the secret is read before anything is written down, and again for another one', () => {
  const parameters = { 'csi.storage.k8s.io/provisioner-secret-name': 's', 'csi.storage.k8s.io/provisioner-secret-namespace': 'vault' };
  const secretive = { class: aClass({ parameters }) };
  expect(decide(state(secretive))).toMatchObject({ kind: 'read-secret', secret, purpose: 'attempt', backoff: 'create-volume' });
  expect(kind({ ...secretive, secret: values })).toBe('write-intent');
  expect(kind({ ...secretive, secret: { ...values, of: { ...secret, name: 't' } } })).toBe('read-secret');
});

// A claim that wants nothing any more

describe.each([
  ['is gone', undefined],
  ['is being deleted', GOING],
  ['is bound to another volume', aClaim({ volumeName: 'other' })],
  ['was given to another provisioner', aClaim({ metadata: { annotations: { [STORAGE_PROVISIONER]: 'other' } } })],
])('a claim that %s', (_, claim) => {
  test('is settled by the recorded request, for nobody, unless it could be bound to what that makes', () => {
    if (claim !== undefined && claim.spec?.volumeName === undefined) {
      expect(decide(state({ claim, operation: UNCERTAIN }))).toMatchObject({
        kind: 'poll',
        backoff: 'settle',
        events: [{ reason: 'VolumeUndecided', regarding: { kind: 'Lease' } }],
      });
      return;
    }
    expect(decide(state({ claim, operation: UNCERTAIN }))).toMatchObject({
      kind: 'create-volume',
      purpose: 'settle',
      backoff: 'settle',
      intent: anIntent(),
      before: [],
    });
  });

  test('of another process is settled only once the API server has neither claim nor volume: the caches may be older', () => {
    const inherited = { claim: undefined, operation: UNCERTAIN, progress: { inherited: true } } as const;
    expect(decide(state(inherited))).toMatchObject({ kind: 'read-owner', backoff: 'settle', intent: anIntent() });
    expect(decide(state({ ...inherited, live: { owner: { object: aClaim() } } }))).toMatchObject({ kind: 'retry', backoff: 'settle' });
    expect(kind({ ...inherited, progress: { inherited: false }, live: { owner: { object: undefined } } })).toBe('create-volume');
  });

  test('has nothing to settle where nothing may exist', () => {
    expect(kind({ claim, operation: anOpen() })).toBe('close');
    for (const operation of [CLOSING, NO_OPERATION]) expect(kind({ claim, operation })).toBe('done');
  });
});

test('what is made for nobody outlives nothing: of the entry only claim, name and secret reach its PV', () => {
  const forged: Intent = anIntent({
    secret,
    className: 'kept',
    request: {
      ...anIntent().request,
      volumeCapabilities: [
        {
          accessMode: { mode: 5 },
          accessType: { $case: 'mount', value: { fsType: 'xfs', mountFlags: ['suid', 'dev'], volumeMountGroup: '' } },
        },
      ],
    },
  });
  const step = decide(state({ claim: undefined, operation: anOpen({ intent: forged, uncertain: [forged] }), secret: values }));
  if (step.kind !== 'create-volume') throw new Error(step.kind);
  expect(step.plan).toEqual({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: VOLUME_NAME,
      annotations: {
        'pv.kubernetes.io/provisioned-by': DRIVER,
        'volume.kubernetes.io/provisioner-deletion-secret-name': 's',
        'volume.kubernetes.io/provisioner-deletion-secret-namespace': 'vault',
      },
      finalizers: ['external-provisioner.volume.kubernetes.io/finalizer'],
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: 'shop', name: 'data', uid: CLAIM_UID },
      csi: { driver: DRIVER },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'kept',
    },
  });
});

test('the secret of the recorded request is read before it is sent again, under the account’s own back-off', () => {
  const operation = anOpen({ intent: anIntent({ secret }), uncertain: [anIntent({ secret })] });
  expect(decide(state({ claim: undefined, operation }))).toMatchObject({
    kind: 'read-secret',
    secret,
    purpose: 'settle',
    backoff: 'settle',
  });
});

test('an entry that does not fit is never executed, and told on the Lease that holds it', () => {
  const misfit = 'no StorageClass names secret vault/s';
  const told = decide(state({ claim: undefined, operation: UNCERTAIN, misfit }));
  expect(told).toMatchObject({
    kind: 'poll',
    backoff: 'settle',
    events: [
      {
        type: 'Warning',
        reason: 'VolumeUndecided',
        message: expect.stringContaining(`the entry of claim shop/data (uid ${CLAIM_UID}) is not acted upon: ${misfit}`),
        regarding: { kind: 'Lease', metadata: settings().journal },
      },
    ],
  });
  expect(kind({ claim: GOING, operation: UNCERTAIN, misfit })).toBe('poll');
});

test('an entry that does not fit does not keep its claim from a volume', () => {
  expect(decide(state({ operation: UNCERTAIN, misfit: 'x' }))).toMatchObject({ kind: 'write-intent', intent: anIntent() });
});

// Saving

test('a PV that exists already is read live, and what becomes of it is decided by its own state', () => {
  const exists = { operation: CREATED, saveFailure: { kind: 'exists' } } as const;
  expect(decide(state(exists))).toMatchObject({ kind: 'read-volume', name: VOLUME_NAME, backoff: 'save-volume' });
});

test('a PV that came and went while ours was saved is tried again', () => {
  const step = decide(state({ operation: CREATED, saveFailure: { kind: 'exists' }, live: { existingVolume: { object: undefined } } }));
  expect(step).toMatchObject({ kind: 'retry', backoff: 'save-volume' });
});

test('a refused PV is told', () => {
  const step = decide(state({ operation: CREATED, saveFailure: { kind: 'refused', message: 'no' } }));
  expect(step).toMatchObject({
    kind: 'retry',
    backoff: 'save-volume',
    events: [{ message: 'no' }],
  });
});

// A claim that may look older than it is

test('after a PV of the claim was seen, a new volume needs a live claim', () => {
  expect(kind({ progress: { provisionedBefore: 'seen' } })).toBe('read-claim');
  expect(kind({ progress: { provisionedBefore: 'rechecked' } })).toBe('write-intent');
});

test('a new leader reads live what it knew before it led, and only that', () => {
  const elected = { settings: settings({ elected: true }) };
  expect(kind(elected)).toBe('read-min-version');
  expect(kind({ ...elected, minVersion: 100n })).toBe('read-claim');
  expect(kind({ ...elected, minVersion: 99n })).toBe('write-intent');
  expect(kind({ ...elected, minVersion: 100n, progress: { provisionedBefore: 'rechecked' } })).toBe('write-intent');
});

// Problems are told at the pace of the back-off

test('a problem that was found without a read holds back its telling alone, until it is another one', () => {
  const broken = { claim: aClaim({ selector: { matchLabels: { a: 'b' } } }) };
  const told = decide(state(broken));
  expect(told).toMatchObject({
    kind: 'retry',
    backoff: 'report',
    events: [
      { type: 'Normal', reason: 'Provisioning', message: 'External provisioner is provisioning volume for claim "shop/data"' },
      { type: 'Warning', reason: 'ProvisioningFailed', message: 'claim Selector is not supported' },
    ],
  });
  if (told.kind !== 'retry') throw new Error(told.kind);
  expect(decide(state(broken))).toMatchObject({ inputs: told.inputs });
  expect(decide(state({ ...broken, class: aClass({ metadata: { name: 'fast', uid: 'class-2' } }) }))).not.toMatchObject({
    inputs: told.inputs,
  });
});

test('an unknown kind of source is left to a populator, told as normal and not tried again soon', () => {
  const claim = aClaim({ dataSourceRef: { apiGroup: 'x.example', kind: 'Book', name: 'b' } });
  expect(decide(state({ claim }))).toMatchObject({
    kind: 'poll',
    backoff: 'report',
    afterMs: 3_600_000,
    events: [
      { type: 'Normal', reason: 'Provisioning', message: 'External provisioner is provisioning volume for claim "shop/data"' },
      { reason: 'Provisioning', message: 'Assuming an external populator will provision the volume', component: 'external-provisioner' },
    ],
  });
});

test.each([
  ['CONTROLLER_SERVICE', {}, 'dynamic provisioning: plugin CONTROLLER_SERVICE'],
  ['CREATE_DELETE_VOLUME', {}, 'dynamic provisioning: controller CREATE_DELETE_VOLUME'],
  ['CREATE_DELETE_SNAPSHOT', { dataSource: SNAPSHOT_SOURCE }, 'snapshot restore: controller CREATE_DELETE_SNAPSHOT'],
  ['CLONE_VOLUME', { dataSource: CLAIM_SOURCE }, 'clone operations: controller CLONE_VOLUME'],
  ['MODIFY_VOLUME', { volumeAttributesClassName: 'gold' }, 'VolumeAttributesClass: controller MODIFY_VOLUME'],
])('a driver without %s is told, in the words of the Go program', (capability, spec, words) => {
  const capabilities = new Set([...settings().capabilities].filter((name) => name !== capability));
  expect(decide(state({ settings: settings({ capabilities }), claim: aClaim(spec) }))).toMatchObject({
    kind: 'retry',
    backoff: 'report',
    events: [{ reason: 'Provisioning' }, { message: `CSI driver does not support ${words} capability is not reported` }],
  });
});

// Inputs

test('labels and foreign annotations bring no call forward; the wish, the class, the node and the deletion do', () => {
  const inputs = (claim: ReturnType<typeof aClaim>, change: Change = {}): unknown => {
    const step = decide(state({ claim, operation: anOpen(), ...change }));
    return 'inputs' in step ? step.inputs : step.kind;
  };
  const plain = inputs(aClaim());
  const mine = { [STORAGE_PROVISIONER]: DRIVER };
  expect(inputs(aClaim({ metadata: { labels: { a: 'b' }, resourceVersion: '999', finalizers: ['x'] } }))).toBe(plain);
  expect(inputs(aClaim({ metadata: { annotations: { ...mine, note: 'x' } } }))).toBe(plain);
  expect(inputs(aClaim({ metadata: { annotations: { ...mine, 'volume.kubernetes.io/selected-node': 'n' } } }))).not.toBe(plain);
  expect(inputs(aClaim({ resources: { requests: { storage: '2Gi' } } }))).not.toBe(plain);
  expect(inputs(aClaim(), { class: aClass({ metadata: { name: 'fast', uid: 'class-2' } }) })).not.toBe(plain);
  expect(inputs(GOING)).not.toBe(plain);
});

test('the steps of an attempt, first or repeated, have the same inputs, so that one back-off holds for all', () => {
  const steps = [{}, { operation: anOpen() }, { operation: UNCERTAIN }, { progress: { provisionedBefore: 'seen' } }] as const;
  const inputs = steps.map((change) => {
    const step = decide(state(change));
    return 'inputs' in step ? [step.backoff, step.inputs] : step.kind;
  });
  expect(new Set(inputs.map(String)).size).toBe(1);
});

test('what is done for a claim that is gone is held back by itself, whatever changes', () => {
  const inputs = (claim: ClaimState['claim']): unknown => {
    const step = decide(state({ claim, operation: UNCERTAIN }));
    return 'inputs' in step ? step.inputs : step.kind;
  };
  expect(inputs(aClaim({ metadata: { labels: { a: 'b' } }, volumeName: 'other' }))).toBe(inputs(undefined));
});

// Odd objects: the API server holds types, but any part may be absent, empty or null, and any text odd

const word = fc.constantFrom(undefined, null, '', 'x', 'Bound', 'Block', '-1Gi', DRIVER, '\u0000', '${pvc.name}');
const part = <T>(whole: fc.Arbitrary<T>) => fc.oneof(fc.constantFrom(undefined, null), whole);
const words = part(fc.dictionary(fc.constantFrom('storage', 'a', STORAGE_PROVISIONER, 'volume.kubernetes.io/selected-node'), word));
const wordList = part(fc.array(fc.constantFrom('', 'ReadWriteOnce', 'x'), { maxLength: 2 }));
const reference = part(
  fc.record({
    kind: fc.constantFrom(undefined, 'VolumeSnapshot', 'PersistentVolumeClaim', 'x'),
    name: word,
    namespace: word,
    apiGroup: word,
    uid: word,
  }),
);
const metadata = part(
  fc.record({
    name: word,
    namespace: word,
    uid: word,
    annotations: words,
    finalizers: wordList,
    deletionTimestamp: word,
    resourceVersion: word,
  }),
);
const spec = part(
  fc.record({
    accessModes: wordList,
    resources: part(fc.record({ requests: words })),
    storageClassName: word,
    volumeMode: word,
    volumeName: word,
    dataSource: reference,
    dataSourceRef: reference,
    volumeAttributesClassName: word,
    csi: part(fc.record({ driver: word, volumeHandle: word })),
    claimRef: reference,
    volumeSnapshotRef: reference,
    driver: word,
    sourceVolumeMode: word,
  }),
);
const status = part(
  fc.record({ phase: word, boundVolumeSnapshotContentName: word, readyToUse: part(fc.boolean()), restoreSize: word, snapshotHandle: word }),
);
const anything = fc.record({ metadata, spec, status });

test('no shape of object makes the decision throw', () => {
  const storageClass = fc.record({
    metadata,
    provisioner: fc.constantFrom(DRIVER, null),
    parameters: words,
    mountOptions: wordList,
    volumeBindingMode: word,
  });
  fc.assert(
    fc.property(anything, anything, anything, part(anything), part(storageClass), (claim, source, snapshot, object, kind) => {
      const given = { ...claim, metadata: { ...aClaim().metadata, ...claim.metadata } } as ReturnType<typeof aClaim>;
      const odd = aState({
        claim: given,
        class: (kind ?? undefined) as ReturnType<typeof aClass> | undefined,
        dataSource: dataSourceOf(given, { crossNamespace: true }),
        source: {
          snapshot: snapshot as ReturnType<typeof aSnapshot>,
          snapshotsCached: true,
          claim: source as ReturnType<typeof aClaim>,
          volume: source as ReturnType<typeof aVolume>,
          grants: [],
          releasing: false,
        },
        live: { content: { name: 'content-1', object: (object ?? undefined) as ReturnType<typeof aContent> | undefined } },
      });
      for (const operation of [NO_OPERATION, anOpen(), UNCERTAIN, CREATED, CLOSING])
        expect(() => decide({ ...odd, progress: { ...odd.progress, operation } })).not.toThrow();
    }),
    { seed: 11, numRuns: 1000 },
  );
});
