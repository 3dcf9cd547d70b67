import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRest } from '../lib/controller/step.ts';
import { decide as decideBinding } from './binding/decide.ts';
import { RESTORES_INDEX } from './binding/relations.ts';
import { SNAPSHOT_INDEXES, SOURCE_INDEX, VOLUME_INDEX } from './snapshot-informers.ts';
import type { BindingState } from './binding/state.ts';
import { decide as decideClaim } from './claim-protection/decide.ts';
import { contentIndexes } from './content/controller.ts';
import type { CreateCalls } from './content/create-calls.ts';
import { decide as decideContent } from './content/decide.ts';
import { SINGLE_CONTENT } from './content/single.ts';
import type { ContentState, DriverAnswer } from './content/state.ts';
import { decide as decideContentProtection } from './content-protection/decide.ts';
import { SINGLE } from './kinds/single-kind.ts';
import { SIDECAR_REASON } from './names.ts';
import { DRIVER, EPOCH_MS } from './testing/objects.ts';
import { oddClaim, oddClass, oddContent, oddSnapshot, oddVolume } from './testing/odd-objects.ts';

/** Fixed seed: the same thousands of objects every time. */
const RUNS = { numRuns: 2000, seed: 20260101 };
const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined });

const bindingState: fc.Arbitrary<BindingState> = fc.record({
  now: fc.constant(EPOCH_MS),
  settings: fc.record({ preventVolumeModeConversion: fc.boolean(), distributedSnapshotting: fc.boolean() }),
  snapshot: oddSnapshot,
  gone: fc.constant(false),
  content: maybe(oddContent),
  snapshotClass: maybe(oddClass),
  defaultClasses: fc.array(oddClass, { maxLength: 2 }),
  kind: fc.constant(SINGLE),
  groupKind: fc.constant(undefined),
  sources: fc.array(fc.record({ name: fc.constant('data'), claim: maybe(oddClaim), volume: maybe(oddVolume) }), { maxLength: 1 }),
  selector: fc.constant(undefined),
  nodes: fc.constant([{ metadata: { name: 'n' } }, {}]),
  restores: fc.array(fc.constant({ snapshot: 'default/nightly', claims: ['default/restored'] }), { maxLength: 1 }),
  members: fc.constant({ unmade: [], undeleted: [] }),
  membership: maybe(
    fc.record({
      name: fc.constant('group'),
      uid: maybe(fc.constant('group-uid')),
      proof: fc.constantFrom('yes' as const, 'no' as const, 'unseen' as const),
      group: fc.constantFrom('there' as const, 'going' as const, 'unseen' as const, 'gone' as const, 'unserved' as const),
    }),
  ),
  groupName: maybe(fc.constant('group')),
  confirmed: fc.subarray(['content', 'class', 'claim data', 'volume pv-data', 'group', 'group-content']).map((needed) => new Set(needed)),
  refusal: fc.constant(undefined),
  posted: fc.boolean(),
});

const answer: fc.Arbitrary<DriverAnswer> = fc.oneof(
  fc.record({
    kind: fc.constant('snapshot' as const),
    effect: fc.constant('create-snapshot' as const),
    handle: fc.string({ minLength: 1 }),
    creationTime: maybe(fc.bigInt()),
    oddTime: maybe(fc.bigInt()),
    sizeBytes: fc.bigInt(),
    ready: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('failed' as const),
    effect: fc.constantFrom('create-snapshot' as const, 'delete-snapshot' as const, 'refresh-snapshot' as const),
    reason: fc.constant(SIDECAR_REASON.creationFailed),
    message: fc.string(),
    cause: fc.record({ code: fc.string(), retryable: fc.boolean() }),
  }),
);

const contentState: fc.Arbitrary<ContentState> = fc.record({
  kind: fc.constant(SINGLE_CONTENT),
  now: fc.constant(EPOCH_MS),
  settings: fc.constant({
    driverName: DRIVER,
    snapshotNamePrefix: 'snapshot',
    snapshotNameUuidLength: -1,
    extraCreateMetadata: true,
    readyPollMinMs: 1000,
    readyPollMaxMs: 10_000,
  }),
  content: oddContent.map((content) => ({ ...content, spec: { ...content.spec, driver: DRIVER } })),
  snapshotClass: maybe(oddClass.map((one) => ({ ...one, driver: DRIVER }))),
  answersQuestions: fc.boolean(),
  lacks: fc.constant(undefined),
  calls: fc.constantFrom<CreateCalls>(
    { kind: 'none' },
    { kind: 'running', history: { times: 0, sinceMs: 0 } },
    { kind: 'uncertain', history: { times: 1, sinceMs: 0, grpcCode: 3 } },
    { kind: 'deleted' },
  ),
  answer: maybe(answer),
  secret: fc.constant(undefined),
  gone: fc.constant(false),
});

describe('objects of any shape', () => {
  test('a snapshot always gets an answer', () => {
    fc.assert(
      fc.property(bindingState, (state) => {
        expect(typeof decideBinding(state).kind).toBe('string');
      }),
      RUNS,
    );
  });

  test('a content always gets an answer', () => {
    fc.assert(
      fc.property(contentState, (state) => {
        expect(typeof decideContent(state).kind).toBe('string');
        for (const snapshot of ['there', 'unseen', 'gone'] as const)
          expect(typeof decideContentProtection({ ...state, kind: SINGLE, group: 'none', snapshot, cameAlone: false }).kind).toBe('string');
      }),
      RUNS,
    );
  });

  test('a claim always gets an answer', () => {
    const pair = fc.record({ snapshot: oddSnapshot, content: maybe(oddContent) });
    const state = fc.record({
      claim: oddClaim,
      snapshots: fc.array(pair, { maxLength: 2 }),
      contents: fc.array(oddContent, { maxLength: 2 }),
      groups: fc.constant([]),
      groupContents: fc.constant([]),
    });
    fc.assert(
      fc.property(state, (one) => {
        expect(typeof decideClaim(one).kind).toBe('string');
      }),
      RUNS,
    );
  });

  test('an index always finds values', () => {
    fc.assert(
      fc.property(oddSnapshot, oddContent, oddClaim, oddVolume, (snapshot, content, claim, volume) => {
        for (const index of SNAPSHOT_INDEXES) expect(Array.isArray(index.values(snapshot))).toBe(true);
        for (const index of [...contentIndexes(SINGLE_CONTENT), SOURCE_INDEX]) expect(Array.isArray(index.values(content))).toBe(true);
        expect(Array.isArray(RESTORES_INDEX.values(claim))).toBe(true);
        expect(Array.isArray(VOLUME_INDEX.values(volume))).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('what no state may lead to', () => {
  test('DeleteSnapshot is asked for only where content and policy say so', () => {
    fc.assert(
      fc.property(contentState, (state) => {
        const step = decideContent(state);
        if (step.kind !== 'delete-snapshot' || isRest(step)) return;
        const { metadata, spec } = state.content;
        expect(spec?.deletionPolicy).toBe('Delete');
        expect(metadata?.deletionTimestamp ?? '').not.toBe('');
        const unbound = (spec?.source?.snapshotHandle ?? '') !== '' && (spec?.volumeSnapshotRef?.uid ?? '') === '';
        expect(unbound || metadata?.annotations?.['snapshot.storage.kubernetes.io/volumesnapshot-being-deleted'] !== undefined).toBe(true);
      }),
      RUNS,
    );
  });

  test('a content without its VolumeSnapshot is deleted only if it is dynamic and has no handle', () => {
    fc.assert(
      fc.property(contentState, (state) => {
        const step = decideContentProtection({ ...state, kind: SINGLE, group: 'none', snapshot: 'gone', cameAlone: false });
        if (step.kind !== 'delete-content') return;
        expect(state.content.spec?.source?.volumeHandle ?? '').not.toBe('');
        expect(state.content.spec?.source?.snapshotHandle ?? '').toBe('');
        const handle: unknown = state.content.status?.snapshotHandle;
        expect(typeof handle === 'string' && handle !== '').toBe(false);
      }),
      RUNS,
    );
  });

  test('a content is deleted only for a snapshot that is going and that it names by uid', () => {
    fc.assert(
      fc.property(bindingState, (state) => {
        const step = decideBinding(state);
        if (step.kind !== 'delete-content' && step.kind !== 'mark-content') return;
        expect(state.snapshot.metadata?.deletionTimestamp ?? '').not.toBe('');
        expect(state.content?.spec?.volumeSnapshotRef?.uid).toBe(state.snapshot.metadata?.uid);
      }),
      RUNS,
    );
  });
});
