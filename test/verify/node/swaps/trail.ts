/** What our programs wrote that the Go programs do not know. */
import type { KubeObject, Resource } from '../../../../lib/kube/objects.ts';
import {
  CSI_STORAGE_CAPACITIES,
  groupSnapshotResources,
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../../../lib/kube/resources.ts';
import { isJournal, openEntryLines } from '../../../../harness/journal-entries.ts';
import type { Kube } from '../../../../harness/kube.ts';
import { CREATION_UNCERTAIN } from '../../../../snapshotter/names.ts';

const OURS = 'csi-sidecars';
const GROUPS = groupSnapshotResources('v1');
const KINDS: readonly Resource<KubeObject>[] = [
  ...[LEASES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CONTENTS],
  ...[GROUPS.snapshots, GROUPS.contents, CSI_STORAGE_CAPACITIES],
];

export interface Trail {
  /** Leases of the journal, and annotations and labels on other objects. */
  readonly harmless: readonly string[];
  /** What somebody has to look at: finalizers, entries of volumes, marks of snapshots that nothing may name. */
  readonly matters: readonly string[];
}

export async function readTrail(kube: Kube): Promise<Trail> {
  const harmless: string[] = [];
  const matters: string[] = [];
  for (const resource of KINDS) {
    for (const { metadata } of await kube.list(resource)) {
      const name = `${resource.kind} ${metadata?.name ?? ''}`;
      const keys = Object.keys({ ...metadata?.annotations, ...metadata?.labels }).filter((key) => key.startsWith(OURS));
      if (isJournal(metadata?.name)) harmless.push(name);
      else harmless.push(...keys.map((key) => `${name}: ${key}`));
      if (keys.includes(CREATION_UNCERTAIN)) matters.push(`${name}: ${CREATION_UNCERTAIN}`);
      const finalizers = (metadata?.finalizers ?? []).filter((finalizer) => finalizer.includes(OURS));
      matters.push(...finalizers.map((finalizer) => `${name}: ${finalizer}`));
    }
  }
  matters.push(...openEntryLines(await kube.list(LEASES)));
  return { harmless, matters };
}
