import { expect, test } from 'vitest';
import { aClaim, aClass, aContent, aSnapshot, aVolume, CLAIM_SOURCE, CLAIM_UID, DRIVER, SNAPSHOT_SOURCE } from '../testing/objects.ts';
import { aState, anIntent, anOpen, settings } from '../testing/states.ts';
import type { Intent } from '../intent/intent.ts';
import { decide } from './decide.ts';
import { placesOf } from './places.ts';
import type { ClaimState } from './state.ts';

// Restores

const restore = (change: Parameters<typeof aState>[0] = {}): ClaimState =>
  aState({
    claim: aClaim({ dataSource: SNAPSHOT_SOURCE }),
    source: { snapshot: aSnapshot(), snapshotsCached: true, claim: undefined, volume: undefined, grants: [], releasing: false },
    ...change,
  });
const read = (object: ReturnType<typeof aContent> | undefined) => ({ content: { name: 'content-1', object } });
const content = read(aContent());

const HANDLE = 'error getting handle for DataSource Type VolumeSnapshot by Name monday: ';

test('nobody is told that a snapshot is missing before the API server says so', () => {
  const claim = aClaim({ dataSource: SNAPSHOT_SOURCE });
  expect(decide(aState({ claim }))).toMatchObject({ kind: 'read-snapshot', source: { namespace: 'shop', name: 'monday' } });
  expect(decide(aState({ claim, live: { snapshot: { object: undefined } } }))).toMatchObject({
    kind: 'retry',
    backoff: 'create-volume',
    reason: `${HANDLE}error getting snapshot monday from api server: volumesnapshots.snapshot.storage.k8s.io "monday" not found`,
  });
});

test('nor that it is not bound or not ready: the cache may be older than the claim', () => {
  const { status: _, ...unbound } = aSnapshot();
  const source = (snapshot: ReturnType<typeof aSnapshot>) => ({ ...restore().source, snapshot });
  expect(decide(restore({ source: source(unbound) })).kind).toBe('read-snapshot');
  const unready = aSnapshot({ readyToUse: false });
  expect(decide(restore({ source: source(unready), live: content })).kind).toBe('read-snapshot');
  expect(decide(restore({ source: source(unready), live: { ...content, snapshot: { object: unready } } }))).toMatchObject({
    reason: `${HANDLE}snapshot monday is not Ready`,
  });
  expect(decide(restore({ source: source(unready), live: { ...content, snapshot: { object: aSnapshot() } } })).kind).toBe('write-intent');
});

test('a snapshot that got another content meanwhile is judged by that one', () => {
  const live = { ...content, snapshot: { object: aSnapshot({ boundVolumeSnapshotContentName: 'content-2' }) } };
  expect(decide(restore({ live }))).toMatchObject({ kind: 'read-content', name: 'content-2' });
});

test('a restore reads the content, protects the snapshot, writes its intent, calls', () => {
  expect(decide(restore())).toMatchObject({ kind: 'read-content', name: 'content-1' });
  const unprotected = { ...restore().source, snapshot: aSnapshot({ metadata: { finalizers: [] } }) };
  expect(decide(restore({ live: content, source: unprotected })).kind).toBe('protect-snapshot');
  expect(decide(restore({ live: content, source: unprotected, protectedSource: true }))).toMatchObject({
    kind: 'write-intent',
    intent: {
      source: { kind: 'snapshot', namespace: 'shop', name: 'monday', uid: 'snap-1' },
      request: { volumeContentSource: { type: { $case: 'snapshot', value: { snapshotId: 'handle-1' } } } },
    },
  });
  expect(decide(restore({ live: content })).kind).toBe('write-intent');
});

test('with --restore-size-auto-raise the driver is asked for what the snapshot needs, and the user is told before the call', () => {
  const claim = aClaim({ dataSource: SNAPSHOT_SOURCE, resources: { requests: { storage: '1' } } });
  const rules = settings({ raiseToRestoreSize: true });
  const first = decide(restore({ claim, live: content, settings: rules }));
  expect(first).toMatchObject({ kind: 'write-intent', intent: { request: { capacityRange: { requiredBytes: 1n << 30n } } } });
  if (first.kind !== 'write-intent') throw new Error(first.kind);
  const message = 'the claim asks for 1 bytes, and VolumeSnapshot monday restores to 1073741824: the volume is made that large';
  expect(
    decide(restore({ claim, live: content, settings: rules, progress: { operation: anOpen({ intent: first.intent }) } })),
  ).toMatchObject({
    kind: 'create-volume',
    before: [{ reason: 'Provisioning' }, { type: 'Normal', reason: 'RestoreSizeRaised', message }],
  });
  expect(decide(restore({ claim, live: { ...content, snapshot: { object: aSnapshot() } } })).kind).toBe('retry');
});

test('a protection that is just being taken away is no protection', () => {
  expect(decide(restore({ live: content, source: { ...restore().source, releasing: true } })).kind).toBe('protect-snapshot');
});

test('where snapshots cannot be listed they are read live, and always written', () => {
  const source = { ...restore().source, snapshot: undefined, snapshotsCached: false };
  expect(decide(restore({ source })).kind).toBe('read-snapshot');
  expect(decide(restore({ source, live: { ...content, snapshot: { object: aSnapshot() } } })).kind).toBe('protect-snapshot');
  expect(decide(restore({ source, live: { snapshot: { object: undefined } } }))).toMatchObject({
    kind: 'retry',
    backoff: 'create-volume',
  });
});

test('a refusal after a live read holds back the attempt, so that events do not repeat the read', () => {
  const live = { ...read(aContent({ driver: 'other' })), snapshot: { object: aSnapshot() } };
  expect(decide(restore({ live }))).toMatchObject({
    kind: 'retry',
    backoff: 'create-volume',
    events: [{ reason: 'Provisioning' }, { reason: 'ProvisioningFailed' }],
  });
});

test('a repeated call restores a protection that was lost', () => {
  const intent = anIntent({ source: { kind: 'snapshot', namespace: 'shop', name: 'monday', uid: 'snap-1' } });
  const progress = { operation: anOpen({ intent, uncertain: [intent] }) };
  const source = { ...restore().source, snapshot: aSnapshot({ metadata: { finalizers: [] } }) };
  expect(decide(restore({ live: content, progress, source })).kind).toBe('protect-snapshot');
  expect(decide(restore({ live: content, progress })).kind).toBe('write-intent');
});

test('a snapshot that is being deleted is restored to the end where that was begun, as its finalizer shows', () => {
  const snapshot = aSnapshot({ metadata: { deletionTimestamp: 'now' } });
  expect(decide(restore({ live: content, source: { ...restore().source, snapshot } })).kind).toBe('write-intent');
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
    kind: 'write-intent',
    intent: { request: { volumeContentSource: { type: { $case: 'volume', value: { volumeId: 'vol-1' } } } } },
  });
});

test('a source that is being deleted is not cloned, unless that was begun', () => {
  const going = {
    ...aClaim({ volumeName: 'pv-source', metadata: { name: 'original', uid: 'source-1', deletionTimestamp: 'now' } }),
    status: { phase: 'Bound' },
  };
  const volume = aVolume({ claimRef: { namespace: 'shop', name: 'original', uid: 'source-1' } });
  const source = { ...restore().source, snapshot: undefined, claim: going, volume };
  const cloning = { claim: aClaim({ dataSource: CLAIM_SOURCE }), source };
  expect(decide(aState(cloning))).toMatchObject({ kind: 'retry', backoff: 'report', reason: expect.stringContaining('being deleted') });
  const begun = anIntent({ source: { kind: 'claim', namespace: 'shop', name: 'original', uid: 'source-1' } });
  expect(decide(aState({ ...cloning, progress: { operation: anOpen({ uncertain: [begun] }) } })).kind).toBe('write-intent');
});

// VolumeAttributesClass

test('the parameters of a VolumeAttributesClass of our driver are sent along', () => {
  const claim = aClaim({ volumeAttributesClassName: 'gold' });
  expect(decide(aState({ claim }))).toMatchObject({ kind: 'read-attributes-class', name: 'gold' });
  const gold = { driverName: DRIVER, parameters: { iops: '9' } };
  expect(decide(aState({ claim, live: { attributesClass: { object: gold } } }))).toMatchObject({
    kind: 'write-intent',
    intent: { request: { mutableParameters: { iops: '9' } } },
  });
  const written = anIntent({ request: { ...anIntent().request, mutableParameters: { iops: '9' } } });
  const open = { claim, live: { attributesClass: { object: gold } }, progress: { operation: anOpen({ intent: written }) } };
  expect(decide(aState(open))).toMatchObject({ kind: 'create-volume', plan: { spec: { volumeAttributesClassName: 'gold' } } });
  expect(decide(aState({ claim, live: { attributesClass: { object: { driverName: 'other' } } } }))).toMatchObject({
    kind: 'retry',
    backoff: 'create-volume',
  });
  expect(decide(aState({ claim, live: { attributesClass: { object: undefined } } }))).toMatchObject({
    kind: 'retry',
    backoff: 'create-volume',
  });
  expect(decide(aState({ claim, settings: settings({ attributesClasses: false }) })).kind).toBe('write-intent');
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
  clusterKeys: [[ZONE]],
  cluster: placesOf([[{ key: ZONE, value: 'a' }]]),
});

test('the requirement is part of the request that is written down', () => {
  expect(decide(aState({ topology: topologyOf([ZONE], { zone: 'a' }) }))).toMatchObject({
    kind: 'write-intent',
    intent: { selectedNode: 'node-1', request: { accessibilityRequirements: { requisite: [{ segments: { zone: 'a' } }] } } },
  });
});

test('a selected node that is gone is given up at once, whatever an earlier call may have left', () => {
  const gone = topologyOf('no-csinode', undefined);
  for (const operation of [undefined, anOpen({ uncertain: [anIntent()] })])
    expect(decide(aState({ topology: gone, ...(operation === undefined ? {} : { progress: { operation } }) }))).toMatchObject({
      kind: 'reschedule',
      before: [{ reason: 'Provisioning' }, { type: 'Warning', reason: 'ProvisioningFailed' }],
    });
});

test('where more than one thing is wrong the source is told before the place, and the place before secrets and parameters', () => {
  const broken = aClass({ parameters: { 'csi.storage.k8s.io/node-stage-secret-name': 's', 'csi.storage.k8s.io/odd': 'x' } });
  const reason = (change: Parameters<typeof aState>[0]): unknown => {
    const rest = decide(aState({ class: broken, ...change }));
    return 'reason' in rest ? rest.reason : rest.kind;
  };
  const noLabels = topologyOf([ZONE], {});
  const clone = { kind: 'claim', namespace: 'team', name: 'gone', crosses: false, group: '' } as const;
  expect(reason({ topology: noLabels, dataSource: clone })).toContain('error getting handle for DataSource');
  expect(reason({ topology: noLabels })).toContain('error generating accessibility requirements');
  expect(reason({ topology: topologyOf('no-csinode', undefined) })).toBe('reschedule');
  expect(reason({})).toContain('Both must be specified');
});

test('a topology that cannot be told is told', () => {
  expect(decide(aState({ topology: topologyOf([ZONE], {}) }))).toMatchObject({
    kind: 'retry',
    backoff: 'report',
    reason: expect.stringContaining(
      'error generating accessibility requirements: topology labels from selected node map[] does not match topology keys from CSINode [zone] (',
    ),
  });
});

const asked = (zone: string, selectedNode: string): Intent =>
  anIntent({
    selectedNode,
    request: {
      ...anIntent().request,
      accessibilityRequirements: { requisite: [{ segments: { zone } }], preferred: [{ segments: { zone } }] },
    },
  });
const zoneOf = (state: ClaimState): unknown => {
  const step = decide(state);
  return step.kind === 'write-intent'
    ? step.intent.request.accessibilityRequirements?.requisite.map(({ segments }) => segments['zone'])
    : step.kind;
};

test('while a call for this node is uncertain the same terms are asked for again, though nodes come and go', () => {
  const now = topologyOf([ZONE], { zone: 'a' });
  const after = (uncertain: Intent): ClaimState => aState({ topology: now, progress: { operation: anOpen({ uncertain: [uncertain] }) } });
  expect(zoneOf(after(asked('b', 'node-1')))).toEqual(['b']);
});

test('another node, or another wish, is asked for by today’s terms', () => {
  const now = topologyOf([ZONE], { zone: 'a' });
  const after = (uncertain: Intent): ClaimState => aState({ topology: now, progress: { operation: anOpen({ uncertain: [uncertain] }) } });
  const larger = asked('b', 'node-1');
  const request = { ...larger.request, capacityRange: { requiredBytes: 9n, limitBytes: 0n } };
  expect(zoneOf(after(asked('b', 'node-2')))).toEqual(['a']);
  expect(zoneOf(after({ ...larger, request }))).toEqual(['a']);
});

test('a topology too long to be written down is computed again; for a claim that is gone it may be anywhere', () => {
  const omitted = anIntent({ omittedTopology: 'digest', selectedNode: 'node-1' });
  const progress = { operation: anOpen({ intent: omitted, uncertain: [omitted] }) };
  expect(zoneOf(aState({ progress, topology: topologyOf([ZONE], { zone: 'a' }) }))).toEqual(['a']);
  expect(decide(aState({ progress, topology: topologyOf([ZONE], {}) }))).toMatchObject({ kind: 'retry', backoff: 'report' });
  expect(decide(aState({ progress, claim: undefined }))).toMatchObject({ kind: 'create-volume', purpose: 'settle', intent: omitted });
});

test('after an undecided call a class that allows other places is asked by its own, and the same class by the places of before', () => {
  const topologyOf = (zone: string) => ({ requisite: [{ segments: { zone } }], preferred: [{ segments: { zone } }] });
  const before = anIntent({ request: { ...anIntent().request, accessibilityRequirements: topologyOf('b') } });
  const asked = (storageClass: ReturnType<typeof aClass>): unknown => {
    const step = decide(aState({ class: storageClass, progress: { operation: anOpen({ intent: before, uncertain: [before] }) } }));
    return step.kind === 'write-intent' ? step.intent.request.accessibilityRequirements : step.kind;
  };
  expect(asked(aClass())).toEqual(topologyOf('b'));
  expect(asked(aClass({ allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }] }))).toBeUndefined();
  expect(asked(aClass({ metadata: { name: 'fast', uid: 'class-2' } }))).toBeUndefined();
});

// Classes of a plugin

test.each([
  ['by the older annotation', { 'volume.beta.kubernetes.io/storage-provisioner': 'ebs.csi.aws.com' }],
  [
    'though it is said to be migrated, too',
    { 'volume.kubernetes.io/storage-provisioner': 'ebs.csi.aws.com', 'pv.kubernetes.io/migrated-to': 'ebs.csi.aws.com' },
  ],
])('a claim of the driver %s, of a class of its plugin: the class is translated, and the PV is one of the plugin', (_, annotations) => {
  const migrated = (progress: { readonly operation?: ReturnType<typeof anOpen> } = {}): ReturnType<typeof decide> =>
    decide(
      aState({
        settings: settings({ driver: 'ebs.csi.aws.com' }),
        claim: aClaim({ metadata: { annotations } }),
        class: aClass({ provisioner: 'kubernetes.io/aws-ebs', parameters: { type: 'gp2', fsType: 'xfs' } }),
        progress,
      }),
    );
  const step = migrated();
  if (step.kind !== 'write-intent') throw new Error(step.kind);
  const { parameters, volumeCapabilities } = step.intent.request;
  expect(parameters).toEqual({ type: 'gp2' });
  expect(volumeCapabilities[0]?.accessType).toMatchObject({ value: { fsType: 'xfs' } });
  expect(migrated({ operation: anOpen({ intent: step.intent }) })).toMatchObject({
    kind: 'create-volume',
    plan: { metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': 'kubernetes.io/aws-ebs' } } },
  });
});
