/**
 * The words that csi-provisioner shares with other programs: annotations, finalizers, event reasons,
 * labels of its records. Sources: the Go csi-provisioner and its controller library; Kubernetes' well-known
 * annotations. A value here is part of the interface: another program reads it.
 */
import { reasonsOf } from '../../lib/controller/event-table.ts';
import { PROVISIONER_EVENTS } from '../event-reasons.ts';

/** On a claim: who should provision it. Written by the PV controller. The beta key counts only where the GA key is absent. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a claim (late binding): the node that the scheduler chose. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const ALPHA_SELECTED_NODE = 'volume.alpha.kubernetes.io/selected-node';
/** On a claim or a PV: the class, older than the field, and stronger. */
export const BETA_STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class';
/** On a claim or a PV of an in-tree plugin: the driver that took it over. */
export const MIGRATED_TO = 'pv.kubernetes.io/migrated-to';
/** On a PV: who made it, and so who deletes it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

/** On a PV: the secret for DeleteVolume. Empty strings: there is none, and the class must not be asked. */
export const DELETION_SECRET_NAME = 'volume.kubernetes.io/provisioner-deletion-secret-name';
export const DELETION_SECRET_NAMESPACE = 'volume.kubernetes.io/provisioner-deletion-secret-namespace';
/** On a PV: the secret for ControllerModifyVolume, read by the resizer. */
export const MODIFY_SECRET_NAME = 'volume.kubernetes.io/controller-modify-secret-name';
export const MODIFY_SECRET_NAMESPACE = 'volume.kubernetes.io/controller-modify-secret-namespace';

/** Keeps a PV until its volume is gone. */
export const VOLUME_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';
/** Keeps a claim that is being cloned. */
export const CLONE_FINALIZER = 'provisioner.storage.kubernetes.io/cloning-protection';
/** Keeps a VolumeSnapshot that is being restored. Not the snapshot-controller's finalizer of a like name. */
export const SNAPSHOT_FINALIZER = 'provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection';

/** In a PV's volumeAttributes: which run of which program made it. */
export const IDENTITY_ATTRIBUTE = 'storage.kubernetes.io/csiProvisionerIdentity';

/** On a content: an admin allows a restore with another volume mode. */
export const ALLOW_MODE_CHANGE = 'snapshot.storage.kubernetes.io/allow-volume-mode-change';

/** On a content, with a csi-snapshotter on every node: the node that the snapshot is on. */
export const SNAPSHOT_NODE_LABEL = 'snapshot.storage.kubernetes.io/managed-by';

/** Parameters with this prefix are for the sidecars and never reach the driver. */
export const RESERVED_PREFIX = 'csi.storage.k8s.io/';

/** Reasons of events: event-reasons.ts says what each one means. */
export const REASON = reasonsOf(PROVISIONER_EVENTS);

export interface VolumeNaming {
  readonly prefix: string;
  /** -1: the uid as it is; 0 to 32: so many of its hex digits. */
  readonly uuidLength: number;
}

/**
 * Name of the PV and name in CreateVolume, one and the same. It depends on nothing but the uid: that is
 * what makes a repeated CreateVolume harmless.
 */
export function volumeNameFor(claimUid: string, { prefix, uuidLength }: VolumeNaming): string {
  if (uuidLength === -1) return `${prefix}-${claimUid}`;
  return `${prefix}-${claimUid.replaceAll('-', '').slice(0, uuidLength)}`;
}

/** Said once for each time in which the journal cannot be written. */
export const NO_JOURNAL =
  'claims are provisioned without an entry in the journal, so a crash may leak volumes: allow get, list, create, update and delete of leases';
