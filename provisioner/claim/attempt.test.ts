import { expect, test } from 'vitest';
import { aClaim, aContent, aSnapshot, aVolume, CLAIM_SOURCE, CLAIM_UID, DRIVER, SNAPSHOT_SOURCE } from '../testing/objects.ts';
import { aState, anIntent, LEASE, settings } from '../testing/states.ts';
import { decide } from './decide.ts';
import type { ClaimState } from './state.ts';

const OPEN = { opened: true, doubt: { times: 0, sinceMs: 0 } };
const CONFIRMED = { ...OPEN, recordConfirmed: true };
const CLOSED = { opened: true, recordConfirmed: true };
const record = { intent: anIntent(), lease: LEASE };

// Restores

const restore = (change: Parameters<typeof aState>[0] = {}): ClaimState =>
  aState({
    claim: aClaim({ dataSource: SNAPSHOT_SOURCE }),
    source: { snapshot: aSnapshot(), snapshotsCached: true, claim: undefined, volume: undefined, grants: [], releasing: false },
    ...change,
  });
const content = { content: { object: aContent() } };

test('a missing snapshot is told; it heals by the event of its coming', () => {
  const step = decide(aState({ claim: aClaim({ dataSource: SNAPSHOT_SOURCE }) }));
  expect(step).toMatchObject({ kind: 'report', message: 'VolumeSnapshot monday is not found' });
});

test('a restore reads the content, protects the snapshot, records, calls', () => {
  expect(decide(restore())).toMatchObject({ kind: 'read-content', name: 'content-1' });
  const unprotected = { ...restore().source, snapshot: aSnapshot({ metadata: { finalizers: [] } }) };
  expect(decide(restore({ live: content, source: unprotected })).kind).toBe('protect-snapshot');
  expect(decide(restore({ live: content, source: unprotected, protectedSource: true }))).toMatchObject({
    kind: 'save-record',
    intent: {
      source: { kind: 'snapshot', namespace: 'shop', name: 'monday', uid: 'snap-1' },
      request: { volumeContentSource: { type: { $case: 'snapshot', value: { snapshotId: 'handle-1' } } } },
    },
  });
  expect(decide(restore({ live: content })).kind).toBe('save-record');
});

test('a protection that is just being taken away is no protection', () => {
  expect(decide(restore({ live: content, source: { ...restore().source, releasing: true } })).kind).toBe('protect-snapshot');
});

test('where snapshots cannot be listed they are read live, and always written', () => {
  const source = { ...restore().source, snapshot: undefined, snapshotsCached: false };
  expect(decide(restore({ source })).kind).toBe('read-snapshot');
  expect(decide(restore({ source, live: { ...content, snapshot: { object: aSnapshot() } } })).kind).toBe('protect-snapshot');
  expect(decide(restore({ source, live: { snapshot: { object: undefined } }, door: 'read-snapshot' }))).toMatchObject({
    kind: 'retry',
    backoff: 'read-snapshot',
  });
});

test('a refusal after a live read holds back the read, so that events do not repeat it', () => {
  const live = { content: { object: aContent({ driver: 'other' }) } };
  expect(decide(restore({ live, door: 'read-content' }))).toMatchObject({
    kind: 'retry',
    backoff: 'read-content',
    events: [{ reason: 'ProvisioningFailed' }],
  });
});

test('a repeated call restores a protection that was lost', () => {
  const intent = anIntent({ source: { kind: 'snapshot', namespace: 'shop', name: 'monday', uid: 'snap-1' } });
  const source = { ...restore().source, snapshot: aSnapshot({ metadata: { finalizers: [] } }) };
  expect(decide(restore({ record: { intent, lease: LEASE }, memory: CONFIRMED, source })).kind).toBe('protect-snapshot');
  expect(decide(restore({ record: { intent, lease: LEASE }, memory: CONFIRMED })).kind).toBe('create-volume');
});

// Clones

test('a clone protects its source once', () => {
  const original = { ...aClaim({ volumeName: 'pv-source', metadata: { name: 'original', uid: 'source-1' } }), status: { phase: 'Bound' } };
  const volume = aVolume({ claimRef: { namespace: 'shop', name: 'original', uid: 'source-1' } });
  const source = { ...restore().source, snapshot: undefined, claim: original, volume };
  const cloning = aState({ claim: aClaim({ dataSource: CLAIM_SOURCE }), source });
  expect(decide(cloning)).toMatchObject({ kind: 'protect-claim', claim: original });
  const held = { ...original, metadata: { ...original.metadata, finalizers: ['provisioner.storage.kubernetes.io/cloning-protection'] } };
  expect(decide({ ...cloning, source: { ...source, claim: held } })).toMatchObject({
    kind: 'save-record',
    intent: { request: { volumeContentSource: { type: { $case: 'volume', value: { volumeId: 'vol-1' } } } } },
  });
});

// VolumeAttributesClass

test('the parameters of a VolumeAttributesClass of our driver are sent along', () => {
  const claim = aClaim({ volumeAttributesClassName: 'gold' });
  expect(decide(aState({ claim }))).toMatchObject({ kind: 'read-attributes-class', name: 'gold' });
  const gold = { driverName: DRIVER, parameters: { iops: '9' } };
  expect(decide(aState({ claim, live: { attributesClass: { object: gold } } }))).toMatchObject({
    kind: 'save-record',
    intent: { request: { mutableParameters: { iops: '9' } }, plan: { spec: { volumeAttributesClassName: 'gold' } } },
  });
  const door = 'read-attributes-class';
  expect(decide(aState({ claim, door, live: { attributesClass: { object: { driverName: 'other' } } } }))).toMatchObject({
    kind: 'retry',
    backoff: door,
  });
  expect(decide(aState({ claim, door, live: { attributesClass: { object: undefined } } }))).toMatchObject({ kind: 'retry', backoff: door });
  expect(decide(aState({ claim, settings: settings({ attributesClasses: false }) })).kind).toBe('save-record');
});

// Topology

const ZONE = 'zone';
const topologyOf = (keys: readonly string[] | 'no-csinode', labels: Record<string, string> | undefined) => ({
  driver: DRIVER,
  claim: { name: 'data', uid: CLAIM_UID },
  strict: false,
  immediate: true,
  allowed: undefined,
  selected: { name: 'node-1', keys, labels },
  clusterKeys: [ZONE],
  clusterTerms: [[{ key: ZONE, value: 'a' }]],
});

test('the requirement is part of the recorded request', () => {
  expect(decide(aState({ topology: topologyOf([ZONE], { zone: 'a' }) }))).toMatchObject({
    kind: 'save-record',
    intent: { selectedNode: 'node-1', request: { accessibilityRequirements: { requisite: [{ segments: { zone: 'a' } }] } } },
  });
});

test('a selected node that is gone is given up, unless a call is open: then the recorded request is repeated', () => {
  const gone = topologyOf('no-csinode', undefined);
  expect(decide(aState({ topology: gone })).kind).toBe('reschedule');
  expect(decide(aState({ topology: gone, record, memory: CLOSED })).kind).toBe('drop-record');
  expect(decide(aState({ topology: gone, record, memory: CONFIRMED })).kind).toBe('create-volume');
});

test('a topology that cannot be told is told', () => {
  expect(decide(aState({ topology: topologyOf([ZONE], {}) })).kind).toBe('report');
});

test('a topology too long for the record is computed again; for a claim that is gone it may be anywhere', () => {
  const omitted = { intent: anIntent({ omittedTopology: 'digest' }), lease: LEASE };
  const known = decide(aState({ record: omitted, memory: CONFIRMED, topology: topologyOf([ZONE], { zone: 'a' }) }));
  expect(known).toMatchObject({
    kind: 'create-volume',
    intent: { request: { accessibilityRequirements: { requisite: [{ segments: { zone: 'a' } }] } } },
  });
  expect(decide(aState({ record: omitted, memory: CONFIRMED, topology: topologyOf([ZONE], {}) })).kind).toBe('report');
  expect(decide(aState({ record: omitted, memory: CONFIRMED, claim: undefined, topology: topologyOf([ZONE], {}) })).kind).toBe(
    'create-volume',
  );
});
