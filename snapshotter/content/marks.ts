/** The annotations that outlive this process: a call may be running, what a call did is uncertain, the latest one failed. */
import { hasMark } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { type Cause, noteChange } from '../failure-note.ts';
import { ANNOTATION_YES, CREATION_UNCERTAIN, FAILURE } from '../names.ts';
import { annotationsPatch } from '../object-patch.ts';
import type { Content } from './kind.ts';
import type { ContentEffect, ContentState } from './state.ts';

/** Again, where somebody overwrote what this process knows: other programs write the whole annotation map. */
export function assertMarks<C extends Content>({ kind, content, calls }: ContentState<C>): ContentEffect | undefined {
  if (calls.kind === 'running') return writeMarks(content, { [kind.beingCreated]: true });
  return calls.kind === 'uncertain' ? writeMarks(content, { [CREATION_UNCERTAIN]: true }) : undefined;
}

/** No call is running (any more). `cause`: why the latest one failed; null: it did not; undefined: what is noted stays. */
export function unmark<C extends Content>(state: ContentState<C>, cause: Cause | null | undefined): ContentEffect | undefined {
  const { kind, content, calls, now } = state;
  return writeMarks(content, { [kind.beingCreated]: false, [CREATION_UNCERTAIN]: calls.kind === 'uncertain' }, { cause, now });
}

/** Undefined where it is noted so. */
export function noteFailure<C extends Content>({ content, now }: ContentState<C>, cause: Cause | null): ContentEffect | undefined {
  return writeMarks(content, {}, { cause, now });
}

interface ToNote {
  readonly cause: Cause | null | undefined;
  readonly now: number;
}

/** Undefined where the annotations are so. */
function writeMarks(
  content: Content,
  wanted: Readonly<Record<string, boolean>>,
  { cause, now }: ToNote = { cause: undefined, now: 0 },
): ContentEffect | undefined {
  const changes = Object.entries(wanted).flatMap(([mark, isWanted]) =>
    isWanted === hasMark(content, mark) ? [] : [[mark, isWanted ? ANNOTATION_YES : null] as const],
  );
  const note = cause === undefined ? undefined : noteChange(content, cause ?? undefined, now);
  if (changes.length === 0 && note === undefined) return undefined;
  return {
    kind: 'write-marks',
    backoff: 'write-marks',
    // Without the time of the note, which would be another one at each attempt to write it.
    inputs: inputsOf(content.metadata?.uid, changes, cause),
    patch: annotationsPatch(content, { ...Object.fromEntries(changes), ...(note === undefined ? {} : { [FAILURE]: note }) }),
  };
}
