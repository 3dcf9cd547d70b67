/** The events of snapshot-controller and of csi-snapshotter. The reasons are the Go programs' own, unless `origin` says otherwise. */
import type { EventRow } from '../lib/controller/event-table.ts';

const SNAPSHOT = ['VolumeSnapshot'];
const CONTENT = ['VolumeSnapshotContent'];

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
    on: SNAPSHOT,
    about:
      'The deleted snapshot waits: a claim is being restored from it (the message names it), the driver is still making it, or it belongs to a group snapshot.',
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
} as const satisfies Readonly<Record<string, EventRow>>;
