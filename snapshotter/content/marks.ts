/** The annotations that outlive this process: a call may be running, what a call did is uncertain, the latest one failed. */
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { hasMark } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { type Cause, noteChange } from '../failure-note.ts';
import { ANNOTATION_YES, BEING_CREATED, CREATION_UNCERTAIN, FAILURE } from '../names.ts';
import { annotationsPatch } from '../object-patch.ts';
import type { ContentEffect, ContentState } from './state.ts';

/** Again, where somebody overwrote what this process knows: other programs write the whole annotation map. */
export function assertMarks({ content, calls }: ContentState): ContentEffect | undefined {
  if (calls.kind === 'running') return writeMarks(content, { [BEING_CREATED]: true });
  return calls.kind === 'uncertain' ? writeMarks(content, { [CREATION_UNCERTAIN]: true }) : undefined;
}

/** No call is running (any more). `cause`: why the latest one failed; null: it did not; undefined: what is noted stays. */
export function unmark({ content, calls, now }: ContentState, cause: Cause | null | undefined): ContentEffect | undefined {
  return writeMarks(content, { [BEING_CREATED]: false, [CREATION_UNCERTAIN]: calls.kind === 'uncertain' }, { cause, now });
}

/** Undefined where it is noted so. */
export function noteFailure({ content, now }: ContentState, cause: Cause | null): ContentEffect | undefined {
  return writeMarks(content, {}, { cause, now });
}

interface ToNote {
  readonly cause: Cause | null | undefined;
  readonly now: number;
}

/** Undefined where the annotations are so. */
function writeMarks(
  content: VolumeSnapshotContent,
  wanted: Readonly<Partial<Record<typeof BEING_CREATED | typeof CREATION_UNCERTAIN, boolean>>>,
  { cause, now }: ToNote = { cause: undefined, now: 0 },
): ContentEffect | undefined {
  const changes = ([BEING_CREATED, CREATION_UNCERTAIN] as const).flatMap((mark) => {
    const isWanted = wanted[mark];
    return isWanted === undefined || isWanted === hasMark(content, mark) ? [] : [[mark, isWanted ? ANNOTATION_YES : null] as const];
  });
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
