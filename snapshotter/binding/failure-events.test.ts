import { expect, test } from 'vitest';
import { ApiError } from '../../lib/kube/api-error.ts';
import { aBindingState } from '../testing/binding-state.ts';
import { failureEvents } from './failure-events.ts';
import type { BindingEffect } from './state.ts';

const refused = new ApiError({ status: 500, reason: 'InternalError', message: 'not now', request: 'test' });
const eventsOf = (step: object, error: unknown = refused) => failureEvents(error, aBindingState(), step as BindingEffect);

test.each([
  [{ kind: 'add-finalizers' }, ['SnapshotFinalizerError']],
  [{ kind: 'release-snapshot' }, ['SnapshotFinalizerError']],
  [{ kind: 'write-status' }, ['SnapshotStatusUpdateFailed']],
  [{ kind: 'write-error' }, ['SnapshotStatusUpdateFailed']],
  [{ kind: 'create-content', action: 'note-name' }, ['SnapshotStatusUpdateFailed']],
  [{ kind: 'create-content', action: 'post' }, ['CreateSnapshotContentFailed', 'SnapshotContentCreationFailed']],
  [{ kind: 'create-content', action: 'see-snapshot' }, ['SnapshotContentCreationFailed']],
  [{ kind: 'protect-claim' }, ['SnapshotContentCreationFailed']],
  [{ kind: 'bind-content' }, ['SnapshotBindFailed']],
  [{ kind: 'set-class' }, ['SetDefaultSnapshotClassFailed']],
  [{ kind: 'mark-content' }, ['SnapshotContentObjectDeleteError']],
  [{ kind: 'delete-content' }, ['SnapshotContentObjectDeleteError']],
  [{ kind: 'confirm', needed: 'class' }, ['GetSnapshotClassFailed']],
  [{ kind: 'confirm', needed: 'content' }, ['SnapshotContentMissing']],
  [{ kind: 'confirm', needed: 'volume' }, ['SnapshotContentCreationFailed']],
])('%j that fails is told as %j', (step, reasons) => {
  const events = eventsOf(step);
  expect(events.map(({ reason }) => reason)).toEqual(reasons);
  for (const { type, message, regarding } of events) {
    expect(message).toMatch(/ not now$/);
    expect([type, regarding.kind]).toEqual(['Warning', 'VolumeSnapshot']);
  }
});

test('an object that went meanwhile is told to nobody', () => {
  expect(eventsOf({ kind: 'add-finalizers' }, new ApiError({ status: 404, reason: 'NotFound', message: 'gone', request: 'test' }))).toEqual(
    [],
  );
});
