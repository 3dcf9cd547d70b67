import { expect, test } from 'vitest';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { SELECTED_NODE, STORAGE_PROVISIONER } from '../facts/names.ts';
import { aClaimWorld, apiError, csiError } from '../testing/claim-world.ts';
import {
  aClaim,
  aClass,
  aContent,
  aSnapshot,
  aVolume,
  CLAIM_SOURCE,
  CLAIM_UID,
  DRIVER,
  SNAPSHOT_SOURCE,
  VOLUME_NAME,
} from '../testing/objects.ts';
import { ALL_CAPABILITIES, aNode, anIntent, anOpen, aState, settings } from '../testing/states.ts';
import { opened } from '../intent/operation.ts';
import { NO_SOURCE } from './state.ts';
import type { ClaimState } from './state.ts';
import { createNodeTopology } from './node-topology.ts';
import { decide } from './decide.ts';

const NODE = aNode();
const CAPABILITIES = new Set([...ALL_CAPABILITIES, 'GET_CAPACITY']);
const rules = settings({ node: NODE, topology: true, capabilities: CAPABILITIES });
const selected = (node: string) => ({ metadata: { annotations: { [STORAGE_PROVISIONER]: DRIVER, [SELECTED_NODE]: node } } });
const allowed = (value: string) => [{ matchLabelExpressions: [{ key: 'node', values: [value] }] }];

function state(change: Partial<Omit<ClaimState, 'progress'>> = {}): ClaimState {
  const present = aState({ settings: rules, ...change });
  const claim = { name: 'data', uid: CLAIM_UID };
  const question = { claim, selectedNode: undefined, allowed: present.class?.allowedTopologies, strict: false, immediate: true };
  return { ...present, topology: createNodeTopology(() => present.settings).inputFor(question) };
}

test('a claim of this node gets its volume here, asked for within this node', () => {
  expect(decide(state({ claim: aClaim(selected('node-a')) }))).toMatchObject({
    kind: 'write-intent',
    intent: {
      request: { accessibilityRequirements: { requisite: [{ segments: { node: 'a' } }], preferred: [{ segments: { node: 'a' } }] } },
    },
  });
});

test('a claim of another node is left alone without a word', () => {
  expect(decide(state({ claim: aClaim(selected('node-b')) }))).toEqual({ kind: 'done', reason: 'the claim is for node node-b' });
});

test('a claim that waits for its Pod is not competed for', () => {
  expect(decide(state({ class: aClass({ volumeBindingMode: 'WaitForFirstConsumer' }) }))).toMatchObject({ kind: 'done' });
});

test('without the flag nobody competes', () => {
  const quiet = settings({ node: aNode({ immediateBinding: false }) });
  expect(decide(state({ settings: quiet }))).toEqual({ kind: 'done', reason: 'no node is selected, and nodes do not compete' });
});

test('a node that the class does not allow does not compete', () => {
  expect(decide(state({ class: aClass({ allowedTopologies: allowed('b') }) }))).toEqual({
    kind: 'done',
    reason: 'the class does not allow this node',
  });
  expect(decide(state({ class: aClass({ allowedTopologies: allowed('a') }) }))).toMatchObject({ kind: 'draw-wait' });
});

test('a claim for all nodes: wait, ask for room, and write the node into it', () => {
  expect(decide(state())).toMatchObject({ kind: 'draw-wait', backoff: 'select-node' });
  expect(decide(state({ nodeWaitMs: 5_000 }))).toMatchObject({ kind: 'poll', afterMs: 5_000 });
  expect(decide(state({ nodeWaitMs: 0 }))).toMatchObject({
    kind: 'read-capacity',
    question: { bytes: 1n << 30n, parameters: { kind: 'ssd' }, places: [{ segments: { node: 'a' } }] },
  });
  expect(decide(state({ nodeWaitMs: 0, room: 'none' }))).toMatchObject({ kind: 'poll', afterMs: 60_000 });
  for (const room of ['some', 'unknown'] as const) {
    expect(decide(state({ nodeWaitMs: 0, room }))).toMatchObject({ kind: 'select-node', node: 'node-a' });
  }
});

test('a driver that knows no capacity, and a claim that asks for nothing, are not asked about', () => {
  const without = settings({ node: NODE, topology: true });
  expect(decide(state({ settings: without, nodeWaitMs: 0 }))).toMatchObject({ kind: 'select-node' });
  expect(decide(state({ claim: aClaim({ resources: {} }), nodeWaitMs: 0 }))).toMatchObject({ kind: 'select-node' });
});

test('what stands in the way is told by whoever has the claim, so somebody takes it', () => {
  expect(decide(state({ claim: aClaim({ selector: {} }), nodeWaitMs: 0 }))).toMatchObject({ kind: 'select-node' });
});

const restored = (holder: string, change: Partial<ClaimState> = {}) => {
  const snapshot = aSnapshot();
  const labels = { 'snapshot.storage.kubernetes.io/managed-by': holder };
  return state({
    claim: aClaim({ dataSource: SNAPSHOT_SOURCE, ...selected('node-a') }),
    source: { ...NO_SOURCE, snapshot },
    live: { content: { name: 'content-1', object: aContent({ metadata: { labels } }) } },
    ...change,
  });
};

test('a snapshot that another node holds: the claim is given back before the driver is asked, and told', () => {
  expect(decide(restored('node-a'))).toMatchObject({ kind: 'write-intent' });
  const step = decide(restored('node-b'));
  expect(step).toMatchObject({ kind: 'reschedule' });
  expect(JSON.stringify(step)).toContain('VolumeSnapshot shop/monday is on node \\"node-b\\"');
});

test('a claim that is cloned where its source cannot be reached is given back', () => {
  const elsewhere = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'node', operator: 'In', values: ['b'] }] }] } };
  const source = {
    ...NO_SOURCE,
    claim: { ...aClaim({ volumeName: 'pv-1', metadata: { name: 'original', uid: 'original-uid' } }), status: { phase: 'Bound' } },
    volume: aVolume({ nodeAffinity: elsewhere, claimRef: { namespace: 'shop', name: 'original', uid: 'original-uid' } }),
  };
  const claim = aClaim({ dataSource: CLAIM_SOURCE, ...selected('node-a') });
  expect(decide(state({ claim, source }))).toMatchObject({ kind: 'reschedule' });
});

test('nobody competes for a claim whose snapshot another node holds', () => {
  const claim = aClaim({ dataSource: SNAPSHOT_SOURCE });
  expect(decide(restored('node-b', { claim, nodeWaitMs: 0 }))).toMatchObject({ kind: 'poll', reason: 'the source is on another node' });
});

test('a driver that does not know the source has the claim given back; without nodes it is an error like others', () => {
  const failure = {
    kind: 'refused',
    purpose: 'attempt',
    outcome: 'failed',
    grpcCode: GrpcCode.NOT_FOUND,
    message: 'no such snapshot',
  } as const;
  const claim = aClaim({ dataSource: SNAPSHOT_SOURCE, ...selected('node-a') });
  expect(decide(state({ claim, callFailure: failure }))).toMatchObject({ kind: 'reschedule' });
  expect(decide(state({ claim, callFailure: failure, settings: settings() }))).toMatchObject({ kind: 'retry' });
  expect(decide(state({ claim: aClaim(selected('node-a')), callFailure: failure }))).toMatchObject({ kind: 'retry' });
});

// The competition, in effect

const contest = () => aClaimWorld({ settings: { node: NODE, capabilities: CAPABILITIES } });

test('waits double up to the longest, less a random part of the first', async () => {
  const world = contest();
  const waits: unknown[] = [];
  for (let round = 0; round < 4; round += 1) {
    const { end } = await world.run();
    waits.push(end.kind === 'poll' ? end.afterMs : end);
    world.progress.update(CLAIM_UID, { competition: { tries: round + 1, untilMs: undefined } });
  }
  expect(waits).toEqual([10_000, 30_000, 50_000, 50_000]);
});

test('whoever is first writes itself into the claim and goes on at once', async () => {
  const world = contest();
  await world.run();
  world.clock.ms += 10_000;
  const { steps } = await world.run();
  expect(steps).toEqual(['read-capacity', 'select-node', 'write-intent', 'create-volume', 'save-volume']);
  expect(world.claims.get('shop/data')?.metadata?.annotations?.[SELECTED_NODE]).toBe('node-a');
});

test('a write conflict is a lost race, and the next wait is longer', async () => {
  const world = contest();
  await world.run();
  world.clock.ms += 10_000;
  world.server.refusals.set('replace persistentvolumeclaims', apiError(409, 'Conflict'));
  await expect(world.run()).rejects.toThrow('said 409');
  expect(await world.run()).toMatchObject({ steps: [], end: { kind: 'poll', backoff: 'select-node', afterMs: 30_000 } });
});

test('a driver without an answer about room is tried', async () => {
  const world = contest();
  await world.run();
  world.clock.ms += 10_000;
  world.driver.getCapacity = () => Promise.reject(csiError('INTERNAL'));
  expect((await world.run()).steps).toContain('create-volume');
});

test('no room: the driver is asked again after the longest wait', async () => {
  const world = contest();
  await world.run();
  world.clock.ms += 10_000;
  world.driver.getCapacity = () => Promise.resolve({ availableCapacity: 1n });
  expect(await world.run()).toMatchObject({ steps: ['read-capacity'], end: { kind: 'poll', afterMs: 60_000 } });
});

// What was asked of this node before the claim went to another one

const ELSEWHERE = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'node', operator: 'In', values: ['b'] }] }] } };

test('what this node may have made for a claim that got its volume on another one is found and deleted', async () => {
  const world = contest();
  const pv = aVolume({ nodeAffinity: ELSEWHERE, csi: { driver: DRIVER, volumeHandle: 'on-b' } });
  world.claims.set('shop/data', aClaim({ volumeName: VOLUME_NAME, ...selected('node-b') }));
  world.volumes.set(VOLUME_NAME, pv);
  world.server.put({ plural: 'persistentvolumes' }, pv);
  world.progress.update(CLAIM_UID, { operation: { ...anOpen({ uncertain: [anIntent()] }), call: 'final' } });
  const { steps, end } = await world.run();
  expect(steps).toEqual(['create-volume', 'save-volume', 'read-volume', 'delete-unwanted']);
  expect(end).toMatchObject({ kind: 'done' });
  expect(world.driver.deletions).toMatchObject([{ volumeId: 'vol-1' }]);
  expect(world.progress.of(CLAIM_UID).operation).toEqual({ phase: 'none' });
});

test('where nothing is uncertain the PV of another node ends the case as any other', async () => {
  const world = contest();
  world.volumes.set(VOLUME_NAME, aVolume({ nodeAffinity: ELSEWHERE }));
  world.progress.update(CLAIM_UID, { operation: opened(anIntent(), undefined) });
  expect((await world.run()).steps).toEqual(['close']);
});
