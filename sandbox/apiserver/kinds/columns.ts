/** The fixed columns of built-in kinds, as kubectl users know them. Priority 1 shows with `-o wide`. */
import type { Json, JsonObject } from '../json.ts';
import { at, listAt, objectAt, stringAt } from '../json.ts';
import type { Column } from './resource.ts';
import { AGE_COLUMN, ageOf, CREATED_COLUMN, NAME_COLUMN } from '../kubectl/table.ts';
import { classOf } from './claim.ts';

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

type Cell = (object: JsonObject, nowMs: number) => Json;

function column(name: string, cell: Cell, type: Column['type'] = 'string'): Column {
  return { name, type, cell };
}

function wide(name: string, cell: Cell): Column {
  return { name, type: 'string', priority: 1, cell };
}

/** The text at a path, or what stands for its absence. */
function text(path: string, absent = ''): Cell {
  const keys = path.split('.');
  return (object) => {
    const value = at(object, ...keys);
    return value === undefined || value === '' || value === null ? absent : String(value);
  };
}

function flag(path: string): Cell {
  const keys = path.split('.');
  return (object) => at(object, ...keys) === true;
}

function modes(path: string): Cell {
  const keys = path.split('.');
  return (object) => [...new Set(listAt(object, ...keys).map((mode) => MODES[String(mode)] ?? ''))].join(',');
}

function phase(object: JsonObject): string {
  return at(object, 'metadata', 'deletionTimestamp') === undefined ? (stringAt(object, 'status', 'phase') ?? '') : 'Terminating';
}

const CLAIM: readonly Column[] = [
  NAME_COLUMN,
  column('Status', phase),
  column('Volume', text('spec.volumeName')),
  column('Capacity', (claim) => (isBound(claim) ? text('status.capacity.storage', '0')(claim, 0) : '')),
  column('Access Modes', (claim) => (isBound(claim) ? modes('status.accessModes')(claim, 0) : '')),
  column('StorageClass', (claim) => classOf(claim) ?? ''),
  column('VolumeAttributesClass', text('spec.volumeAttributesClassName', '<unset>')),
  AGE_COLUMN,
  wide('VolumeMode', text('spec.volumeMode', '<unset>')),
];

function isBound(claim: JsonObject): boolean {
  return (stringAt(claim, 'spec', 'volumeName') ?? '') !== '';
}

const VOLUME: readonly Column[] = [
  NAME_COLUMN,
  column('Capacity', text('spec.capacity.storage', '0')),
  column('Access Modes', modes('spec.accessModes')),
  column('Reclaim Policy', text('spec.persistentVolumeReclaimPolicy')),
  column('Status', phase),
  column('Claim', (volume) => {
    const claim = at(volume, 'spec', 'claimRef');
    return claim === undefined ? '' : `${stringAt(claim, 'namespace') ?? ''}/${stringAt(claim, 'name') ?? ''}`;
  }),
  column('StorageClass', (volume) => classOf(volume) ?? ''),
  column('VolumeAttributesClass', text('spec.volumeAttributesClassName', '<unset>')),
  column('Reason', text('status.reason')),
  AGE_COLUMN,
  wide('VolumeMode', text('spec.volumeMode', '<unset>')),
];

function podStatus(pod: JsonObject): string {
  const shown = stringAt(pod, 'status', 'reason') ?? stringAt(pod, 'status', 'phase') ?? '';
  const done = shown === 'Succeeded' || shown === 'Failed';
  if (at(pod, 'metadata', 'deletionTimestamp') !== undefined && !done) return 'Terminating';
  for (const container of listAt(pod, 'status', 'containerStatuses')) {
    const reason = stringAt(container, 'state', 'waiting', 'reason') ?? stringAt(container, 'state', 'terminated', 'reason');
    if (reason !== undefined) return reason;
  }
  return shown;
}

const POD: readonly Column[] = [
  NAME_COLUMN,
  column('Ready', (pod) => {
    const ready = listAt(pod, 'status', 'containerStatuses').filter((container) => at(container, 'ready') === true);
    return `${ready.length}/${listAt(pod, 'spec', 'containers').length}`;
  }),
  column('Status', podStatus),
  column('Restarts', (pod) => {
    const counts = listAt(pod, 'status', 'containerStatuses').map((container) => Number(at(container, 'restartCount') ?? 0));
    return String(counts.reduce((sum, count) => sum + count, 0));
  }),
  AGE_COLUMN,
  wide('IP', text('status.podIP', '<none>')),
  wide('Node', text('spec.nodeName', '<none>')),
  wide('Nominated Node', text('status.nominatedNodeName', '<none>')),
  wide('Readiness Gates', () => '<none>'),
];

function address(type: string): Cell {
  return (node) => {
    const found = listAt(node, 'status', 'addresses').find((candidate) => stringAt(candidate, 'type') === type);
    return stringAt(found, 'address') ?? '<none>';
  };
}

const NODE: readonly Column[] = [
  NAME_COLUMN,
  column('Status', (node) => {
    const ready = listAt(node, 'status', 'conditions').find((condition) => stringAt(condition, 'type') === 'Ready');
    const state = ready === undefined ? 'Unknown' : stringAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
    return at(node, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
  }),
  column('Roles', (node) => {
    const prefix = 'node-role.kubernetes.io/';
    const roles = Object.keys(objectAt(node, 'metadata', 'labels')).filter((label) => label.startsWith(prefix));
    return (
      roles
        .map((label) => label.slice(prefix.length))
        .sort()
        .join(',') || '<none>'
    );
  }),
  AGE_COLUMN,
  column('Version', text('status.nodeInfo.kubeletVersion')),
  wide('Internal-IP', address('InternalIP')),
  wide('External-IP', address('ExternalIP')),
  wide('OS-Image', text('status.nodeInfo.osImage', '<unknown>')),
  wide('Kernel-Version', text('status.nodeInfo.kernelVersion', '<unknown>')),
  wide('Container-Runtime', text('status.nodeInfo.containerRuntimeVersion', '<unknown>')),
];

function since(...fields: readonly string[]): Cell {
  return (event, nowMs) =>
    ageOf(
      fields.map((field) => stringAt(event, field)).find((time) => time !== undefined),
      nowMs,
    );
}

const EVENT: readonly Column[] = [
  column('Last Seen', since('lastTimestamp', 'firstTimestamp', 'eventTime')),
  column('Type', text('type')),
  column('Reason', text('reason')),
  column('Object', (event) => {
    const kind = (stringAt(event, 'involvedObject', 'kind') ?? '').toLowerCase();
    const name = stringAt(event, 'involvedObject', 'name') ?? '';
    return name === '' ? kind : `${kind}/${name}`;
  }),
  wide('Subobject', text('involvedObject.fieldPath')),
  wide('Source', (event) => {
    const source = stringAt(event, 'source', 'component') ?? stringAt(event, 'reportingComponent') ?? '';
    const host = stringAt(event, 'source', 'host') ?? stringAt(event, 'reportingInstance') ?? '';
    return host === '' ? source : `${source}, ${host}`;
  }),
  column('Message', (event) => (stringAt(event, 'message') ?? '').trim()),
  wide('First Seen', since('firstTimestamp', 'eventTime')),
  wide('Count', (event) => at(event, 'count') ?? 1),
  { ...NAME_COLUMN, priority: 1 },
];

const STORAGE_CLASS: readonly Column[] = [
  {
    ...NAME_COLUMN,
    cell: (item, nowMs) => {
      const marked = at(item, 'metadata', 'annotations', 'storageclass.kubernetes.io/is-default-class') === 'true';
      return `${String(NAME_COLUMN.cell(item, nowMs))}${marked ? ' (default)' : ''}`;
    },
  },
  column('Provisioner', text('provisioner')),
  column('ReclaimPolicy', text('reclaimPolicy', 'Delete')),
  column('VolumeBindingMode', text('volumeBindingMode', 'Immediate')),
  column('AllowVolumeExpansion', flag('allowVolumeExpansion')),
  AGE_COLUMN,
];

const CSI_DRIVER: readonly Column[] = [
  NAME_COLUMN,
  column('AttachRequired', flag('spec.attachRequired'), 'boolean'),
  column('PodInfoOnMount', flag('spec.podInfoOnMount'), 'boolean'),
  column('StorageCapacity', flag('spec.storageCapacity'), 'boolean'),
  column(
    'TokenRequests',
    (driver) =>
      listAt(driver, 'spec', 'tokenRequests')
        .map((request) => stringAt(request, 'audience') ?? '')
        .join(',') || '<unset>',
  ),
  column('RequiresRepublish', flag('spec.requiresRepublish'), 'boolean'),
  column('Modes', (driver) => listAt(driver, 'spec', 'volumeLifecycleModes').map(String).join(',') || '<none>'),
  AGE_COLUMN,
];

const ATTACHMENT: readonly Column[] = [
  NAME_COLUMN,
  { ...column('Attacher', text('spec.attacher')), format: 'name' },
  column('PV', text('spec.source.persistentVolumeName')),
  column('Node', text('spec.nodeName')),
  column('Attached', flag('status.attached'), 'boolean'),
  AGE_COLUMN,
];

function count(...fields: readonly string[]): Cell {
  return (object) => fields.reduce((sum, field) => sum + Object.keys(objectAt(object, field)).length, 0);
}

/** By plural; a kind that is not listed has name and age. */
export const FIXED_COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  persistentvolumeclaims: CLAIM,
  persistentvolumes: VOLUME,
  pods: POD,
  nodes: NODE,
  events: EVENT,
  storageclasses: STORAGE_CLASS,
  csidrivers: CSI_DRIVER,
  volumeattachments: ATTACHMENT,
  namespaces: [NAME_COLUMN, column('Status', text('status.phase')), AGE_COLUMN],
  secrets: [NAME_COLUMN, column('Type', text('type')), column('Data', count('data')), AGE_COLUMN],
  configmaps: [NAME_COLUMN, column('Data', count('data', 'binaryData')), AGE_COLUMN],
  leases: [NAME_COLUMN, column('Holder', text('spec.holderIdentity')), AGE_COLUMN],
  csinodes: [NAME_COLUMN, column('Drivers', (node) => listAt(node, 'spec', 'drivers').length, 'integer'), AGE_COLUMN],
  csistoragecapacities: [NAME_COLUMN, CREATED_COLUMN],
  volumeattributesclasses: [NAME_COLUMN, column('DriverName', text('driverName')), AGE_COLUMN],
};
