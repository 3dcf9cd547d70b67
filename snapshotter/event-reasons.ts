/** The events of snapshot-controller and of csi-snapshotter. The reasons are the Go programs' own, unless `origin` says otherwise. */
import type { EventRow } from '../lib/controller/event-table.ts';

const SNAPSHOT = ['VolumeSnapshot'];
const CONTENT = ['VolumeSnapshotContent'];
const GROUP = ['VolumeGroupSnapshot'];
const GROUP_CONTENT = ['VolumeGroupSnapshotContent'];

export const CONTROLLER_EVENTS = {
  creatingSnapshot: {
    reason: 'CreatingSnapshot',
    type: 'Normal',
    on: SNAPSHOT,
    about: 'The content was posted; csi-snapshotter now asks the driver for the snapshot.',
    origin: 'peer',
  },
  snapshotCreated: {
    reason: 'SnapshotCreated',
    type: 'Normal',
    on: SNAPSHOT,
    about: 'The driver has made the snapshot: its moment in time is in `status.creationTime`.',
    origin: 'peer',
  },
  snapshotReady: { reason: 'SnapshotReady', type: 'Normal', on: SNAPSHOT, about: 'Volumes can be restored from it.', origin: 'peer' },
  bindFailed: {
    reason: 'SnapshotBindFailed',
    type: 'Warning',
    on: SNAPSHOT,
    about:
      'The API server refused the write that binds a pre-provisioned content to its snapshot. It is tried again; the message says why.',
    origin: 'peer',
  },
  finalizerFailed: {
    reason: 'SnapshotFinalizerError',
    type: 'Warning',
    on: [...SNAPSHOT, ...CONTENT],
    about: 'The API server refused to let finalizers of the object be set or removed. Check the RBAC of snapshot-controller.',
    origin: 'peer',
  },
  statusFailed: {
    reason: 'SnapshotStatusUpdateFailed',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The API server refused to let the status be written. Check the grant for `volumesnapshots/status`.',
    origin: 'peer',
  },
  createContentFailed: {
    reason: 'CreateSnapshotContentFailed',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The API server refused the VolumeSnapshotContent. It is tried again; the message says why.',
    origin: 'peer',
  },
  claimFinalizer: {
    reason: 'ErrorPVCFinalizer',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The finalizer that protects the source claim cannot be removed. Check the grant to update claims.',
    origin: 'peer',
  },
  classMissing: {
    reason: 'GetSnapshotClassFailed',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The VolumeSnapshotClass that the snapshot names is not there. Create it: nothing else is needed.',
    origin: 'peer',
  },
  defaultClass: {
    reason: 'SetDefaultSnapshotClassFailed',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The snapshot names no class, and there is no default class of its driver, or more than one.',
    origin: 'peer',
  },
  contentCreation: {
    reason: 'SnapshotContentCreationFailed',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'No content can be made: the source claim is missing, not bound, of another driver than the class, or cannot be protected.',
    origin: 'peer',
  },
  misboundContent: {
    reason: 'SnapshotContentMisbound',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The content that the snapshot needs is bound to another snapshot.',
    origin: 'peer',
  },
  mismatchedContent: {
    reason: 'SnapshotContentMismatch',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The content is pre-provisioned where a dynamic one is needed, or the reverse.',
    origin: 'peer',
  },
  missingContent: {
    reason: 'SnapshotContentMissing',
    type: 'Warning',
    on: SNAPSHOT,
    about:
      'The content that the snapshot names, or was bound to, is not there. If it was bound, the snapshot is lost unless the content comes back.',
    origin: 'peer',
  },
  contentDelete: {
    reason: 'SnapshotContentObjectDeleteError',
    type: 'Warning',
    on: [...SNAPSHOT, ...CONTENT],
    about: 'The API server refused to mark or delete the content of a deleted snapshot. It is tried again.',
    origin: 'peer',
  },
  deletePending: {
    reason: 'SnapshotDeletePending',
    type: 'Warning',
    on: [...SNAPSHOT, ...GROUP],
    about:
      'The deleted snapshot waits: a claim is being restored from it or from a member of the group (the message names it), the driver is still making it, or it belongs to a group snapshot and goes with that.',
    origin: 'peer',
  },
  handleSet: {
    reason: 'SnapshotHandleSet',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The content of a dynamic snapshot names a snapshot handle as its source.',
    origin: 'peer',
  },
  misbound: {
    reason: 'SnapshotMisbound',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The content that the snapshot is bound to does not refer back to it.',
    origin: 'peer',
  },
  validation: {
    reason: 'SnapshotValidationError',
    type: 'Warning',
    on: SNAPSHOT,
    about: 'The source of the snapshot is not exactly one of claim and content.',
    origin: 'peer',
  },
  contentValidation: {
    reason: 'ContentValidationError',
    type: 'Warning',
    on: CONTENT,
    about: 'The source of the content is not exactly one of volume handle and snapshot handle.',
    origin: 'peer',
  },
  creatingGroup: {
    reason: 'CreatingGroupSnapshot',
    type: 'Normal',
    on: GROUP,
    about: 'The content of the group was posted; csi-snapshotter now asks the driver for the snapshots, all of one moment.',
    origin: 'peer',
  },
  groupCreated: {
    reason: 'GroupSnapshotCreated',
    type: 'Normal',
    on: GROUP,
    about: 'The driver has made the group: its moment in time is in `status.creationTime`.',
    origin: 'peer',
  },
  groupReady: {
    reason: 'GroupSnapshotReady',
    type: 'Normal',
    on: GROUP,
    about: 'Every snapshot of the group is there, with a VolumeSnapshot of its own.',
    origin: 'peer',
  },
  groupBindFailed: {
    reason: 'GroupSnapshotBindFailed',
    type: 'Warning',
    on: GROUP,
    about: 'The API server refused the write that binds a pre-provisioned content to its group. It is tried again; the message says why.',
    origin: 'peer',
  },
  groupFinalizer: {
    reason: 'GroupSnapshotFinalizerError',
    type: 'Warning',
    on: [...GROUP, ...GROUP_CONTENT],
    about: 'The API server refused to let finalizers of the object be set or removed. Check the RBAC of snapshot-controller.',
    origin: 'peer',
  },
  groupStatusFailed: {
    reason: 'GroupSnapshotStatusUpdateFailed',
    type: 'Warning',
    on: GROUP,
    about: 'The API server refused to let the status be written. Check the grant for `volumegroupsnapshots/status`.',
    origin: 'peer',
  },
  createGroupContentFailed: {
    reason: 'CreateGroupSnapshotContentFailed',
    type: 'Warning',
    on: GROUP,
    about:
      'A claim that the group selects is no volume of its class’s driver, or the API server refused the content of the group. The message names the object.',
    origin: 'peer',
  },
  groupClassMissing: {
    reason: 'GetGroupSnapshotClassFailed',
    type: 'Warning',
    on: GROUP,
    about: 'The VolumeGroupSnapshotClass that the group names is not there. Create it: nothing else is needed.',
    origin: 'peer',
  },
  groupDefaultClass: {
    reason: 'SetDefaultGroupSnapshotClassFailed',
    type: 'Warning',
    on: GROUP,
    about: 'The group names no class, and there is no default class of its driver, or more than one.',
    origin: 'peer',
  },
  groupContentCreation: {
    reason: 'GroupSnapshotContentCreationFailed',
    type: 'Warning',
    on: GROUP,
    about:
      'The content of the group, or of one of its members, cannot be made. The message names the claim or the object, and what is wrong with it.',
    origin: 'peer',
  },
  misboundGroupContent: {
    reason: 'GroupSnapshotContentMisbound',
    type: 'Warning',
    on: GROUP,
    about: 'The content that the group needs is bound to another group.',
    origin: 'peer',
  },
  mismatchedGroupContent: {
    reason: 'GroupSnapshotContentMismatch',
    type: 'Warning',
    on: GROUP,
    about: 'The content is pre-provisioned where a dynamic one is needed, or the reverse.',
    origin: 'peer',
  },
  missingGroupContent: {
    reason: 'GroupSnapshotContentMissing',
    type: 'Warning',
    on: GROUP,
    about:
      'The content that the group names, or was bound to, is not there. If it was bound, the group is lost unless the content comes back.',
    origin: 'peer',
  },
  groupContentDelete: {
    reason: 'GroupSnapshotContentObjectDeleteError',
    type: 'Warning',
    on: [...GROUP, ...GROUP_CONTENT],
    about: 'The API server refused to mark or delete the content of a deleted group. It is tried again.',
    origin: 'peer',
  },
  groupHandleSet: {
    reason: 'GroupSnapshotHandleSet',
    type: 'Warning',
    on: GROUP,
    about: 'The content of a dynamic group names handles as its source.',
    origin: 'peer',
  },
  groupMisbound: {
    reason: 'GroupSnapshotMisbound',
    type: 'Warning',
    on: GROUP,
    about: 'The content that the group is bound to does not refer back to it.',
    origin: 'peer',
  },
  groupValidation: {
    reason: 'GroupSnapshotValidationError',
    type: 'Warning',
    on: GROUP,
    about: 'The source of the group is not exactly one of selector and content, or the selector is not valid.',
    origin: 'peer',
  },
  groupContentValidation: {
    reason: 'GroupContentValidationError',
    type: 'Warning',
    on: GROUP_CONTENT,
    about: 'The source of the content is not exactly one of volume handles and group snapshot handles.',
    origin: 'peer',
  },
  memberDelete: {
    reason: 'SnapshotDeleteError',
    type: 'Warning',
    on: GROUP,
    about: 'A VolumeSnapshot of the deleted group cannot be deleted. It is tried again; the message names it.',
    origin: 'peer',
  },
} as const satisfies Readonly<Record<string, EventRow>>;

export const SIDECAR_EVENTS = {
  creationFailed: {
    reason: 'SnapshotCreationFailed',
    type: 'Warning',
    on: CONTENT,
    about:
      'The first attempt to make the snapshot failed, or what came of an attempt could not be written. The message has the driver’s answer.',
    origin: 'peer',
  },
  updateFailed: {
    reason: 'SnapshotContentCheckandUpdateFailed',
    type: 'Warning',
    on: CONTENT,
    about: 'A later attempt to make the snapshot, or a question about it, failed. The message has the driver’s answer.',
    origin: 'peer',
  },
  deleteFailed: {
    reason: 'SnapshotDeleteError',
    type: 'Warning',
    on: CONTENT,
    about: 'The driver could not delete the snapshot, or the content could not be released afterwards. It is tried again.',
    origin: 'peer',
  },
  uncertain: {
    reason: 'SnapshotCreationUncertain',
    type: 'Warning',
    on: CONTENT,
    about:
      'A CreateSnapshot call for this deleted content ended without a clear answer, so the storage may hold a snapshot that nothing names. It is looked for; the message says how to end that.',
    origin: 'ours',
  },
  oddTime: {
    reason: 'SnapshotCreationTimeInvalid',
    type: 'Warning',
    on: CONTENT,
    about: 'The driver gave a creation time that cannot be stored. The present time is taken.',
    origin: 'ours',
  },
  groupCreationFailed: {
    reason: 'GroupSnapshotCreationFailed',
    type: 'Warning',
    on: GROUP_CONTENT,
    about:
      'The first attempt to make the group failed, or what came of an attempt could not be written. The message has the driver’s answer, and what it would have to be where it cannot be used.',
    origin: 'peer',
  },
  groupUpdateFailed: {
    reason: 'GroupSnapshotContentCheckandUpdateFailed',
    type: 'Warning',
    on: GROUP_CONTENT,
    about: 'A later attempt to make the group, or a question about it, failed. The message has the driver’s answer.',
    origin: 'peer',
  },
  groupDeleteFailed: {
    reason: 'GroupSnapshotDeleteError',
    type: 'Warning',
    on: GROUP_CONTENT,
    about: 'The driver could not delete the group, or the content could not be released afterwards. It is tried again.',
    origin: 'peer',
  },
  groupUncertain: {
    reason: 'GroupSnapshotCreationUncertain',
    type: 'Warning',
    on: GROUP_CONTENT,
    about:
      'A CreateVolumeGroupSnapshot call for this deleted content ended without a clear answer, so the storage may hold a group that nothing names. It is looked for; the message says how to end that.',
    origin: 'ours',
  },
  groupOddTime: {
    reason: 'GroupSnapshotCreationTimeInvalid',
    type: 'Warning',
    on: GROUP_CONTENT,
    about: 'The driver gave a creation time that cannot be stored. The present time is taken.',
    origin: 'ours',
  },
  groupMixed: {
    reason: 'GroupSnapshotMembersNotReady',
    type: 'Warning',
    on: GROUP_CONTENT,
    about:
      'The driver calls the group ready, but not all of its members. The group counts as ready; members are asked about one by one until they are. If they stay so, ask the vendor of the driver.',
    origin: 'ours',
  },
} as const satisfies Readonly<Record<string, EventRow>>;
