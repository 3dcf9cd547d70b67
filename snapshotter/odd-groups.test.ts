/** Groups, their contents and their members of any shape: the loops of snapshot-controller always find an answer, and some they never give. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VolumeGroupSnapshot, VolumeGroupSnapshotContent, VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import { decide as decideBinding } from './binding/decide.ts';
import { decide as decideContentProtection } from './content-protection/decide.ts';
import { decide as decideMember } from './members/decide.ts';
import { GROUP_HANDLE_INDEX, GROUP_INDEX, MEMBER_INDEX, memberKeysOf, plannedMembers } from './membership.ts';
import { GROUP_BEING_CREATED, GROUP_BEING_DELETED } from './names.ts';
import { kindIndexes, OF_GROUP_INDEX, SELECTING_INDEX, SOURCES_INDEX } from './snapshot-informers.ts';
import {
  GROUP,
  MADE,
  aBoundGroup,
  aGroup,
  aGroupState,
  aMemberContent,
  aMemberSnapshot,
  aMemberState,
  aSource,
  theContent,
} from './testing/groups.ts';
import { READY_STATUS } from './testing/objects.ts';
import { nearly, oddClaim, oddClass, oddVolume } from './testing/odd-objects.ts';

const RUNS = { numRuns: 3000, seed: 20260101 };
const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined });
const going = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const selector = { matchLabels: { app: 'db' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['gold'] }] };

const oddGroup: fc.Arbitrary<VolumeGroupSnapshot> = nearly(
  aGroup({ spec: { source: { selector } } }),
  aBoundGroup({ status: { readyToUse: true, creationTime: '2026-01-01T00:00:00Z' } }),
  aBoundGroup({ status: { error: { time: '2026-01-01T00:00:00Z', message: 'x' } } }),
  aBoundGroup({ metadata: going }),
  aGroup({ spec: { source: { volumeGroupSnapshotContentName: 'imported' } } }),
);
const oddContent: fc.Arbitrary<VolumeGroupSnapshotContent> = nearly(
  theContent(),
  theContent({ status: MADE }),
  theContent({ metadata: { ...going, annotations: { [GROUP_BEING_DELETED]: 'yes', [GROUP_BEING_CREATED]: 'yes' } }, status: MADE }),
  theContent({ spec: { source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: 'g', volumeSnapshotHandles: ['s'] } } } }),
);
const oddMember: fc.Arbitrary<VolumeSnapshot> = nearly(
  aMemberSnapshot(),
  aMemberSnapshot({ status: { volumeGroupSnapshotName: 'group', readyToUse: true } }),
  aMemberSnapshot({ metadata: going }),
);
const oddMemberContent: fc.Arbitrary<VolumeSnapshotContent> = nearly(aMemberContent(), aMemberContent({ status: READY_STATUS }));

const bindingState = fc
  .record({
    snapshot: oddGroup,
    content: maybe(oddContent),
    snapshotClass: maybe(oddClass),
    defaultClasses: fc.array(oddClass, { maxLength: 2 }),
    sources: fc.oneof(
      fc.constant([aSource('one'), aSource('two')]),
      fc.array(fc.record({ name: fc.constant('data'), claim: maybe(oddClaim), volume: maybe(oddVolume) }), { maxLength: 3 }),
    ),
    settings: fc.record({ preventVolumeModeConversion: fc.boolean(), distributedSnapshotting: fc.boolean() }),
    restores: fc.array(fc.constant({ snapshot: 'default/m', claims: ['default/r'] }), { maxLength: 1 }),
    members: fc.record({
      unmade: fc.array(fc.constant('default/m'), { maxLength: 1 }),
      undeleted: fc.array(fc.constant('m'), { maxLength: 1 }),
    }),
    confirmed: fc
      .subarray(['snapshot', 'content', 'class', 'claim data', 'volume pv-data', 'selection'])
      .map((known) => new Set<string>(known)),
    posted: fc.boolean(),
  })
  .map((parts) => aGroupState(parts));

const memberState = fc
  .record({
    snapshot: maybe(oddMember),
    content: maybe(oddMemberContent),
    group: maybe(oddGroup),
    groupContent: maybe(oddContent),
    standing: fc.constantFrom('there' as const, 'going' as const, 'unseen' as const, 'gone' as const),
  })
  .map(({ standing, ...parts }) =>
    aMemberState({
      ...parts,
      plan: parts.groupContent === undefined ? undefined : plannedMembers(parts.groupContent)[0],
      membership: { name: 'group', uid: 'x', group: standing },
    }),
  );

describe('objects of any shape', () => {
  test('a group, its content and its members always get an answer', () => {
    fc.assert(
      fc.property(bindingState, memberState, (state, member) => {
        expect(typeof decideBinding(state).kind).toBe('string');
        expect(typeof decideMember(member).kind).toBe('string');
        for (const snapshot of ['there', 'unseen', 'gone'] as const)
          if (state.content !== undefined)
            expect(
              typeof decideContentProtection({ ...state, content: state.content, kind: GROUP, group: 'none', snapshot, cameAlone: false })
                .kind,
            ).toBe('string');
      }),
      RUNS,
    );
  });

  test('an index always finds values, each once', () => {
    fc.assert(
      fc.property(oddGroup, oddContent, oddMember, oddMemberContent, (group, content, member, memberContent) => {
        for (const index of [SELECTING_INDEX, ...kindIndexes(GROUP)]) expect(Array.isArray(index.values(group))).toBe(true);
        for (const index of [MEMBER_INDEX, GROUP_HANDLE_INDEX, SOURCES_INDEX]) expect(Array.isArray(index.values(content))).toBe(true);
        expect(new Set(memberKeysOf(content)).size).toBe(memberKeysOf(content).length);
        expect(Array.isArray(GROUP_INDEX.values(member)) && Array.isArray(OF_GROUP_INDEX.values(memberContent))).toBe(true);
      }),
      RUNS,
    );
  });
});

describe('what no state may lead to', () => {
  test('the content of a group is marked or deleted only for a group that is going and that it names by uid', () => {
    fc.assert(
      fc.property(bindingState, (state) => {
        const step = decideBinding(state);
        if (step.kind !== 'delete-content' && step.kind !== 'mark-content') return;
        expect(state.snapshot.metadata?.deletionTimestamp ?? '').not.toBe('');
        expect(state.content?.spec?.volumeGroupSnapshotRef?.uid).toBe(state.snapshot.metadata?.uid);
      }),
      RUNS,
    );
  });

  test('a member is deleted only when its group is going or gone, begun only when it is there, and made whole only until that may go', () => {
    fc.assert(
      fc.property(memberState, (state) => {
        const { kind } = decideMember(state);
        const { membership, groupContent, snapshot } = state;
        if (kind === 'delete-snapshot') expect(['going', 'gone']).toContain(membership?.group);
        if (kind === 'post-snapshot') expect(membership?.group).toBe('there');
        if (kind !== 'post-content' || membership?.group === 'there') return;
        expect(membership?.group).toBe('going');
        expect(groupContent?.metadata?.annotations ?? {}).not.toHaveProperty([GROUP_BEING_DELETED], 'yes');
        expect(snapshot?.metadata?.deletionTimestamp ?? '').toBe('');
      }),
      RUNS,
    );
  });

  test('a group is never called ready before its members are made', () => {
    fc.assert(
      fc.property(bindingState, (state) => {
        const step = decideBinding(state);
        if (step.kind === 'write-status' && step.after?.some(({ reason }) => reason === 'GroupSnapshotReady') === true)
          expect(state.members.unmade).toEqual([]);
      }),
      RUNS,
    );
  });
});
