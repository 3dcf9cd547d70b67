/**
 * What is known of the calls that make a content's snapshot or group. Two readers: users wait only while the latest answer leaves
 * a call running, as with the Go programs; what an earlier call may have made is looked for behind their backs.
 *
 * A process remembers its own calls. Of earlier ones the content's annotations tell, and nothing else: without
 * one, nothing was sent.
 */
import { type Ambiguity, judge, type Outcome } from '../../lib/csi/outcome.ts';
import { hasMark, isReady } from '../content-accessors.ts';
import { CREATION_UNCERTAIN } from '../names.ts';
import type { Content, ContentKind } from './kind.ts';

export type CreateCalls =
  /** None was sent, or the driver has said its last word. */
  | { readonly kind: 'none' }
  /** The latest call had no clear answer: it may be running, and is waited for. */
  | { readonly kind: 'running'; readonly history: Ambiguity }
  /** The latest call failed for good, an earlier one had no clear answer: nobody waits, but a snapshot may exist. */
  | { readonly kind: 'uncertain'; readonly history: Ambiguity }
  /** The driver has deleted it. */
  | { readonly kind: 'deleted' };

/** Of the calls of an earlier process. */
export function readCalls<C extends Content>({ beingCreated }: ContentKind<C>, content: C, nowMs: number): CreateCalls {
  const history: Ambiguity = { times: 0, sinceMs: nowMs };
  if (hasMark(content, beingCreated) && !isReady(content)) return { kind: 'running', history };
  return hasMark(content, CREATION_UNCERTAIN) ? { kind: 'uncertain', history } : { kind: 'none' };
}

export interface CreateAnswer {
  readonly outcome: Outcome;
  readonly grpcCode: number | undefined;
  readonly nowMs: number;
  /** The call was made only to find what an earlier one may have made: whatever it answers, nobody waits. */
  readonly unmarked: boolean;
}

/** `gaveUp`: closed by many equal answers, not by knowledge. */
export function afterAnswer(calls: CreateCalls, answer: CreateAnswer): { readonly calls: CreateCalls; readonly gaveUp: boolean } {
  const { ambiguity: history, gaveUp } = judge('history' in calls ? calls.history : undefined, answer);
  if (history === undefined) return { calls: { kind: 'none' }, gaveUp };
  return { calls: { kind: answer.outcome === 'unknown' && !answer.unmarked ? 'running' : 'uncertain', history }, gaveUp };
}
