/**
 * The caches of the role: which kinds it watches, which fields it keeps of each, and how it finds them.
 * What the driver cannot do is not watched. Claims and VolumeSnapshots are written by PUT (the RBAC that
 * vendors have allows no patch there), so they are kept whole.
 */
import type { Informer, InformerSet } from '../lib/controller/informer.ts';
import type { Index } from '../lib/controller/store.ts';
import type {
  CsiNode,
  CsiStorageCapacity,
  KubeObject,
  Lease,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ReferenceGrant,
  StorageClass,
  VolumeAttachment,
  VolumeSnapshot,
} from '../lib/kube/objects.ts';
import {
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  LEASES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  REFERENCE_GRANTS,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
  VOLUME_SNAPSHOTS,
} from '../lib/kube/resources.ts';
import type { Publisher } from './capacity/names.ts';
import { itemOfObject, selectorOf } from './capacity/names.ts';
import { dataSourceOf, isSource, sourceKey } from './facts/data-source.ts';
import { driverLabel } from '../lib/journal/driver-label.ts';
import { hasFinalizer } from '../lib/sidecar/finalizers.ts';
import { JOURNAL_DRIVER_LABEL, JOURNAL_KIND_LABEL } from '../lib/journal/lease.ts';
import { classNameOf } from './facts/ownership.ts';
import { BETA_STORAGE_CLASS, CLONE_FINALIZER, SNAPSHOT_FINALIZER } from './facts/names.ts';
import { csiHandle, inTreeFields } from './migration/plugins.ts';

export interface Caches {
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly classes: Informer<StorageClass>;
  readonly nodes: Informer<Node> | undefined;
  readonly csiNodes: Informer<CsiNode> | undefined;
  readonly attachments: Informer<VolumeAttachment> | undefined;
  readonly snapshots: Informer<VolumeSnapshot> | undefined;
  readonly grants: Informer<ReferenceGrant> | undefined;
  /** Those that this program publishes. Undefined where it publishes none. */
  readonly capacities: Informer<CsiStorageCapacity> | undefined;
  /** Journals of processes that run without an election. Undefined where this one is elected. */
  readonly journals: Informer<Lease> | undefined;
}

export interface CacheNeeds {
  readonly driver: string;
  readonly leaseNamespace: string;
  /** Topology of the whole cluster is needed. */
  readonly nodes: boolean;
  /** Where volumes can be reached from is needed. */
  readonly affinities: boolean;
  /** Whose CSIStorageCapacities, and where. Undefined: none are published. */
  readonly capacity: (Publisher & { readonly namespace: string }) | undefined;
  readonly attachments: boolean;
  readonly snapshots: boolean;
  readonly crossNamespace: boolean;
  readonly journals: boolean;
}

/** Index names. Values: a class name, `kind namespace/name` of a source, a claim uid, a PV name, a volume handle, `CLASS SEGMENT`, a finalizer of ours. */
export const BY_CLASS = 'class';
export const BY_SOURCE = 'source';
export const BY_CLAIM = 'claim';
export const BY_VOLUME = 'volume';
export const BY_HANDLE = 'handle';
export const BY_ITEM = 'item';
export const BY_FINALIZER = 'finalizer';

export function openCaches(informers: InformerSet, needs: CacheNeeds): Caches {
  return {
    claims: informers.informer(PERSISTENT_VOLUME_CLAIMS, {
      fields: 'whole',
      indexes: [
        { name: BY_CLASS, values: (claim) => (isUnbound(claim) ? [classNameOf(claim) ?? ''] : []) },
        { name: BY_SOURCE, values: (claim) => (isPending(claim) ? sourceValues(claim) : []) },
        byFinalizer(CLONE_FINALIZER),
      ],
    }),
    volumes: informers.informer(PERSISTENT_VOLUMES, {
      fields: [
        'spec.claimRef',
        'spec.csi.driver',
        'spec.csi.volumeHandle',
        'spec.persistentVolumeReclaimPolicy',
        'spec.storageClassName',
        'spec.volumeMode',
        ...(needs.affinities ? ['spec.nodeAffinity'] : []),
        'status.phase',
        'metadata.annotations[pv.kubernetes.io/]',
        'metadata.annotations[volume.kubernetes.io/provisioner-deletion-secret-]',
        `metadata.annotations[${BETA_STORAGE_CLASS}]`,
        ...inTreeFields(needs.driver),
      ],
      indexes: [
        { name: BY_CLAIM, values: (volume) => [volume.spec?.claimRef?.uid ?? ''] },
        { name: BY_HANDLE, values: (volume) => handles(needs.driver, volume) },
      ],
    }),
    classes: informers.informer(STORAGE_CLASSES, {
      fields: ['provisioner', 'parameters', 'reclaimPolicy', 'mountOptions', 'volumeBindingMode', 'allowedTopologies'],
    }),
    nodes: needs.nodes ? informers.informer(NODES, { fields: ['metadata.labels'] }) : undefined,
    csiNodes: needs.nodes ? informers.informer(CSI_NODES, { fields: ['spec.drivers'] }) : undefined,
    attachments: needs.attachments
      ? informers.informer(VOLUME_ATTACHMENTS, {
          fields: ['spec.source', 'spec.nodeName'],
          indexes: [{ name: BY_VOLUME, values: ({ spec }) => [spec?.source?.persistentVolumeName ?? ''] }],
        })
      : undefined,
    snapshots: needs.snapshots
      ? informers.informer(VOLUME_SNAPSHOTS, {
          fields: 'whole',
          optional: true,
          indexes: [byFinalizer(SNAPSHOT_FINALIZER)],
        })
      : undefined,
    grants: needs.crossNamespace ? informers.informer(REFERENCE_GRANTS, { fields: ['spec'], optional: true }) : undefined,
    capacities:
      needs.capacity === undefined
        ? undefined
        : informers.informer(CSI_STORAGE_CAPACITIES, {
            fields: 'whole',
            namespace: needs.capacity.namespace,
            labelSelector: selectorOf(needs.capacity),
            optional: true,
            indexes: [{ name: BY_ITEM, values: (capacity) => [itemOfObject(capacity)] }],
          }),
    journals: needs.journals
      ? informers.informer(LEASES, {
          fields: 'whole',
          namespace: needs.leaseNamespace,
          labelSelector: `${JOURNAL_DRIVER_LABEL}=${driverLabel(needs.driver)},${JOURNAL_KIND_LABEL}=process`,
          optional: true,
        })
      : undefined,
  };
}

function handles(driver: string, volume: PersistentVolume): readonly string[] {
  const handle = csiHandle(driver, volume);
  return handle?.ok === true ? [handle.value] : [];
}

const byFinalizer = (finalizer: string): Index<KubeObject> => ({
  name: BY_FINALIZER,
  values: (object) => (hasFinalizer(object, finalizer) ? [finalizer] : []),
});

function isUnbound({ spec }: PersistentVolumeClaim): boolean {
  return (spec?.volumeName ?? '') === '';
}

/** As the peer counts who still needs a source: Pending, or so new that there is no status. */
function isPending({ status }: PersistentVolumeClaim): boolean {
  return (status?.phase ?? '') === '' || status?.phase === 'Pending';
}

/** Under the gate or not: who is woken once too often decides again, in memory. */
function sourceValues(claim: PersistentVolumeClaim): readonly string[] {
  const source = dataSourceOf(claim, { crossNamespace: true });
  return isSource(source) ? [sourceValue(source.kind, sourceKey(source))] : [];
}

/** The value of BY_SOURCE for a source object. */
export function sourceValue(kind: 'snapshot' | 'claim', key: string): string {
  return `${kind} ${key}`;
}
