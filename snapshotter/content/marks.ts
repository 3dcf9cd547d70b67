/** The annotations that outlive this process: a call may be running, or what a call did is uncertain. */
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { hasMark } from '../content-accessors.ts';
import { inputsOf } from '../inputs.ts';
import { ANNOTATION_YES, BEING_CREATED, CREATION_UNCERTAIN } from '../names.ts';
import { annotationsPatch } from '../object-patch.ts';
import type { ContentEffect, ContentState } from './state.ts';

/** Again, where somebody overwrote what this process knows: other programs write the whole annotation map. */
export function assertMarks({ content, calls }: ContentState): ContentEffect | undefined {
  if (calls.kind === 'running') return writeMarks(content, { [BEING_CREATED]: true });
  return calls.kind === 'uncertain' ? writeMarks(content, { [CREATION_UNCERTAIN]: true }) : undefined;
}

/** No call is running (any more). */
export function unmark({ content, calls }: ContentState): ContentEffect | undefined {
  return writeMarks(content, { [BEING_CREATED]: false, [CREATION_UNCERTAIN]: calls.kind === 'uncertain' });
}

/** Undefined where the annotations are so. */
function writeMarks(
  content: VolumeSnapshotContent,
  wanted: Readonly<Partial<Record<typeof BEING_CREATED | typeof CREATION_UNCERTAIN, boolean>>>,
): ContentEffect | undefined {
  const changes = ([BEING_CREATED, CREATION_UNCERTAIN] as const).flatMap((mark) => {
    const isWanted = wanted[mark];
    return isWanted === undefined || isWanted === hasMark(content, mark) ? [] : [[mark, isWanted ? ANNOTATION_YES : null] as const];
  });
  if (changes.length === 0) return undefined;
  return {
    kind: 'write-marks',
    backoff: 'write-marks',
    inputs: inputsOf(content.metadata?.uid, changes),
    patch: annotationsPatch(content, Object.fromEntries(changes)),
  };
}
