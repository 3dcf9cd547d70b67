/** What is true of dynamic pairs, for pairs that an administrator brought; and the few cases of dynamic ones that the Go tests name apart. */
import { describe, expect, test } from 'vitest';
import { AS_SOURCE_PROTECTION, BEING_DELETED, BOUND_PROTECTION, CONTENT_PROTECTION } from '../names.ts';
import { aBindingState, bothFinalizers, confirmedAll, deleting, failure, protectedClaim } from '../testing/binding-state.ts';
import {
  CONTENT_NAME,
  READY_STATUS,
  SNAPSHOT_UID,
  aContent,
  aPreProvisionedContent,
  aPreProvisionedSnapshot,
  aReadySnapshot,
  aSnapshot,
} from '../testing/objects.ts';
import { statusCopy } from '../snapshot-status.ts';
import { SINGLE } from '../kinds/single-kind.ts';
import { decide } from './decide.ts';

const REF = { name: 'nightly', namespace: 'default', uid: SNAPSHOT_UID };
const protectedRef = { metadata: { finalizers: [CONTENT_PROTECTION] } };
const elsewhere = { uid: { ...REF, uid: 'other' }, name: { ...REF, name: 'weekly' } };
const readyStatus = { ...aReadySnapshot().status, boundVolumeSnapshotContentName: 'imported' };
const ready = aPreProvisionedSnapshot({ metadata: bothFinalizers, status: readyStatus });
const imported = (more: Parameters<typeof aPreProvisionedContent>[0] = {}) =>
  aPreProvisionedContent({
    ...protectedRef,
    status: { ...READY_STATUS, snapshotHandle: 'snap-9' },
    ...more,
    spec: { volumeSnapshotRef: REF, ...more.spec },
  });

describe('a pre-provisioned snapshot', () => {
  const state = aBindingState({ snapshot: ready, content: imported(), sources: [], confirmed: confirmedAll });

  test('that is bound and ready rests', () => {
    expect(decide(state)).toMatchObject({ kind: 'done', reason: 'ready' });
  });

  test('that is ready and whose content vanished is told so', () => {
    expect(failure({ ...state, content: undefined })).toMatchObject({ events: ['Warning SnapshotContentMissing'], readyToUse: false });
  });

  test('that is ready and whose content refers to another snapshot is misbound', () => {
    expect(failure({ ...state, content: imported({ spec: { volumeSnapshotRef: elsewhere.uid } }) })).toMatchObject({
      events: ['Warning SnapshotMisbound'],
      readyToUse: false,
    });
  });
});

describe('a pre-provisioned snapshot that is being deleted', () => {
  const snapshot = aPreProvisionedSnapshot({ metadata: { ...bothFinalizers, ...deleting }, status: readyStatus });
  const state = aBindingState({ snapshot, content: imported(), sources: [], confirmed: confirmedAll });
  const marked = (deletionPolicy: string) =>
    imported({ metadata: { ...protectedRef.metadata, annotations: { [BEING_DELETED]: 'yes' } }, spec: { deletionPolicy } });

  test.each(['Delete', 'Retain'])('marks the content, whatever its policy %s', (deletionPolicy) => {
    expect(decide({ ...state, content: imported({ spec: { deletionPolicy } }) })).toMatchObject({ kind: 'mark-content' });
  });

  test.each([
    ['Delete', 'delete-content'],
    ['Retain', 'release-snapshot'],
  ])('deletes the content by its policy: %s', (deletionPolicy, kind) => {
    expect(decide({ ...state, content: marked(deletionPolicy) })).toMatchObject({ kind });
  });

  test('goes at once where there is no content', () => {
    expect(decide({ ...state, content: undefined })).toMatchObject({ kind: 'release-snapshot' });
  });

  test.each(['uid', 'name'] as const)('leaves a content that refers to another %s alone, and goes', (field) => {
    expect(decide({ ...state, content: imported({ spec: { volumeSnapshotRef: elsewhere[field] } }) })).toMatchObject({
      kind: 'release-snapshot',
    });
  });
});

describe('the content', () => {
  const going = aReadySnapshot({ metadata: { ...bothFinalizers, ...deleting } });

  test.each(['Delete', 'Retain'])('of a dynamic snapshot is marked, and no more, whatever its policy %s', (deletionPolicy) => {
    const content = aContent({ status: READY_STATUS, spec: { deletionPolicy } });
    expect(decide(aBindingState({ snapshot: going, content }))).toMatchObject({ kind: 'mark-content' });
  });

  test.each(['uid', 'name'] as const)('of a dynamic snapshot that refers to another %s is left alone', (field) => {
    const content = aContent({ status: READY_STATUS, spec: { volumeSnapshotRef: elsewhere[field] } });
    expect(decide(aBindingState({ snapshot: going, content }))).toMatchObject({ kind: 'release-snapshot' });
  });

  test.each([
    ['no status', undefined],
    ['a status without an error', { readyToUse: false }],
    ['an error from before', { readyToUse: false, error: { message: 'of the past' } }],
  ])('is posted for a snapshot with %s', (_, status) => {
    const snapshot = aSnapshot({ metadata: bothFinalizers, ...(status === undefined ? {} : { status }) });
    expect(decide(aBindingState({ snapshot, claim: protectedClaim }))).toMatchObject({ kind: 'create-content', action: 'post' });
  });
});

test('a snapshot without a status gets name and error of its content in one write', () => {
  const content = aContent({ status: { readyToUse: false, error: { message: 'no space' } } });
  expect(statusCopy({ kind: SINGLE, snapshot: aSnapshot(), content })?.changes).toEqual({
    boundVolumeSnapshotContentName: CONTENT_NAME,
    readyToUse: false,
    error: { message: 'no space' },
  });
});

test('the finalizer that is missing beside the other is added by a patch', () => {
  const snapshot = aSnapshot({ metadata: { finalizers: [BOUND_PROTECTION] } });
  expect(decide(aBindingState({ snapshot }))).toMatchObject({
    kind: 'add-finalizers',
    patch: {
      operations: [
        {},
        { op: 'test', path: '/metadata/finalizers', value: [BOUND_PROTECTION] },
        { op: 'replace', path: '/metadata/finalizers', value: [BOUND_PROTECTION, AS_SOURCE_PROTECTION] },
      ],
    },
  });
});
