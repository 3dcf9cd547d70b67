/** The annotations that outlive this process: a call may be running, or what a call did is uncertain. */
import { hasMark } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { ANNOTATION_YES, CREATION_UNCERTAIN } from '../names.ts';
import { annotationsPatch } from '../object-patch.ts';
import type { Content } from './kind.ts';
import type { ContentEffect, ContentState } from './state.ts';

/** Again, where somebody overwrote what this process knows: other programs write the whole annotation map. */
export function assertMarks<C extends Content>({ kind, content, calls }: ContentState<C>): ContentEffect | undefined {
  if (calls.kind === 'running') return writeMarks(content, { [kind.beingCreated]: true });
  return calls.kind === 'uncertain' ? writeMarks(content, { [CREATION_UNCERTAIN]: true }) : undefined;
}

/** No call is running (any more). */
export function unmark<C extends Content>({ kind, content, calls }: ContentState<C>): ContentEffect | undefined {
  return writeMarks(content, { [kind.beingCreated]: false, [CREATION_UNCERTAIN]: calls.kind === 'uncertain' });
}

/** Undefined where the annotations are so. */
function writeMarks(content: Content, wanted: Readonly<Record<string, boolean>>): ContentEffect | undefined {
  const changes = Object.entries(wanted).flatMap(([mark, isWanted]) =>
    isWanted === hasMark(content, mark) ? [] : [[mark, isWanted ? ANNOTATION_YES : null] as const],
  );
  if (changes.length === 0) return undefined;
  return {
    kind: 'write-marks',
    backoff: 'write-marks',
    inputs: inputsOf(content.metadata?.uid, changes),
    patch: annotationsPatch(content, Object.fromEntries(changes)),
  };
}
