/** What snapshots and contents of either kind say, asked in one place. */
import type { KubeObject } from '../../lib/kube/objects.ts';
import { isDeleting, text } from '../content-accessors.ts';
import type { ContentObject, SnapshotKind, SnapshotObject } from './kind.ts';

type Kind<S extends SnapshotObject, C extends ContentObject> = Pick<SnapshotKind<S, C>, 'referenceOf'>;

/** Key of the snapshot that the content names; undefined where it names none. */
export function snapshotKeyOf<C extends ContentObject>({ referenceOf }: Kind<never, C>, content: C): string | undefined {
  const { namespace, name } = referenceOf(content) ?? {};
  return text(namespace) === undefined || text(name) === undefined ? undefined : `${namespace}/${name}`;
}

/** True if the content names a snapshot of this name, whatever its uid. */
export function namesSnapshot<C extends ContentObject>({ referenceOf }: Kind<never, C>, content: C, { metadata }: KubeObject): boolean {
  const reference = referenceOf(content);
  return reference?.name === metadata?.name && reference?.namespace === metadata?.namespace;
}

/** True if the content names this very snapshot: name, namespace and uid. */
export function refersTo<C extends ContentObject>(kind: Kind<never, C>, content: C, snapshot: KubeObject): boolean {
  return namesSnapshot(kind, content, snapshot) && kind.referenceOf(content)?.uid === snapshot.metadata?.uid;
}

/** The name that the content must have by the rules. Undefined: there can be none. */
export function expectedContentName<S extends SnapshotObject>(
  { sourceOf, contentNameOf }: Pick<SnapshotKind<S, never>, 'sourceOf' | 'contentNameOf'>,
  snapshot: S,
): string | undefined {
  const source = sourceOf(snapshot);
  if (source.kind === 'content') return source.contentName;
  const uid = text(snapshot.metadata?.uid);
  return source.kind === 'claims' && uid !== undefined ? contentNameOf(uid) : undefined;
}

/**
 * The names to look under, the likeliest first. A bound name counts for what is ready or going; until
 * then the rule does, so that a wrong bound name heals.
 */
export function contentNames<S extends SnapshotObject>(
  kind: Pick<SnapshotKind<S, never>, 'sourceOf' | 'contentNameOf' | 'boundNameOf'>,
  snapshot: S,
): readonly string[] {
  const expected = expectedContentName(kind, snapshot);
  const settled = snapshot.status?.readyToUse === true || isDeleting(snapshot);
  const names = settled ? [kind.boundNameOf(snapshot), expected] : [expected];
  return names.filter((name) => name !== undefined);
}

/**
 * True for a deleted content that nobody waits for: no call is running (the mark) and no snapshot is known. At most
 * csi-snapshotter still looks for what an earlier call may have made.
 */
export function holdsNobody<C extends ContentObject>(
  { hasHandle, isBeingCreated }: Pick<SnapshotKind<never, C>, 'hasHandle' | 'isBeingCreated'>,
  content: C,
): boolean {
  return isDeleting(content) && !hasHandle(content) && !isBeingCreated(content);
}

/**
 * True while the driver may still read the source volumes: a call may be running (the mark), none was
 * decided yet, or the snapshot is made but not finished. A failed content without the mark is decided.
 */
export function needsSource<C extends ContentObject>(
  kind: Pick<SnapshotKind<never, C>, 'isDynamic' | 'hasHandle' | 'isBeingCreated'>,
  content: C,
): boolean {
  if (!kind.isDynamic(content) || content.status?.readyToUse === true || holdsNobody(kind, content)) return false;
  return kind.isBeingCreated(content) || (content.status?.error ?? undefined) === undefined;
}
