/** Whether a snapshot of this content may exist or come to exist in the storage without a handle of ours. */
import { judge } from '../../lib/csi/outcome.ts';
import type { Outcome } from '../../lib/csi/outcome.ts';
import { hasMark, isReady, savedHandleOf } from '../content-facts.ts';
import { BEING_CREATED } from '../names.ts';
import type { CreateRecord } from './case-book.ts';
import type { ContentState } from './state.ts';

/** A call may still be running: this process knows, or the mark of an earlier one says so. */
export function isUndecided({ content, record }: Pick<ContentState, 'content' | 'record'>): boolean {
  if (record.standing !== 'unknown') return record.standing === 'open';
  return hasMark(content, BEING_CREATED) && !isReady(content);
}

/**
 * As above, and also true for a content without handle and mark of which nothing is known: the mark may
 * have been overwritten by a program that writes the whole annotation map.
 */
export function mayExist(state: Pick<ContentState, 'content' | 'record'>): boolean {
  return isUndecided(state) || (state.record.standing === 'unknown' && savedHandleOf(state.content) === undefined);
}

export interface Judged {
  readonly record: CreateRecord;
  /** True if the driver certainly made nothing, by this answer or by many alike. */
  readonly decided: boolean;
  readonly gaveUp: boolean;
}

/**
 * Folds the answer of a CreateSnapshot call in. A call made while nothing was known (the mark stood there
 * already) starts in doubt: its first final answer proves nothing.
 */
export function judgeCreate(
  record: CreateRecord,
  answer: { readonly outcome: Outcome; readonly grpcCode: number | undefined; readonly nowMs: number },
): Judged {
  const doubt = record.standing === 'clean' ? undefined : (record.doubt ?? { times: 0, sinceMs: answer.nowMs });
  const verdict = judge(doubt, answer);
  const standing = verdict.doubt === undefined ? 'clean' : 'open';
  return { record: { ...record, standing, doubt: verdict.doubt }, decided: standing === 'clean', gaveUp: verdict.gaveUp };
}
