import { driverLabel } from '../../lib/journal/driver-label.ts';
import { JOURNAL_DRIVER_LABEL, readLease } from '../../lib/journal/lease.ts';
import { ApiError, isForbidden, isNotFound } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, Lease, Resource } from '../../lib/kube/objects.ts';
import {
  LEASES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
  VOLUME_GROUP_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
} from '../../lib/kube/resources.ts';
import { listWhole } from '../frame/list-whole.ts';
import type { ClusterSide } from './facts.ts';

/** What may not be read is said in `unread`. Rejects with ApiError where the server does not answer. */
export async function gatherCluster(client: KubeClient, driver: string, signal: AbortSignal): Promise<ClusterSide> {
  const unread: string[] = [];
  const all = async <T extends KubeObject>(resource: Resource<T>, labelSelector?: string): Promise<T[] | undefined> => {
    try {
      return await listWhole(client, resource, { signal, ...(labelSelector === undefined ? {} : { labelSelector }) });
    } catch (error) {
      // A kind that is not served has no objects.
      if (isNotFound(error)) return [];
      if (!isForbidden(error)) throw error;
      unread.push(`${resource.plural} may not be read: ${error instanceof ApiError ? error.message : ''}`);
      return undefined;
    }
  };
  const [volumes, contents, groupContents, claims, storageClasses, snapshotClasses, leases] = [
    await all(PERSISTENT_VOLUMES),
    await all(VOLUME_SNAPSHOT_CONTENTS),
    await all(VOLUME_GROUP_SNAPSHOT_CONTENTS),
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
