import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STORAGE_PROVISIONER } from '../names.ts';
import type { aContent, aSnapshot } from '../testing/objects.ts';
import { aClaim, aClass, aVolume, CLAIM_SOURCE, DRIVER, SNAPSHOT_SOURCE, VOLUME_NAME } from '../testing/objects.ts';
import { aState, anIntent, LEASE, settings } from '../testing/states.ts';
import { dataSourceOf } from './data-source.ts';
import { decide } from './decide.ts';
import type { ClaimState } from './state.ts';

const OPEN = { opened: true, doubt: { times: 0, sinceMs: 0 } };
const CONFIRMED = { ...OPEN, recordConfirmed: true };
const CLOSED = { opened: true, recordConfirmed: true };
const record = { intent: anIntent(), lease: LEASE };

const reasons = (state: ClaimState): unknown => {
  const step = decide(state);
  return step.kind === 'done' ? step.reason : step.kind;
};

// Whose claim is it?

test('a claim with a volume is left alone, and costs nothing', () => {
  expect(reasons(aState({ claim: aClaim({ volumeName: 'pv' }) }))).toBe('the claim has its volume');
});

test.each([
  ['another provisioner', { [STORAGE_PROVISIONER]: 'other' }],
  ['nobody', {}],
  [
    'the beta annotation while the other names someone else',
    { [STORAGE_PROVISIONER]: 'other', 'volume.beta.kubernetes.io/storage-provisioner': DRIVER },
  ],
])('a claim for %s is left alone', (_, annotations) => {
  expect(reasons(aState({ claim: aClaim({ metadata: { annotations } }) }))).toBe('the claim is for another provisioner');
});

test('the beta annotation counts where the other is absent', () => {
  const annotations = { 'volume.beta.kubernetes.io/storage-provisioner': DRIVER };
  expect(decide(aState({ claim: aClaim({ metadata: { annotations } }) })).kind).toBe('save-record');
});

test('a claim that is being deleted gets no new volume', () => {
  expect(reasons(aState({ claim: aClaim({ metadata: { deletionTimestamp: 'now' } }) }))).toBe('the claim is being deleted');
});

test('a claim without its class waits for the class, without an event', () => {
  expect(decide(aState({ class: undefined }))).toEqual({ kind: 'done', reason: 'the storage class is not found' });
});

test('a forged annotation does not make another driver’s class ours', () => {
  expect(reasons(aState({ class: aClass({ provisioner: 'other' }) }))).toBe('the storage class belongs to other');
});

test('a record that was sent without an answer is looked for before anything is made or let go', () => {
  const memory = { recordUnsure: true };
  expect(decide(aState({ memory })).kind).toBe('read-record');
  expect(decide(aState({ memory, claim: undefined })).kind).toBe('read-record');
  expect(decide(aState({ memory, volume: aVolume() })).kind).toBe('read-record');
  // Once it shows, it is an open case like any other.
  expect(decide(aState({ memory: { ...memory, ...CONFIRMED }, record })).kind).toBe('create-volume');
});

test('while it may still come it is waited for, and sent again where the claim still wants a volume', () => {
  const unsure = { memory: { recordUnsure: true }, lateRecordMs: 42_000 };
  expect(decide(aState({ ...unsure, claim: undefined }))).toMatchObject({ kind: 'poll', backoff: 'read-record', afterMs: 42_000 });
  expect(decide(aState({ ...unsure, volume: aVolume() })).kind).toBe('poll');
  expect(decide(aState(unsure)).kind).toBe('save-record');
});

test('late binding waits for a node', () => {
  const late = aClass({ volumeBindingMode: 'WaitForFirstConsumer' });
  expect(reasons(aState({ class: late }))).toBe('no node is selected yet');
  const annotations = { [STORAGE_PROVISIONER]: DRIVER, 'volume.kubernetes.io/selected-node': 'node-1' };
  expect(decide(aState({ class: late, claim: aClaim({ metadata: { annotations } }) })).kind).toBe('save-record');
});

// The straight way

test('first the record, then the call, then the PV, then the record goes and the user is told', () => {
  const first = aState();
  expect(decide(first)).toMatchObject({ kind: 'save-record', intent: anIntent(), replaces: undefined });
  const recorded = aState({ record, memory: CLOSED });
  expect(decide(recorded)).toMatchObject({
    kind: 'create-volume',
    intent: anIntent(),
    before: [{ type: 'Normal', reason: 'Provisioning', message: 'External provisioner is provisioning volume for claim "shop/data"' }],
  });
  const made = aState({ record, memory: { ...CLOSED, unsaved: aVolume() } });
  expect(decide(made)).toMatchObject({ kind: 'save-volume', volume: aVolume() });
  const saved = aState({ record, memory: CLOSED, volume: aVolume(), saved: true });
  expect(decide(saved)).toMatchObject({ kind: 'drop-record', lease: LEASE, before: [{ type: 'Normal', reason: 'ProvisioningSucceeded' }] });
  expect(decide(aState({ volume: aVolume() }))).toEqual({ kind: 'done', reason: 'the volume is provisioned', events: [] });
});

test('without records the same, and the user is told at the end', () => {
  const remembered = { intent: anIntent(), lease: undefined };
  expect(decide(aState({ durable: false })).kind).toBe('save-record');
  expect(decide(aState({ durable: false, record: remembered, memory: CLOSED })).kind).toBe('create-volume');
  expect(decide(aState({ durable: false, volume: aVolume(), saved: true }))).toMatchObject({
    kind: 'done',
    events: [{ reason: 'ProvisioningSucceeded' }],
  });
});

test('a record of another wish is replaced before the call', () => {
  const other = anIntent({ request: { ...anIntent().request, parameters: { kind: 'hdd' } } });
  const step = decide(aState({ record: { intent: other, lease: LEASE }, memory: CLOSED }));
  expect(step).toMatchObject({ kind: 'save-record', replaces: { lease: LEASE } });
});

// What was made is never lost

test('a made volume is saved even if the claim is gone, bound to another or no longer ours', () => {
  const memory = { ...CLOSED, unsaved: aVolume() };
  for (const claim of [undefined, aClaim({ volumeName: 'other' }), aClaim({ metadata: { annotations: {} } })]) {
    expect(decide(aState({ claim, record, memory })).kind).toBe('save-volume');
  }
});

test.each([
  ['lives', aClaim()],
  ['is gone', undefined],
  ['is being deleted', aClaim({ metadata: { deletionTimestamp: 'now' } })],
  ['is bound to another volume', aClaim({ volumeName: 'other' })],
  ['lost its node', aClaim({ metadata: { annotations: { [STORAGE_PROVISIONER]: DRIVER } } })],
])('a call without an answer is repeated as it was when the claim %s', (_, claim) => {
  const late = aClass({ volumeBindingMode: 'WaitForFirstConsumer' });
  expect(decide(aState({ claim, class: late, record, memory: CONFIRMED }))).toMatchObject({ kind: 'create-volume', intent: record.intent });
});

test('the record of an earlier process is read live before its call is repeated', () => {
  expect(decide(aState({ claim: undefined, record, memory: OPEN })).kind).toBe('read-record');
});

test('repeating for a claim that is gone tells nobody', () => {
  expect(decide(aState({ claim: undefined, record, memory: CONFIRMED }))).toMatchObject({ before: [] });
});

test('once no volume can exist, the record of a claim that is gone goes', () => {
  expect(decide(aState({ claim: undefined, record, memory: CLOSED }))).toMatchObject({ kind: 'drop-record', lease: LEASE });
  expect(decide(aState({ claim: aClaim({ metadata: { deletionTimestamp: 'now' } }), record, memory: CLOSED })).kind).toBe('drop-record');
});

test('a record whose deletion was not answered is deleted again before anything else is begun', () => {
  const dropping = { ...CLOSED, dropping: LEASE.uid };
  expect(decide(aState({ record, memory: dropping })).kind).toBe('drop-record');
  expect(decide(aState({ record: { ...record, lease: { ...LEASE, uid: 'a-new-one' } }, memory: dropping })).kind).toBe('create-volume');
});

test('a record that only this process remembers is written down again before any call, where it can be', () => {
  const remembered = { intent: anIntent(), lease: undefined };
  expect(decide(aState({ record: remembered, memory: CLOSED }))).toMatchObject({ kind: 'save-record', replaces: remembered });
  expect(decide(aState({ record: remembered, memory: OPEN }))).toMatchObject({ kind: 'save-record', replaces: remembered });
  expect(decide(aState({ record: remembered, memory: OPEN, durable: false })).kind).toBe('create-volume');
});

test('a record stands while another POST of it may be under way: it would come after it, and be replayed', () => {
  const saved = aState({ record, volume: aVolume(), memory: OPEN, saved: true, lateRecordMs: 42_000 });
  expect(decide(saved)).toMatchObject({
    kind: 'poll',
    backoff: 'drop-record',
    afterMs: 42_000,
    events: [{ type: 'Normal', reason: 'ProvisioningSucceeded' }],
  });
  expect(decide(aState({ claim: undefined, record, memory: CLOSED, lateRecordMs: 42_000 })).kind).toBe('poll');
});

test('a PV that exists closes the case, and its record goes, readable or not', () => {
  expect(decide(aState({ record, volume: aVolume(), memory: OPEN })).kind).toBe('drop-record');
  const unreadable = { message: 'x', lease: LEASE };
  expect(decide(aState({ unreadable, volume: aVolume() }))).toMatchObject({ kind: 'drop-record', lease: LEASE });
});

test('a record that cannot be read blocks its claim, and is left alone where the claim is gone', () => {
  const unreadable = { message: 'another version wrote it', lease: LEASE };
  expect(decide(aState({ unreadable }))).toMatchObject({ kind: 'report', message: expect.stringContaining('another version wrote it') });
  expect(decide(aState({ unreadable, claim: undefined })).kind).toBe('done');
});

test('a PV of our name that belongs to another claim stops everything and says so', () => {
  const foreign = aVolume({ claimRef: { uid: 'other' } });
  expect(decide(aState({ volume: foreign }))).toMatchObject({ kind: 'report', message: expect.stringContaining('another claim') });
});

// Saving

test('a PV that exists already is read live', () => {
  const memory = { ...CLOSED, unsaved: aVolume() };
  expect(decide(aState({ record, memory, saveFailure: { kind: 'exists' } }))).toMatchObject({ kind: 'read-volume', name: VOLUME_NAME });
});

test('a foreign PV in the way is told, and the volume is not forgotten: once the PV has gone the same call is made again', () => {
  const foreign = aState({ record, memory: CONFIRMED, volume: aVolume({ claimRef: { uid: 'x' } }) });
  expect(decide(foreign)).toMatchObject({ kind: 'report', after: [{ type: 'Warning', reason: 'ProvisioningFailed' }] });
  expect(decide({ ...foreign, volume: undefined })).toMatchObject({ kind: 'create-volume', intent: record.intent });
});

test('a PV that came and went while ours was saved is tried again', () => {
  const memory = { ...CLOSED, unsaved: aVolume() };
  const step = decide(aState({ record, memory, saveFailure: { kind: 'exists' }, live: { obstacle: { object: undefined } } }));
  expect(step).toMatchObject({ kind: 'retry', backoff: 'save-volume' });
});

test('a refused PV is told', () => {
  const step = decide(aState({ record, memory: { ...CLOSED, unsaved: aVolume() }, saveFailure: { kind: 'refused', message: 'no' } }));
  expect(step).toMatchObject({
    kind: 'retry',
    backoff: 'save-volume',
    events: [{ message: 'failed to provision volume with StorageClass "fast": no' }],
  });
});

test('an earlier PV on its way out is waited for', () => {
  expect(decide(aState({ record, volume: aVolume(), memory: { ...OPEN, yielding: true } })).kind).toBe('retry');
});

// A claim that may look older than it is

test('after a PV of the claim was seen, a new volume needs a live claim', () => {
  expect(decide(aState({ memory: { finished: true } })).kind).toBe('read-claim');
  expect(decide(aState({ memory: { finished: true, verified: true } })).kind).toBe('save-record');
});

test('a new leader reads live what it knew before it led, and only that', () => {
  const elected = settings({ elected: true });
  expect(decide(aState({ settings: elected })).kind).toBe('read-floor');
  expect(decide(aState({ settings: elected, floor: 100n })).kind).toBe('read-claim');
  expect(decide(aState({ settings: elected, floor: 99n })).kind).toBe('save-record');
  expect(decide(aState({ settings: elected, floor: 100n, memory: { verified: true } })).kind).toBe('save-record');
});

// Problems are told at the pace of the back-off

test('a problem is told once per back-off: the telling is the effect that is held back', () => {
  const broken = aState({ claim: aClaim({ selector: { matchLabels: { a: 'b' } } }) });
  const told = decide(broken);
  expect(told).toMatchObject({ kind: 'report', after: [{ type: 'Warning', reason: 'ProvisioningFailed' }] });
  if (told.kind !== 'report') throw new Error(told.kind);
  expect(decide({ ...broken, reported: told.message })).toMatchObject({ kind: 'retry', backoff: 'report' });
});

test('an unknown kind of source is left to a populator, told as normal and not tried again soon', () => {
  const claim = aClaim({ dataSourceRef: { apiGroup: 'x.example', kind: 'Book', name: 'b' } });
  const told = decide(aState({ claim }));
  expect(told).toMatchObject({ kind: 'report', after: [{ type: 'Normal', reason: 'Provisioning' }] });
  if (told.kind !== 'report') throw new Error(told.kind);
  expect(decide(aState({ claim, reported: told.message }))).toMatchObject({ kind: 'poll', backoff: 'report' });
});

test.each([
  ['CONTROLLER_SERVICE', {}],
  ['CREATE_DELETE_VOLUME', {}],
  ['CREATE_DELETE_SNAPSHOT', { dataSource: SNAPSHOT_SOURCE }],
  ['CLONE_VOLUME', { dataSource: CLAIM_SOURCE }],
  ['MODIFY_VOLUME', { volumeAttributesClassName: 'gold' }],
])('a driver without %s is told', (capability, spec) => {
  const capabilities = new Set([...settings().capabilities].filter((name) => name !== capability));
  const step = decide(aState({ settings: settings({ capabilities }), claim: aClaim(spec) }));
  expect(step).toMatchObject({ kind: 'report', message: expect.stringContaining(capability) });
});

// Inputs

test('labels and foreign annotations bring no call forward; the wish, the node and the deletion do', () => {
  const inputs = (claim: ReturnType<typeof aClaim>): string => {
    const step = decide(aState({ claim, record, memory: CONFIRMED }));
    return step.kind === 'create-volume' ? step.inputs : step.kind;
  };
  const plain = inputs(aClaim());
  const mine = { [STORAGE_PROVISIONER]: DRIVER };
  expect(inputs(aClaim({ metadata: { labels: { a: 'b' }, resourceVersion: '999', finalizers: ['x'] } }))).toBe(plain);
  expect(inputs(aClaim({ metadata: { annotations: { ...mine, note: 'x' } } }))).toBe(plain);
  expect(inputs(aClaim({ metadata: { annotations: { ...mine, 'volume.kubernetes.io/selected-node': 'n' } } }))).not.toBe(plain);
  expect(inputs(aClaim({ metadata: { deletionTimestamp: 'now' } }))).not.toBe(plain);
  expect(inputs(aClaim({ resources: { requests: { storage: '2Gi' } } }))).not.toBe(plain);
});

test('a first call and its repetition have the same inputs, so that one back-off holds for both', () => {
  const first = decide(aState({ record, memory: CLOSED }));
  const again = decide(aState({ record, memory: CONFIRMED }));
  expect(first.kind === 'create-volume' && again.kind === 'create-volume' && first.inputs === again.inputs).toBe(true);
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
      const state = aState({
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
        live: { content: { object: (object ?? undefined) as ReturnType<typeof aContent> | undefined } },
      });
      for (const memory of [{}, CONFIRMED, CLOSED]) {
        expect(() =>
          decide({ ...state, memory: { ...state.memory, ...memory }, record: 'opened' in memory ? record : undefined }),
        ).not.toThrow();
      }
    }),
    { seed: 11, numRuns: 1000 },
  );
});
