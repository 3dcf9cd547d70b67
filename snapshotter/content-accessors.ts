/** What a VolumeSnapshotContent says, asked in one place by every controller. Fields may be absent or empty. */
import type { KubeObject, VolumeGroupSnapshotContent, VolumeSnapshotContent } from '../lib/kube/objects.ts';

/** An empty text is as absent as none (Go's zero value), and so is a null, or what is no text at all. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Key of the VolumeSnapshot that the content names; undefined where it names none. */
export function snapshotKeyOf(content: VolumeSnapshotContent): string | undefined {
  const { namespace, name } = content.spec?.volumeSnapshotRef ?? {};
  return text(namespace) === undefined || text(name) === undefined ? undefined : `${namespace}/${name}`;
}

export function volumeHandleOf(content: VolumeSnapshotContent): string | undefined {
  return text(content.spec?.source?.volumeHandle);
}

/** The handle that an admin gave, for a pre-provisioned content. */
export function preProvisionedHandleOf(content: VolumeSnapshotContent): string | undefined {
  return text(content.spec?.source?.snapshotHandle);
}

/** The handle that the driver gave. */
export function savedHandleOf(content: VolumeSnapshotContent): string | undefined {
  return text(content.status?.snapshotHandle);
}

export function isReady(content: VolumeSnapshotContent | VolumeGroupSnapshotContent): boolean {
  return content.status?.readyToUse === true;
}

export function isDeleting(object: KubeObject): boolean {
  return text(object.metadata?.deletionTimestamp) !== undefined;
}

/** `mark`: the name of an annotation. */
export function hasMark(content: KubeObject, mark: string): boolean {
  return typeof content.metadata?.annotations?.[mark] === 'string';
}

/** Name of the index over contents, and the value a volume is found under in it. */
export function volumeIndexValue(driver: string | undefined, handle: string | undefined): string | undefined {
  return text(driver) === undefined || text(handle) === undefined ? undefined : `${driver}^${handle}`;
}
