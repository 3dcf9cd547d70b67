/** The class of a snapshot that names none: the one marked as default for the driver of its volumes. */
import type { SnapshotClass, SnapshotKind } from '../kinds/kind.ts';

export function isDefaultClass(
  { isDefaultClass: annotation }: Pick<SnapshotKind<never, never>, 'isDefaultClass'>,
  { metadata }: SnapshotClass,
): boolean {
  return metadata?.annotations?.[annotation] === 'true';
}

/** The class, and the names of all that may be it. More than one default is refused by name: nobody would know which was taken. */
export function chooseDefaultClass(
  classes: readonly SnapshotClass[],
  driver: string,
): { readonly chosen: string | undefined; readonly names: readonly string[] } {
  const names = classes.flatMap((one) => (one.driver === driver && one.metadata?.name !== undefined ? [one.metadata.name] : [])).toSorted();
  return { chosen: names.length === 1 ? names[0] : undefined, names };
}
