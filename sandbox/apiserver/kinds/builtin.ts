/**
 * The built-in kinds. In which habits they differ (who may be created by PUT, who can be replaced blindly,
 * what a DELETE answers, what counts a generation) is taken from the registries of Kubernetes 1.36.
 */
import type { ResourceType } from './resource.ts';
import { CLAIM_RULES } from './claim.ts';
import {
  CONFIG_MAP_RULES,
  EVENT_RULES,
  LEASE_RULES,
  NAMESPACE_RULES,
  NODE_RULES,
  POD_RULES,
  SECRET_RULES,
  SERVICE_RULES,
} from './core-kinds.ts';
import { defineKind } from './define.ts';
import {
  ATTACHMENT_RULES,
  ATTRIBUTES_CLASS_RULES,
  CAPACITY_RULES,
  CSI_DRIVER_RULES,
  CSI_NODE_RULES,
  STORAGE_CLASS_RULES,
} from './storage-kinds.ts';
import { VOLUME_RULES } from './volume.ts';

type Rest = Partial<ResourceType>;

/** Where a group's kinds live; the plural, the kind and what is particular about it follow. */
function kindsOf(group: string, version: string) {
  const define = (namespaced: boolean) => (plural: string, kind: string, rest: Rest) =>
    defineKind({ group, version, plural, kind, namespaced, ...rest });
  return { cluster: define(false), namespaced: define(true) };
}

const STATUS = { subresources: ['status'] } as const;
/** PUT needs a resourceVersion. */
const CAREFUL = { unconditionalUpdate: false };
/** A finished DELETE answers a Status, not the object. */
const STATUS_ON_DELETE = { returnDeleted: false };

const POD_FIELDS = ['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'status.phase', 'status.podIP'];
const INVOLVED = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
const EVENT_FIELDS = [
  ...INVOLVED.map((field) => `involvedObject.${field}`),
  'reason',
  'reportingComponent',
  'source:source.component',
  'type',
];

function coreKinds(): ResourceType[] {
  const { cluster, namespaced } = kindsOf('', 'v1');
  return [
    cluster('namespaces', 'Namespace', {
      shortNames: ['ns'],
      subresources: ['status', 'finalize'],
      nameRule: 'label',
      selectableFields: ['status.phase'],
      rules: NAMESPACE_RULES,
    }),
    cluster('nodes', 'Node', {
      shortNames: ['no'],
      selectableFields: ['spec.unschedulable'],
      rules: NODE_RULES,
      ...STATUS,
      ...STATUS_ON_DELETE,
    }),
    namespaced('pods', 'Pod', {
      shortNames: ['po'],
      categories: ['all'],
      subresources: ['status', 'binding'],
      generation: true,
      selectableFields: POD_FIELDS,
      rules: POD_RULES,
    }),
    namespaced('persistentvolumeclaims', 'PersistentVolumeClaim', { shortNames: ['pvc'], rules: CLAIM_RULES, ...STATUS }),
    cluster('persistentvolumes', 'PersistentVolume', { shortNames: ['pv'], rules: VOLUME_RULES, ...STATUS }),
    namespaced('secrets', 'Secret', { selectableFields: ['type'], rules: [SECRET_RULES], ...STATUS_ON_DELETE }),
    namespaced('configmaps', 'ConfigMap', { shortNames: ['cm'], rules: [CONFIG_MAP_RULES], ...STATUS_ON_DELETE }),
    namespaced('events', 'Event', {
      shortNames: ['ev'],
      createOnUpdate: true,
      selectableFields: EVENT_FIELDS,
      rules: [EVENT_RULES],
      ...STATUS_ON_DELETE,
    }),
    namespaced('serviceaccounts', 'ServiceAccount', { shortNames: ['sa'] }),
    namespaced('services', 'Service', { shortNames: ['svc'], categories: ['all'], nameRule: 'label', rules: SERVICE_RULES, ...STATUS }),
  ];
}

function storageKinds(): ResourceType[] {
  const { cluster, namespaced } = kindsOf('storage.k8s.io', 'v1');
  return [
    cluster('storageclasses', 'StorageClass', { shortNames: ['sc'], rules: [STORAGE_CLASS_RULES] }),
    cluster('csinodes', 'CSINode', { rules: [CSI_NODE_RULES], ...CAREFUL }),
    cluster('csidrivers', 'CSIDriver', { rules: [CSI_DRIVER_RULES], ...CAREFUL }),
    cluster('volumeattachments', 'VolumeAttachment', { rules: ATTACHMENT_RULES, ...STATUS, ...CAREFUL }),
    namespaced('csistoragecapacities', 'CSIStorageCapacity', { rules: [CAPACITY_RULES], ...CAREFUL, ...STATUS_ON_DELETE }),
    cluster('volumeattributesclasses', 'VolumeAttributesClass', { shortNames: ['vac'], rules: [ATTRIBUTES_CLASS_RULES] }),
  ];
}

/** In the order of discovery. The CRD kind is added by crd.ts, which knows its rules. */
export function builtInKinds(): ResourceType[] {
  const leases = kindsOf('coordination.k8s.io', 'v1');
  const gateway = kindsOf('gateway.networking.k8s.io', 'v1beta1');
  return [
    ...coreKinds(),
    ...storageKinds(),
    leases.namespaced('leases', 'Lease', { createOnUpdate: true, rules: [LEASE_RULES], ...CAREFUL, ...STATUS_ON_DELETE }),
    // A CRD in real clusters; built in here, so that cross-namespace data sources need no installation.
    gateway.namespaced('referencegrants', 'ReferenceGrant', { shortNames: ['refgrant'], generation: true }),
  ];
}
