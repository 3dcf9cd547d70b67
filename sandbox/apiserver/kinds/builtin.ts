/** The built-in kinds. Which verbs' habits differ per kind is taken from the registries of Kubernetes 1.36. */
import type { ResourceType } from '../resource.ts';
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

const STATUS = ['status'] as const;

function core(): ResourceType[] {
  const group = '';
  const version = 'v1';
  return [
    defineKind({
      group,
      version,
      plural: 'namespaces',
      kind: 'Namespace',
      namespaced: false,
      shortNames: ['ns'],
      subresources: ['status', 'finalize'],
      nameRule: 'label',
      selectableFields: ['status.phase'],
      rules: NAMESPACE_RULES,
    }),
    defineKind({
      group,
      version,
      plural: 'nodes',
      kind: 'Node',
      namespaced: false,
      shortNames: ['no'],
      subresources: STATUS,
      selectableFields: ['spec.unschedulable'],
      returnDeleted: false,
      rules: NODE_RULES,
    }),
    defineKind({
      group,
      version,
      plural: 'pods',
      kind: 'Pod',
      namespaced: true,
      shortNames: ['po'],
      categories: ['all'],
      subresources: ['status', 'binding'],
      generation: true,
      selectableFields: [
        'spec.nodeName',
        'spec.restartPolicy',
        'spec.schedulerName',
        'spec.serviceAccountName',
        'status.phase',
        'status.podIP',
        'status.nominatedNodeName',
      ],
      rules: POD_RULES,
    }),
    defineKind({
      group,
      version,
      plural: 'persistentvolumeclaims',
      kind: 'PersistentVolumeClaim',
      namespaced: true,
      shortNames: ['pvc'],
      subresources: STATUS,
      rules: CLAIM_RULES,
    }),
    defineKind({
      group,
      version,
      plural: 'persistentvolumes',
      kind: 'PersistentVolume',
      namespaced: false,
      shortNames: ['pv'],
      subresources: STATUS,
      rules: VOLUME_RULES,
    }),
    defineKind({
      group,
      version,
      plural: 'secrets',
      kind: 'Secret',
      namespaced: true,
      returnDeleted: false,
      selectableFields: ['type'],
      rules: [SECRET_RULES],
    }),
    defineKind({
      group,
      version,
      plural: 'configmaps',
      kind: 'ConfigMap',
      namespaced: true,
      shortNames: ['cm'],
      returnDeleted: false,
      rules: [CONFIG_MAP_RULES],
    }),
    defineKind({
      group,
      version,
      plural: 'events',
      kind: 'Event',
      namespaced: true,
      shortNames: ['ev'],
      returnDeleted: false,
      createOnUpdate: true,
      selectableFields: [
        'involvedObject.kind',
        'involvedObject.namespace',
        'involvedObject.name',
        'involvedObject.uid',
        'involvedObject.apiVersion',
        'involvedObject.resourceVersion',
        'involvedObject.fieldPath',
        'reason',
        'reportingComponent',
        'source:source.component',
        'type',
      ],
      rules: [EVENT_RULES],
    }),
    defineKind({ group, version, plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true, shortNames: ['sa'] }),
    defineKind({
      group,
      version,
      plural: 'services',
      kind: 'Service',
      namespaced: true,
      shortNames: ['svc'],
      categories: ['all'],
      subresources: STATUS,
      nameRule: 'label',
      rules: SERVICE_RULES,
    }),
  ];
}

function storage(): ResourceType[] {
  const group = 'storage.k8s.io';
  const version = 'v1';
  return [
    defineKind({
      group,
      version,
      plural: 'storageclasses',
      kind: 'StorageClass',
      namespaced: false,
      shortNames: ['sc'],
      rules: [STORAGE_CLASS_RULES],
    }),
    defineKind({
      group,
      version,
      plural: 'csinodes',
      kind: 'CSINode',
      namespaced: false,
      unconditionalUpdate: false,
      rules: [CSI_NODE_RULES],
    }),
    defineKind({
      group,
      version,
      plural: 'csidrivers',
      kind: 'CSIDriver',
      namespaced: false,
      unconditionalUpdate: false,
      rules: [CSI_DRIVER_RULES],
    }),
    defineKind({
      group,
      version,
      plural: 'volumeattachments',
      kind: 'VolumeAttachment',
      namespaced: false,
      unconditionalUpdate: false,
      subresources: STATUS,
      rules: ATTACHMENT_RULES,
    }),
    defineKind({
      group,
      version,
      plural: 'csistoragecapacities',
      kind: 'CSIStorageCapacity',
      listKind: 'CSIStorageCapacityList',
      namespaced: true,
      unconditionalUpdate: false,
      returnDeleted: false,
      rules: [CAPACITY_RULES],
    }),
    defineKind({
      group,
      version,
      plural: 'volumeattributesclasses',
      kind: 'VolumeAttributesClass',
      namespaced: false,
      shortNames: ['vac'],
      rules: [ATTRIBUTES_CLASS_RULES],
    }),
  ];
}

export function builtInKinds(): ResourceType[] {
  return [
    ...core(),
    ...storage(),
    defineKind({
      group: 'coordination.k8s.io',
      version: 'v1',
      plural: 'leases',
      kind: 'Lease',
      namespaced: true,
      createOnUpdate: true,
      unconditionalUpdate: false,
      returnDeleted: false,
      rules: [LEASE_RULES],
    }),
    defineKind({
      group: 'gateway.networking.k8s.io',
      version: 'v1beta1',
      plural: 'referencegrants',
      kind: 'ReferenceGrant',
      namespaced: true,
      shortNames: ['refgrant'],
      generation: true,
    }),
  ];
}
