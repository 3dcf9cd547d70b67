/** The events of reads and writes that failed with an exception, with the Go program's reasons and words: one place for all of them. */
import type { EventNote } from '../../lib/controller/step.ts';
import { hasMark, preProvisionedHandleOf } from '../content-accessors.ts';
import { BEING_CREATED, SIDECAR_REASON } from '../names.ts';
import { notUpdated, quote } from '../peer-words.ts';
import { contentWarning } from '../regarding.ts';
import { noSecret, tell, type Told } from './failure.ts';
import type { ContentEffect, ContentState } from './state.ts';

export function failureEvents(state: ContentState, step: ContentEffect, why: string): readonly EventNote[] {
  const { reason, message } = failureOf(state, step, why);
  return [contentWarning(state.content, reason, message)];
}

function failureOf(state: ContentState, step: ContentEffect, why: string): Told {
  const { content, answer } = state;
  const { name = '' } = content.metadata ?? {};
  switch (step.kind) {
    case 'create-snapshot':
    case 'refresh-snapshot':
    case 'delete-snapshot':
      if (step.action === 'read-secret') return noSecret(content, { effect: step.kind, secret: step.secret }, why);
      return tell(content, step.kind, step.action === 'mark' ? notMarked(name, 'add', why) : why);
    case 'write-marks':
      return tell(content, answer?.kind === 'failed' ? answer.effect : 'create-snapshot', notWritten(state, why));
    case 'write-error':
    case 'save-status':
      if (preProvisionedHandleOf(content) !== undefined) return tell(content, 'refresh-snapshot', notUpdated(name, why));
      return tell(content, 'create-snapshot', `error updating status for volume snapshot content ${name}: ${notUpdated(name, why)}`);
    case 'clear-status':
      return { reason: SIDECAR_REASON.deleteFailed, message: `Failed to clear content status: ${why}` };
    case 'release-content':
      return { reason: SIDECAR_REASON.deleteFailed, message: `Failed to delete snapshot: ${notUpdated(name, why)}` };
    default:
      return step satisfies never;
  }
}

/** Annotations after an answer, or again where somebody overwrote them. */
function notWritten({ content, answer, calls }: ContentState, why: string): string {
  const { name = '' } = content.metadata ?? {};
  if (calls.kind === 'running') return notMarked(name, 'add', why);
  if (!hasMark(content, BEING_CREATED)) return notUpdated(name, why);
  if (answer?.kind !== 'failed') return notMarked(name, 'remove', why);
  return `failed to remove ${MARK} annotation from the content ${name}: ${notUpdated(name, why)}`;
}

const MARK = 'VolumeSnapshotBeingCreated';

function notMarked(name: string, what: 'add' | 'remove', why: string): string {
  return `failed to ${what} ${MARK} annotation on the content ${name}: ${quote(notUpdated(name, why))}`;
}
