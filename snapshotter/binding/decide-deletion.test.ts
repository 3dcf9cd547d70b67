import { describe, expect, test } from 'vitest';
import { PERSISTENT_VOLUME_CLAIMS } from '../../lib/kube/resources.ts';
import { AS_SOURCE_PROTECTION, BEING_CREATED, BEING_DELETED, BOUND_PROTECTION, RESTORE_PROTECTION } from '../names.ts';
import { aBindingState, bothFinalizers, confirmedAll, deleting } from '../testing/binding-state.ts';
import {
  CONTENT_NAME,
  READY_STATUS,
  aClass,
  aContent,
  aPreProvisionedContent,
  aPreProvisionedSnapshot,
  aReadySnapshot,
  aSnapshot,
} from '../testing/objects.ts';
import { TinyApi } from '../testing/tiny-api.ts';
import { decide } from './decide.ts';
import { restoreOf, RESTORES_INDEX } from './relations.ts';

describe('a snapshot that is being deleted', () => {
  const snapshot = aReadySnapshot({ metadata: { ...bothFinalizers, ...deleting } });
  const marked = (more: Parameters<typeof aContent>[0] = {}) =>
    aContent({ status: READY_STATUS, ...more, metadata: { annotations: { [BEING_DELETED]: 'yes' }, ...more.metadata } });
  const state = aBindingState({ snapshot, content: aContent({ status: READY_STATUS }) });

  test('marks its content first, on condition of the version that was decided on', () => {
    expect(decide(state)).toMatchObject({
      kind: 'mark-content',
      patch: { type: 'merge', body: { metadata: { uid: 'content-uid', resourceVersion: '20', annotations: { [BEING_DELETED]: 'yes' } } } },
    });
  });

  test('then deletes it, with uid and version, by the policy of the content', () => {
    expect(decide({ ...state, content: marked() })).toMatchObject({ kind: 'delete-content', uid: 'content-uid', resourceVersion: '20' });
  });

  test('then waits until the content is gone, and marks it again if the mark was overwritten', () => {
    expect(decide({ ...state, content: marked({ metadata: deleting }) })).toMatchObject({ kind: 'done' });
    expect(decide({ ...state, content: aContent({ metadata: deleting }) })).toMatchObject({ kind: 'mark-content' });
    const spoilt = aContent({ status: READY_STATUS, metadata: { annotations: { [BEING_DELETED]: 'no' } } });
    expect(decide({ ...state, content: spoilt })).toMatchObject({ kind: 'mark-content' });
  });

  test.each(['Retain', 'Recycle', ''])('only the policy Delete deletes a content, %j does not', (deletionPolicy) => {
    expect(decide({ ...state, content: marked({ spec: { deletionPolicy } }) })).toMatchObject({ kind: 'release-snapshot' });
  });

  test('then goes, once the content is known to be gone', () => {
    expect(decide({ ...state, content: undefined })).toMatchObject({ kind: 'confirm', needed: 'content', name: CONTENT_NAME });
    expect(decide({ ...state, content: undefined, confirmed: confirmedAll })).toMatchObject({
      kind: 'release-snapshot',
      patch: {
        operations: [
          {},
          { op: 'test', path: '/metadata/finalizers/1', value: BOUND_PROTECTION },
          { op: 'remove', path: '/metadata/finalizers/1' },
          { op: 'test', path: '/metadata/finalizers/0', value: AS_SOURCE_PROTECTION },
          { op: 'remove', path: '/metadata/finalizers/0' },
        ],
      },
    });
  });

  test('goes at once where its content is kept only to look for what an earlier call may have made', () => {
    const dying = (more: Parameters<typeof aContent>[0] = {}) =>
      aContent({
        ...more,
        metadata: { ...deleting, ...more.metadata, annotations: { [BEING_DELETED]: 'yes', ...more.metadata?.annotations } },
      });
    expect(decide({ ...state, content: dying() })).toMatchObject({ kind: 'release-snapshot' });
    const failed = { readyToUse: false, error: { message: 'no' } };
    expect(decide({ ...state, content: dying({ status: failed }) })).toMatchObject({ kind: 'release-snapshot' });
    const running = dying({ status: failed, metadata: { annotations: { [BEING_CREATED]: 'yes' } } });
    expect(decide({ ...state, content: running }), 'a call may be running').toMatchObject({ kind: 'poll' });
    expect(decide({ ...state, content: dying({ status: { snapshotHandle: 's' } }) }), 'a snapshot is there').toMatchObject({
      kind: 'done',
    });
    expect(decide({ ...state, content: aContent({ metadata: deleting }) }), 'the sidecar was not told').toMatchObject({
      kind: 'mark-content',
    });
  });

  test('says once that it waits while its snapshot is still being made', () => {
    const annotations = { [BEING_DELETED]: 'yes', [BEING_CREATED]: 'yes' };
    const creating = aContent({ metadata: { ...deleting, annotations } });
    expect(decide({ ...state, content: creating })).toMatchObject({
      kind: 'poll',
      backoff: 'release-snapshot',
      afterMs: 3_600_000,
      events: [{ type: 'Warning', reason: 'SnapshotDeletePending' }],
    });
    const made = decide({ ...state, content: marked({ metadata: deleting }) });
    expect(made, 'deleting takes a moment').toEqual({ kind: 'done', reason: 'waits for the content to go' });
  });

  test('leaves a retained content alone but for the mark, whatever its class says by now', () => {
    const retained = marked({ spec: { deletionPolicy: 'Retain' } });
    expect(decide({ ...state, content: retained, snapshotClass: aClass({ deletionPolicy: 'Delete' }) })).toMatchObject({
      kind: 'release-snapshot',
    });
  });

  test('waits while a claim is being restored from it, and says which', () => {
    const step = decide({ ...state, restores: [{ snapshot: 'default/nightly', claims: ['default/restored'] }] });
    expect(step).toMatchObject({
      kind: 'retry',
      backoff: 'release-snapshot',
      events: [{ reason: 'SnapshotDeletePending', type: 'Warning' }],
    });
    expect('events' in step && step.events?.[0]?.message).toMatch(/default\/restored/);
  });

  test('waits while a volume is being filled from it, though its claim is gone', () => {
    const filling = aReadySnapshot({ metadata: { finalizers: [...bothFinalizers.finalizers, RESTORE_PROTECTION], ...deleting } });
    const restore = restoreOf({ claims: new TinyApi().store(PERSISTENT_VOLUME_CLAIMS, [RESTORES_INDEX]) }, filling);
    expect(restore).toEqual({ snapshot: 'default/nightly', claims: [] });
    expect(decide({ ...state, snapshot: filling, restores: restore === undefined ? [] : [restore] })).toMatchObject({
      kind: 'retry',
      events: [{ reason: 'SnapshotDeletePending' }],
    });
  });

  test('does not touch a content that names another snapshot', () => {
    const foreign = aContent({ spec: { volumeSnapshotRef: { name: 'nightly', namespace: 'default', uid: 'other' } } });
    expect(decide({ ...state, content: foreign })).toMatchObject({ kind: 'release-snapshot' });
  });

  test('does not touch an unbound content that an admin made for it', () => {
    const given = aPreProvisionedSnapshot({ metadata: { ...aSnapshot().metadata, ...bothFinalizers, ...deleting } });
    expect(decide(aBindingState({ snapshot: given, content: aPreProvisionedContent() }))).toMatchObject({ kind: 'release-snapshot' });
  });

  test('without finalizers of ours is left to go, even where nothing is known of its content', () => {
    expect(decide(aBindingState({ snapshot: aSnapshot({ metadata: { ...deleting, finalizers: ['example.com/x'] } }) }))).toMatchObject({
      kind: 'done',
    });
  });
});
