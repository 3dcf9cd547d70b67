/**
 * Which rights each role needs, as deploy/ grants them: `verbs of group/resource`. A test holds the two together.
 * What is for a choice only (capacity, groups, secrets) is not among them: who does without it lacks nothing.
 */
import { CONTROLLER_LEASE } from '../../snapshotter/names.ts';
import type { RoleName } from './sidecar-pods.ts';

export interface Right {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verbs: readonly string[];
  /** In the namespace of the Pod only; else everywhere. */
  readonly own?: boolean;
  /** Of the one object that `get`, `patch` and `update` are for; a rule may grant them for no other. */
  readonly name?: string;
}

const WATCH = ['list', 'watch'] as const;
const READ = ['get', ...WATCH] as const;
const SNAPSHOTS = 'snapshot.storage.k8s.io';
const STORAGE = 'storage.k8s.io';
const EVENTS: Right = { group: '', resource: 'events', verbs: ['create', 'patch'] };

export const RIGHTS: Readonly<Record<RoleName, readonly Right[]>> = {
  'snapshot-controller': [
    EVENTS,
    { group: SNAPSHOTS, resource: 'volumesnapshotclasses', verbs: READ },
    { group: '', resource: 'persistentvolumes', verbs: READ },
    { group: '', resource: 'persistentvolumeclaims', verbs: [...READ, 'update'] },
    { group: SNAPSHOTS, resource: 'volumesnapshots', verbs: [...READ, 'patch'] },
    { group: SNAPSHOTS, resource: 'volumesnapshots', subresource: 'status', verbs: ['patch'] },
    { group: SNAPSHOTS, resource: 'volumesnapshotcontents', verbs: [...READ, 'create', 'patch', 'delete'] },
    { group: SNAPSHOTS, resource: 'volumesnapshotcontents', subresource: 'status', verbs: ['patch'] },
  ],
  'csi-snapshotter': [
    EVENTS,
    { group: SNAPSHOTS, resource: 'volumesnapshotclasses', verbs: WATCH },
    { group: SNAPSHOTS, resource: 'volumesnapshotcontents', verbs: [...WATCH, 'patch'] },
    { group: SNAPSHOTS, resource: 'volumesnapshotcontents', subresource: 'status', verbs: ['patch'] },
  ],
  'csi-provisioner': [
    EVENTS,
    { group: '', resource: 'persistentvolumes', verbs: [...READ, 'create', 'patch', 'delete'] },
    { group: '', resource: 'persistentvolumeclaims', verbs: [...READ, 'update'] },
    { group: STORAGE, resource: 'storageclasses', verbs: WATCH },
    { group: 'coordination.k8s.io', resource: 'leases', verbs: [...READ, 'create', 'update', 'delete'], own: true },
  ],
};

/** Of a role that elects a leader. The other two have a lease named after the driver, which a Pod does not tell. */
export function electionRight(role: RoleName): Right {
  return {
    group: 'coordination.k8s.io',
    resource: 'leases',
    verbs: ['get', 'create', 'update'],
    own: true,
    ...(role === 'snapshot-controller' ? { name: CONTROLLER_LEASE } : {}),
  };
}
