/** Groups that an administrator brought, ready groups, and the default class: what the Go tests name apart. */
import { describe, expect, test } from 'vitest';
import { GROUP_BEING_DELETED, GROUP_CONTENT_PROTECTION, IS_DEFAULT_GROUP_CLASS } from '../names.ts';
import { GROUP, MADE, OWNER_UID, aBoundGroup, aGroup, aGroupState, theContent } from '../testing/groups.ts';
import { aClass } from '../testing/objects.ts';
import { decide as decideContent } from '../content-protection/decide.ts';
import { decide } from './decide.ts';

const going = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const REF = { name: 'group', namespace: 'default', uid: OWNER_UID };
const spec = { source: { volumeGroupSnapshotContentName: 'imported' }, volumeGroupSnapshotClassName: 'groups' };
const imported = (more: Parameters<typeof theContent>[0] = {}) =>
  theContent({
    ...more,
    metadata: { name: 'imported', ...more.metadata },
    spec: {
      source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: 'group-9', volumeSnapshotHandles: ['snap-9'] } },
      volumeGroupSnapshotRef: REF,
      ...more.spec,
    },
  });
const given = (more: Parameters<typeof aBoundGroup>[0] = {}) =>
  aBoundGroup({ ...more, spec, status: { boundVolumeGroupSnapshotContentName: 'imported', ...more.status } });
const bare = aGroup();
delete bare.spec?.volumeGroupSnapshotClassName;

describe('a pre-provisioned group', () => {
  test('rests while its content is not ready', () => {
    const content = imported({ status: { readyToUse: false } });
    expect(decide(aGroupState({ snapshot: given(), content, sources: [] }))).toMatchObject({ kind: 'done' });
  });

  test('that finds a content bound to another group is misbound', () => {
    const content = imported({ spec: { volumeGroupSnapshotRef: { ...REF, uid: 'older' } } });
    expect(decide(aGroupState({ snapshot: given(), content, sources: [] }))).toMatchObject({
      kind: 'write-error',
      before: [{ type: 'Warning', reason: 'GroupSnapshotContentMisbound' }],
    });
  });

  test('is never asked for a default class', () => {
    const snapshot = aBoundGroup({ spec: { source: spec.source } });
    delete snapshot.spec?.volumeGroupSnapshotClassName;
    const state = aGroupState({ snapshot, content: imported({ status: MADE }), snapshotClass: undefined, sources: [] });
    expect(decide(state)).toMatchObject({
      kind: 'write-status',
      after: expect.arrayContaining([expect.objectContaining({ reason: 'GroupSnapshotReady' })]),
    });
  });

  test.each([
    ['Delete', 'delete-content'],
    ['Retain', 'release-snapshot'],
  ])('that is being deleted marks its content, then follows its policy %s', (deletionPolicy, kind) => {
    const state = aGroupState({ snapshot: given({ metadata: going }), sources: [] });
    const marked = { annotations: { [GROUP_BEING_DELETED]: 'yes' } };
    const content = (metadata: object = {}) => imported({ metadata, spec: { deletionPolicy }, status: MADE });
    expect(decide({ ...state, content: content() })).toMatchObject({ kind: 'mark-content' });
    expect(decide({ ...state, content: content(marked) })).toMatchObject({ kind });
  });
});

describe('a dynamic group', () => {
  test('without a content and without a finalizer of ours needs nothing to go', () => {
    const snapshot = aGroup({ metadata: { ...going, finalizers: ['example.com/x'] } });
    expect(decide(aGroupState({ snapshot, confirmed: new Set(['content']) }))).toMatchObject({ kind: 'done' });
  });

  test('rests while its content is not ready', () => {
    const content = theContent({ status: { readyToUse: false } });
    expect(decide(aGroupState({ snapshot: aBoundGroup(), content }))).toMatchObject({ kind: 'done' });
  });

  test('that is ready rests', () => {
    const { creationTime = '' } = MADE;
    const snapshot = aBoundGroup({ status: { readyToUse: true, creationTime } });
    expect(decide(aGroupState({ snapshot, content: theContent({ status: MADE }) }))).toMatchObject({ kind: 'done', reason: 'ready' });
  });
});

describe('a group without a class', () => {
  const named = (name: string) => aClass({ metadata: { name, annotations: { [IS_DEFAULT_GROUP_CLASS]: 'true' } } });
  const of = (...defaultClasses: ReturnType<typeof aClass>[]) =>
    decide(aGroupState({ snapshot: bare, snapshotClass: undefined, defaultClasses, confirmed: new Set(['snapshot', 'selection']) }));

  test('takes the default class of its driver', () => {
    expect(of(named('ours'))).toMatchObject({
      kind: 'set-class',
      patch: { body: { spec: { volumeGroupSnapshotClassName: 'ours' } } },
    });
  });

  test('is refused where several are the default', () => {
    expect(of(named('b'), named('a'))).toMatchObject({
      kind: 'write-error',
      before: [{ reason: 'SetDefaultGroupSnapshotClassFailed', message: expect.stringMatching(/2 default.*: a, b/) }],
    });
  });
});

test('a bound content of a group without the finalizer gets it', () => {
  const content = theContent({ metadata: { finalizers: [] }, status: MADE });
  expect(decideContent({ kind: GROUP, group: 'none', content, snapshot: 'there', cameAlone: false, gone: false })).toMatchObject({
    kind: 'protect-content',
    patch: { operations: [{ op: 'test' }, { op: 'add', value: [GROUP_CONTENT_PROTECTION] }] },
  });
});
