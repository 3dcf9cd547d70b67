/** What doctor reads, once, before any check: every list that a check looks into. */
import type {
  CsiDriver,
  CsiNode,
  CsiStorageCapacity,
  KubeObject,
  Lease,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Resource,
  StorageClass,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import {
  CSI_DRIVERS,
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  CUSTOM_RESOURCE_DEFINITIONS,
  LEASES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  VOLUME_SNAPSHOT_CLASSES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import type { Crd } from '../install-crds/crd.ts';
import { type Listed, listVisible, type ReadOnlyClient } from '../reading/read-only-client.ts';
import type { Pod } from './sidecar-pods.ts';

export interface Survey {
  readonly crds: Listed<Crd>;
  readonly storageClasses: Listed<StorageClass>;
  readonly snapshotClasses: Listed<VolumeSnapshotClass>;
  readonly drivers: Listed<CsiDriver>;
  readonly csiNodes: Listed<CsiNode>;
  readonly nodes: Listed<Node>;
  readonly claims: Listed<PersistentVolumeClaim>;
  readonly volumes: Listed<PersistentVolume>;
  readonly snapshots: Listed<VolumeSnapshot>;
  readonly contents: Listed<VolumeSnapshotContent>;
  readonly leases: Listed<Lease>;
  readonly capacities: Listed<CsiStorageCapacity>;
  readonly pods: Listed<Pod>;
}

export async function takeSurvey(
  client: ReadOnlyClient,
  reading: { readonly signal: AbortSignal; readonly say: (text: string) => void },
): Promise<Survey> {
  const list = <T extends KubeObject>(resource: Resource<T>): Promise<Listed<T>> => listVisible(client, resource, reading);
  // One after the other: a question of a person must not be what loads the server.
  return {
    crds: await list<Crd>(CUSTOM_RESOURCE_DEFINITIONS),
    storageClasses: await list(STORAGE_CLASSES),
    snapshotClasses: await list(VOLUME_SNAPSHOT_CLASSES),
    drivers: await list(CSI_DRIVERS),
    csiNodes: await list(CSI_NODES),
    nodes: await list(NODES),
    claims: await list(PERSISTENT_VOLUME_CLAIMS),
    volumes: await list(PERSISTENT_VOLUMES),
    snapshots: await list(VOLUME_SNAPSHOTS),
    contents: await list(VOLUME_SNAPSHOT_CONTENTS),
    leases: await list(LEASES),
    capacities: await list(CSI_STORAGE_CAPACITIES),
    pods: await list<Pod>(PODS),
  };
}
