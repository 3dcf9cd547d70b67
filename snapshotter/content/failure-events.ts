/** The events of reads and writes that failed with an exception, with the Go program's reasons and words: one place for all of them. */
import type { EventNote } from '../../lib/controller/step.ts';
import { hasMark } from '../content-accessors.ts';
import { notUpdated } from '../peer-words.ts';
import { contentEvent, noSecret, tell, type Told } from './failure.ts';
import type { Content } from './kind.ts';
import type { ContentEffect, ContentState } from './state.ts';
import { notMarked, notWritten } from './words.ts';

export function failureEvents<C extends Content>(state: ContentState<C>, step: ContentEffect, why: string): readonly EventNote[] {
  const { reason, message } = failureOf(state, step, why);
  return [contentEvent(state, reason, message)];
}

function failureOf<C extends Content>(state: ContentState<C>, step: ContentEffect, why: string): Told {
  const { kind, content, answer } = state;
  const { name = '' } = content.metadata ?? {};
  const reason = kind.reasons.deleteFailed;
  switch (step.kind) {
    case 'create-snapshot':
    case 'refresh-snapshot':
    case 'delete-snapshot':
      if (step.action === 'read-secret') return noSecret(state, { effect: step.kind, secret: step.secret }, why);
      return tell(state, step.kind, step.action === 'mark' ? notMarked(state, 'add', why) : why);
    case 'write-marks':
      return tell(state, answer?.kind === 'failed' ? answer.effect : 'create-snapshot', notAnnotated(state, why));
    case 'write-error':
    case 'save-status': {
      const { given, membership } = kind.read(content);
      const isAsked = given !== undefined || membership !== 'none';
      return isAsked ? tell(state, 'refresh-snapshot', notUpdated(name, why)) : tell(state, 'create-snapshot', notWritten(state, why));
    }
    case 'clear-status':
      return { reason, message: `Failed to clear content status: ${why}` };
    case 'release-content':
      return { reason, message: `Failed to delete ${kind.noun}: ${notUpdated(name, why)}` };
    default:
      return step satisfies never;
  }
}

/** Annotations after an answer, or again where somebody overwrote them. */
function notAnnotated<C extends Content>(state: ContentState<C>, why: string): string {
  const { kind, content, answer, calls } = state;
  if (calls.kind === 'running') return notMarked(state, 'add', why);
  if (!hasMark(content, kind.beingCreated)) return notUpdated(content.metadata?.name ?? '', why);
  return notMarked(state, answer?.kind === 'failed' ? 'remove after a failure' : 'remove', why);
}
