/** The topology segments that a provisioner serves: those of the whole cluster, or the one of its own node. */
import type { Segment } from './segment.ts';
import { segmentId } from './segment.ts';

export interface Segments {
  /** By `segmentId`; undefined: no node lies in it. */
  get(id: string): Segment | undefined;
  ids(): readonly string[];
  /** Called with the id of a segment that has appeared, or gone. */
  onChange(listener: (id: string) => void): void;
}

/** One segment that stays, as long as the program: its node's. */
export function fixedSegment(segment: Segment): Segments {
  const id = segmentId(segment);
  return { get: (asked) => (asked === id ? segment : undefined), ids: () => [id], onChange: () => undefined };
}
