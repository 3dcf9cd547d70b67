/** The events of reads and writes that failed with an exception, with the Go program's reasons and words: one place for all of them. */
import type { EventNote } from '../../lib/controller/step.ts';
import { hasMark } from '../content-accessors.ts';
import { notUpdated } from '../peer-words.ts';
import { contentEvent, describe, noSecret } from './failure.ts';
import type { Content } from './kind.ts';
import type { ContentEffect, ContentState, DriverFailure } from './state.ts';
import { notMarked, notWritten } from './words.ts';

export function failureEvents<C extends Content>(state: ContentState<C>, step: ContentEffect, why: string): readonly EventNote[] {
  const { reason, message } = failureOf(state, step, why);
  return [contentEvent(state, reason, message)];
}

type Failure = Pick<DriverFailure, 'reason' | 'message'>;

function failureOf<C extends Content>(state: ContentState<C>, step: ContentEffect, why: string): Failure {
  const { kind, content, answer } = state;
  const { name = '' } = content.metadata ?? {};
  const reason = kind.reasons.deleteFailed;
  switch (step.kind) {
    case 'create-snapshot':
    case 'refresh-snapshot':
    case 'delete-snapshot':
      if (step.action === 'read-secret') return noSecret(state, { effect: step.kind, secret: step.secret }, why);
      return describe(state, step.kind, step.action === 'mark' ? notMarked(state, 'add', why) : why);
    case 'write-marks':
      if (answer?.kind === 'failed') return describe(state, answer.effect, notMarked(state, 'remove after a failure', why));
      return describe(state, 'create-snapshot', notMarked(state, hasMark(content, kind.beingCreated) ? 'remove' : 'add', why));
    case 'write-error':
    case 'save-status': {
      const { given, membership } = kind.read(content);
      const isAsked = given !== undefined || membership !== 'none';
      return isAsked
        ? describe(state, 'refresh-snapshot', notUpdated(name, why))
        : describe(state, 'create-snapshot', notWritten(state, why));
    }
    case 'clear-status':
      return { reason, message: `Failed to clear content status: ${why}` };
    case 'release-content':
      return { reason, message: `Failed to delete ${kind.noun}: ${notUpdated(name, why)}` };
    default:
      return step satisfies never;
  }
}
