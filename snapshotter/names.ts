/**
 * Words that other programs and people read: annotations, labels, finalizers, parameter keys, event
 * reasons and messages. They are the Go programs' own, so that either side of a pair can be swapped, and
 * none may change without a decision. Source: external-snapshotter v8, API and utils.
 */
import { createHash } from 'node:crypto';
import { reasonsOf } from '../lib/controller/event-table.ts';
import { CONTROLLER_EVENTS, SIDECAR_EVENTS } from './event-reasons.ts';

/** The lease of snapshot-controller's election. */
export const CONTROLLER_LEASE = 'snapshot-controller-leader';

// Annotations of a VolumeSnapshotContent.
/** The VolumeSnapshot is going (or gone): without it the sidecar destroys nothing. */
export const BEING_DELETED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted';
/** A CreateSnapshot call may be running: the snapshot may come to exist. */
export const BEING_CREATED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-created';
export const ANNOTATION_YES = 'yes';
/**
 * Ours alone: a CreateSnapshot call ended without an answer, a later one failed for good. The storage may hold a
 * snapshot that nothing names. Users and other programs wait for nothing because of it.
 */
export const CREATION_UNCERTAIN = 'csi-sidecars/creation-uncertain';
/** Ours alone, on a VolumeSnapshot and on its content: by which code it fails, as JSON. What is in it: failure-note.ts. */
export const FAILURE = 'csi-sidecars/failure';
/** Credentials of CreateSnapshot and DeleteSnapshot, whatever the name says. */
export const DELETION_SECRET_NAME = 'snapshot.storage.kubernetes.io/deletion-secret-name';
export const DELETION_SECRET_NAMESPACE = 'snapshot.storage.kubernetes.io/deletion-secret-namespace';
/** On contents of group members; its value is the group's handle. */
export const GROUP_HANDLE = 'groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle';

// Annotations of a VolumeGroupSnapshotContent, with the meaning of those of a single content.
export const GROUP_BEING_DELETED = 'groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted';
export const GROUP_BEING_CREATED = 'groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-created';
export const GROUP_DELETION_SECRET_NAME = 'groupsnapshot.storage.kubernetes.io/deletion-secret-name';
export const GROUP_DELETION_SECRET_NAMESPACE = 'groupsnapshot.storage.kubernetes.io/deletion-secret-namespace';
/** On a VolumeGroupSnapshotClass; only the exact value `true` counts. */
export const IS_DEFAULT_GROUP_CLASS = 'groupsnapshot.storage.kubernetes.io/is-default-class';

/** On a VolumeSnapshotClass; only the exact value `true` counts. */
export const IS_DEFAULT_CLASS = 'snapshot.storage.kubernetes.io/is-default-class';

/** On a content, its value a node name: the sidecar of that node serves it. */
export const MANAGED_BY_LABEL = 'snapshot.storage.kubernetes.io/managed-by';

// Finalizers.
export const CONTENT_PROTECTION = 'snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection';
export const BOUND_PROTECTION = 'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection';
export const AS_SOURCE_PROTECTION = 'snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection';
/** The provisioner's: a volume is being filled from the snapshot, whether its claim still lives or not. */
export const RESTORE_PROTECTION = 'provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection';
/** On a member of a group: it goes when its group goes, not alone. */
export const IN_GROUP_PROTECTION = 'snapshot.storage.kubernetes.io/volumesnapshot-in-group-protection';
export const GROUP_CONTENT_PROTECTION = 'groupsnapshot.storage.kubernetes.io/volumegroupsnapshotcontent-bound-protection';
export const GROUP_BOUND_PROTECTION = 'groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-bound-protection';
/** On a PVC. */
export const CLAIM_PROTECTION = 'snapshot.storage.kubernetes.io/pvc-as-source-protection';

// Class parameters. Everything under the prefix is ours and never reaches the driver as it stands.
export const RESERVED_PREFIX = 'csi.storage.k8s.io/';

export interface SecretKeys {
  readonly name: string;
  readonly namespace: string;
}

/** Class parameters whose values may be templates. */
export interface TemplateKeys extends SecretKeys {
  /** What the Go programs call it in messages. */
  readonly label: string;
  /** The word that the tokens begin with. */
  readonly tokens: 'volumesnapshot' | 'volumegroupsnapshot';
}

export const SNAPSHOTTER_SECRET: TemplateKeys = {
  tokens: 'volumesnapshot',
  label: 'Snapshotter',
  name: 'csi.storage.k8s.io/snapshotter-secret-name',
  namespace: 'csi.storage.k8s.io/snapshotter-secret-namespace',
};
export const LIST_SECRET: TemplateKeys = {
  tokens: 'volumesnapshot',
  label: 'SnapshotterList',
  name: 'csi.storage.k8s.io/snapshotter-list-secret-name',
  namespace: 'csi.storage.k8s.io/snapshotter-list-secret-namespace',
};
export const GROUP_SECRET: TemplateKeys = {
  tokens: 'volumegroupsnapshot',
  label: 'GroupSnapshotter',
  name: 'csi.storage.k8s.io/group-snapshotter-secret-name',
  namespace: 'csi.storage.k8s.io/group-snapshotter-secret-namespace',
};
export const GROUP_GET_SECRET: TemplateKeys = {
  tokens: 'volumegroupsnapshot',
  label: 'GroupSnapshotterGet',
  name: 'csi.storage.k8s.io/group-snapshotter-get-secret-name',
  namespace: 'csi.storage.k8s.io/group-snapshotter-get-secret-namespace',
};

/** The keys that may stand under the prefix in a class. */
export const RESERVED_KEYS: ReadonlySet<string> = new Set(
  [SNAPSHOTTER_SECRET, LIST_SECRET, GROUP_SECRET, GROUP_GET_SECRET].flatMap(({ name, namespace }) => [name, namespace]),
);

// Added to CreateSnapshot with --extra-create-metadata.
export const PARAMETER_SNAPSHOT_NAME = 'csi.storage.k8s.io/volumesnapshot/name';
export const PARAMETER_SNAPSHOT_NAMESPACE = 'csi.storage.k8s.io/volumesnapshot/namespace';
export const PARAMETER_CONTENT_NAME = 'csi.storage.k8s.io/volumesnapshotcontent/name';
export const PARAMETER_GROUP_NAME = 'csi.storage.k8s.io/volumegroupsnapshot/name';
export const PARAMETER_GROUP_NAMESPACE = 'csi.storage.k8s.io/volumegroupsnapshot/namespace';
export const PARAMETER_GROUP_CONTENT_NAME = 'csi.storage.k8s.io/volumegroupsnapshotcontent/name';

/** Reasons of events: event-reasons.ts says what each one means. */
export const REASON = reasonsOf(CONTROLLER_EVENTS);
export const SIDECAR_REASON = reasonsOf(SIDECAR_EVENTS);

/** The content of a dynamic VolumeSnapshot has the name of its uid: made twice, it is still one. */
export function contentNameOf(snapshotUid: string): string {
  return `snapcontent-${snapshotUid}`;
}

/** As contentNameOf, of a dynamic VolumeGroupSnapshot. */
export function groupContentNameOf(groupUid: string): string {
  return `groupsnapcontent-${groupUid}`;
}

/** Of one volume of a group: its VolumeSnapshot and its content have one name each, however often they are made. */
export function memberNamesOf(groupUid: string, volumeHandle: string): { readonly snapshot: string; readonly content: string } {
  const digest = createHash('sha256').update(`${groupUid}${volumeHandle}`).digest('hex');
  return { snapshot: `snapshot-${digest}`, content: `snapcontent-${digest}` };
}

/** The content of a member has the name of its VolumeSnapshot, but for the prefix. Undefined for a name of another form. */
export function memberContentNameOf(snapshotName: string | undefined): string | undefined {
  const digest = /^snapshot-([0-9a-f]{64})$/.exec(snapshotName ?? '')?.[1];
  return digest === undefined ? undefined : `snapcontent-${digest}`;
}
