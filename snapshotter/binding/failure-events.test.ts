import { expect, test } from 'vitest';
import { ApiError } from '../../lib/kube/api-error.ts';
import { failureText } from '../../lib/sidecar/refusal.ts';
import { aBindingState } from '../testing/binding-state.ts';
import { failureEvents } from './failure-events.ts';
import type { BindingEffect } from './state.ts';

const eventsOf = (step: object) => failureEvents(aBindingState(), step as BindingEffect, 'not now');

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

test('an object that went meanwhile is told to nobody, any other failure by its own words', () => {
  const of = (status: number): ApiError => new ApiError({ status, reason: 'Reason', message: 'not now', request: 'test' });
  expect(failureText(of(404))).toBeUndefined();
  for (const status of [0, 403, 422, 500]) expect(failureText(of(status))).toBe('not now');
  expect(failureText(new Error('odd'))).toBe('odd');
});
