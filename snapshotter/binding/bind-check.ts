/**
 * Whether a content is this snapshot's own. The two point at each other: an un-bound content may not be
 * claimed by a snapshot that it does not name, nor a snapshot be served by a content made for another.
 * Source: docs/peer-behaviour.md#binding-checks.
 */
import { keyOf } from '../../lib/controller/store.ts';
import { text } from '../content-accessors.ts';
import { CAUSE } from '../failure-note.ts';
import { namesSnapshot, refersTo } from '../kinds/accessors.ts';
import type { ContentObject, SnapshotKind, SnapshotObject } from '../kinds/kind.ts';
import type { Failure } from './failure.ts';

interface Pair<S extends SnapshotObject, C extends ContentObject> {
  readonly kind: SnapshotKind<S, C>;
  readonly snapshot: S;
  readonly content: C;
}

/** For a snapshot that names its content. A content without a uid is free to be bound. */
export function checkGiven<S extends SnapshotObject, C extends ContentObject>(pair: Pair<S, C>): Failure | undefined {
  const { kind, snapshot, content } = pair;
  if (!kind.isGiven(content))
    return { reason: kind.reasons.mismatchedContent, cause: CAUSE.inTheWay, message: kind.words.isDynamic(nameOf(content)) };
  const uid = text(kind.referenceOf(content)?.uid);
  return !namesSnapshot(kind, content, snapshot) || (uid !== undefined && uid !== snapshot.metadata?.uid) ? misbound(pair) : undefined;
}

/** For a snapshot of claims. */
export function checkDynamic<S extends SnapshotObject, C extends ContentObject>(pair: Pair<S, C>): Failure | undefined {
  const { kind, snapshot, content } = pair;
  if (!kind.isDynamic(content))
    return { reason: kind.reasons.mismatchedContent, cause: CAUSE.inTheWay, message: kind.words.isGiven(nameOf(content)) };
  if (!refersTo(kind, content, snapshot)) return misbound(pair);
  return kind.isGiven(content)
    ? { reason: kind.reasons.handleSet, cause: CAUSE.inTheWay, message: kind.words.handleSet(nameOf(content), keyOf(snapshot)) }
    : undefined;
}

function misbound<S extends SnapshotObject, C extends ContentObject>({ kind, content }: Pair<S, C>): Failure {
  return { reason: kind.reasons.misboundContent, cause: CAUSE.inTheWay, message: kind.words.misbound(nameOf(content)) };
}

function nameOf({ metadata }: ContentObject): string {
  return metadata?.name ?? '';
}
