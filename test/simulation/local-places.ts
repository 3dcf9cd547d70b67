/** With a provisioner on each node: which node an object is about. A node is the only one in its zone, and has its name. */
import type { PersistentVolume, PersistentVolumeClaim, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { SELECTED_NODE, ZONE } from './manifests.ts';
import type { Mirror } from './mirror.ts';

const MANAGED_BY = 'snapshot.storage.kubernetes.io/managed-by';

/** Are programs and driver of the node there? */
export type IsServed = (node: string) => boolean;

export function nodeOfClaim({ metadata }: PersistentVolumeClaim): string | undefined {
  return metadata?.annotations?.[SELECTED_NODE];
}

export function nodeOfVolume(volume: PersistentVolume | undefined): string | undefined {
  const terms = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return terms.flatMap(({ matchExpressions }) => matchExpressions ?? []).find(({ key }) => key === ZONE)?.values?.[0];
}

export function nodeOfContent(content: VolumeSnapshotContent | undefined): string | undefined {
  return content?.metadata?.labels?.[MANAGED_BY];
}

/** Where the content of the claim's volume is to come from; undefined: from nowhere, or nobody knows yet. */
export function nodeOfSource(
  { claims, volumes, snapshots, contents }: Mirror,
  { metadata, spec }: PersistentVolumeClaim,
): string | undefined {
  const { kind, name } = spec?.dataSource ?? {};
  const isSource = (object: { metadata?: { name?: string; namespace?: string } }): boolean =>
    object.metadata?.name === name && object.metadata?.namespace === metadata?.namespace;
  if (kind === 'VolumeSnapshot') {
    const uid = snapshots.all().find(isSource)?.metadata?.uid;
    return uid && nodeOfContent(contents.all().find((content) => content.spec?.volumeSnapshotRef?.uid === uid));
  }
  const volume = kind === undefined ? undefined : claims.all().find(isSource)?.spec?.volumeName;
  return volume && nodeOfVolume(volumes.all().find((candidate) => candidate.metadata?.name === volume));
}
