import { driverLabel } from '../../lib/journal/driver-label.ts';
import { JOURNAL_DRIVER_LABEL, readLease } from '../../lib/journal/lease.ts';
import type { KubeObject, Lease, Resource, VolumeGroupSnapshotContent } from '../../lib/kube/objects.ts';
import {
  GROUP_SNAPSHOT_VERSIONS,
  groupSnapshotResources,
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../../lib/kube/resources.ts';
import { listVisible, type ReadOnlyClient } from '../reading/read-only-client.ts';
import type { ClusterSide } from './facts.ts';

/** What may not be read is said in `unread`. Rejects with ApiError where the server does not answer. */
export async function gatherCluster(client: ReadOnlyClient, driver: string, signal: AbortSignal): Promise<ClusterSide> {
  const unread: string[] = [];
  const all = async <T extends KubeObject>(resource: Resource<T>, labelSelector?: string): Promise<readonly T[] | undefined> => {
    const { items, blind } = await listVisible(client, resource, { signal, ...(labelSelector === undefined ? {} : { labelSelector }) });
    // A kind that is not served has no objects.
    if (blind?.reason !== 'forbidden') return items;
    unread.push(blind.message);
    return undefined;
  };
  /** In the best version that is served. */
  const groups = async (): Promise<readonly VolumeGroupSnapshotContent[] | undefined> => {
    for (const version of GROUP_SNAPSHOT_VERSIONS) {
      const found = await all(groupSnapshotResources(version).contents);
      if (found === undefined || found.length > 0) return found;
    }
    return [];
  };
  const [volumes, contents, groupContents, claims, storageClasses, snapshotClasses, leases] = [
    await all(PERSISTENT_VOLUMES),
    await all(VOLUME_SNAPSHOT_CONTENTS),
    await groups(),
    await all(PERSISTENT_VOLUME_CLAIMS),
    await all(STORAGE_CLASSES),
    await all(VOLUME_SNAPSHOT_CLASSES),
    await all(LEASES, `${JOURNAL_DRIVER_LABEL}=${driverLabel(driver)}`),
  ];
  return { volumes, contents, groupContents, claims, storageClasses, snapshotClasses, journal: entriesOf(leases, unread), unread };
}

/** Undefined: something of it cannot be read, so it may hold anything. */
function entriesOf(leases: readonly Lease[] | undefined, unread: string[]): ReadonlyMap<string, string> | undefined {
  if (leases === undefined) return undefined;
  const entries = new Map<string, string>();
  for (const lease of leases) {
    const read = readLease(lease);
    if (read.kind === 'unreadable') {
      unread.push(`journal ${lease.metadata?.namespace ?? ''}/${lease.metadata?.name ?? ''}: ${read.message}`);
      return undefined;
    }
    for (const [uid, text] of read.texts) entries.set(uid, text);
  }
  return entries;
}
