/** Group contents of any shape: the loop always finds an answer, and some answers it never gives. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRest } from '../../lib/controller/step.ts';
import type { VolumeGroupSnapshotClass, VolumeGroupSnapshotContent } from '../../lib/kube/objects.ts';
import {
  CREATION_UNCERTAIN,
  GROUP_BEING_CREATED,
  GROUP_BEING_DELETED,
  GROUP_DELETION_SECRET_NAME,
  GROUP_DELETION_SECRET_NAMESPACE,
} from '../names.ts';
import {
  aFoundGroup,
  aGivenGroupContent,
  aGroupClass,
  aGroupContent,
  aGroupState,
  GROUP_CONTENT,
  READY_GROUP_STATUS,
} from '../testing/group-content.ts';
import { DRIVER } from '../testing/objects.ts';
import { nearly } from '../testing/odd-objects.ts';
import { contentIndexes } from './controller.ts';
import { readCalls } from './create-calls.ts';
import { decide } from './decide.ts';
import { failureEvents } from './failure-events.ts';
import type { ContentState } from './state.ts';

const RUNS = { numRuns: 3000, seed: 20260101 };
const going = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const secret = { [GROUP_DELETION_SECRET_NAME]: 'key', [GROUP_DELETION_SECRET_NAMESPACE]: 'vault' };
const released = { ...going, annotations: { [GROUP_BEING_DELETED]: 'yes' } };
const unready = { ...READY_GROUP_STATUS, readyToUse: false };

const oddGroup: fc.Arbitrary<VolumeGroupSnapshotContent> = nearly(
  aGroupContent(),
  aGroupContent({
    metadata: { annotations: { [GROUP_BEING_CREATED]: 'yes', ...secret } },
    status: { ...unready, error: { message: 'x' } },
  }),
  aGroupContent({ status: READY_GROUP_STATUS }),
  aGroupContent({ metadata: released, status: READY_GROUP_STATUS }),
  aGroupContent({ metadata: { ...released, finalizers: ['example.com/x'] }, status: READY_GROUP_STATUS }),
  aGroupContent({ metadata: { ...going, annotations: { [GROUP_BEING_DELETED]: 'yes', [GROUP_BEING_CREATED]: 'yes' } } }),
  aGroupContent({ metadata: { ...going, annotations: { [GROUP_BEING_DELETED]: 'yes', [CREATION_UNCERTAIN]: 'yes' } }, status: unready }),
  aGivenGroupContent(),
  aGivenGroupContent({ metadata: going, status: { ...READY_GROUP_STATUS, volumeGroupSnapshotHandle: 'group-9' } }),
);
const oddClass: fc.Arbitrary<VolumeGroupSnapshotClass> = nearly(aGroupClass(), aGroupClass({ parameters: { tier: 'gold' } }));

const state: fc.Arbitrary<ContentState<VolumeGroupSnapshotContent>> = fc
  .record({
    content: oddGroup,
    snapshotClass: fc.option(oddClass, { nil: undefined }),
    isDeleted: fc.boolean(),
    answer: fc.constantFrom(
      undefined,
      undefined,
      aFoundGroup(),
      aFoundGroup({ ready: false, members: [] }),
      aFoundGroup({ effect: 'refresh-snapshot' }),
    ),
  })
  .map(({ content: one, snapshotClass, isDeleted, answer }) => {
    const content = { ...one, spec: { ...one.spec, driver: DRIVER } };
    const calls = isDeleted ? ({ kind: 'deleted' } as const) : readCalls(GROUP_CONTENT, content, 0);
    const ofDriver = snapshotClass === undefined ? undefined : { ...snapshotClass, driver: DRIVER };
    return aGroupState({ content, snapshotClass: ofDriver, calls, answer });
  });

describe('a group content of any shape', () => {
  test('always gets an answer, and a failure of the answer has words', () => {
    fc.assert(
      fc.property(state, (one) => {
        const step = decide(one);
        expect(typeof step.kind).toBe('string');
        if (!isRest(step)) expect(failureEvents(one, step, 'no')[0]?.message).toMatch(/^Failed to .*no/s);
      }),
      RUNS,
    );
  });

  test('is found by its class', () => {
    const [index] = contentIndexes(GROUP_CONTENT);
    fc.assert(
      fc.property(oddGroup, (content) => {
        expect(Array.isArray(index?.values(content))).toBe(true);
      }),
      RUNS,
    );
  });

  test('has its group deleted only where it is deleted by policy Delete, and its owner is going or never was', () => {
    fc.assert(
      fc.property(state, (one) => {
        const step = decide(one);
        if (step.kind !== 'delete-snapshot' || isRest(step)) return;
        const { metadata, spec, status } = one.content;
        expect(spec?.deletionPolicy).toBe('Delete');
        expect(metadata?.deletionTimestamp ?? '').not.toBe('');
        expect(typeof status?.volumeGroupSnapshotHandle).toBe('string');
        const unbound = typeof spec?.source?.groupSnapshotHandles === 'object' && (spec.volumeGroupSnapshotRef?.uid ?? '') === '';
        expect(unbound || typeof metadata?.annotations?.[GROUP_BEING_DELETED] === 'string').toBe(true);
      }),
      RUNS,
    );
  });

  test('is asked for only with volumes, each named once, unless it is to be deleted', () => {
    fc.assert(
      fc.property(state, (one) => {
        const step = decide(one);
        if (step.kind !== 'create-snapshot' || isRest(step) || step.action !== 'call' || step.purpose !== 'create') return;
        const { sources, name } = step.request;
        expect(name).toMatch(/^groupsnapshot-./);
        expect(sources.length).toBeGreaterThan(0);
        expect(new Set(sources).size).toBe(sources.length);
        for (const source of sources) expect(source).toMatch(/./);
      }),
      RUNS,
    );
  });

  test('keeps its finalizer as long as a call may be running or a known group is to be deleted', () => {
    fc.assert(
      fc.property(state, (one) => {
        if (decide(one).kind !== 'release-content') return;
        const { spec, status } = one.content;
        const { given, sources, saved } = GROUP_CONTENT.read(one.content);
        const uid: unknown = spec?.volumeGroupSnapshotRef?.uid;
        const wasCalled = sources !== undefined && typeof uid === 'string' && uid !== '';
        if (one.calls.kind === 'running') expect(wasCalled, JSON.stringify([given, status?.readyToUse])).toBe(false);
        if (one.calls.kind !== 'deleted' && spec?.deletionPolicy === 'Delete') expect(saved).toBeUndefined();
      }),
      RUNS,
    );
  });
});
