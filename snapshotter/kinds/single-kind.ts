/** Single snapshots: VolumeSnapshot, VolumeSnapshotContent, VolumeSnapshotClass. */
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { formatBinarySI } from '../../lib/kube/quantity.ts';
import { VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { formatTime } from '../../lib/kube/time.ts';
import { hasMark, preProvisionedHandleOf, savedHandleOf, text, volumeHandleOf } from '../content-accessors.ts';
import {
  AS_SOURCE_PROTECTION,
  BEING_CREATED,
  BEING_DELETED,
  BOUND_PROTECTION,
  CONTENT_PROTECTION,
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  IN_GROUP_PROTECTION,
  IS_DEFAULT_CLASS,
  REASON,
  SNAPSHOTTER_SECRET,
  contentNameOf,
} from '../names.ts';
import { sourceOf } from '../source.ts';
import type { ContentParts, SnapshotKind } from './kind.ts';
import { SINGLE_WORDS } from './single-words.ts';

export type SingleKind = SnapshotKind<VolumeSnapshot, VolumeSnapshotContent>;

export const SINGLE: SingleKind = {
  snapshots: VOLUME_SNAPSHOTS,
  contents: VOLUME_SNAPSHOT_CONTENTS,
  classes: VOLUME_SNAPSHOT_CLASSES,
  fields: { reference: 'volumeSnapshotRef', className: 'volumeSnapshotClassName', boundName: 'boundVolumeSnapshotContentName' },
  reasons: {
    creating: REASON.creatingSnapshot,
    created: REASON.snapshotCreated,
    ready: REASON.snapshotReady,
    bindFailed: REASON.bindFailed,
    finalizerFailed: REASON.finalizerFailed,
    statusFailed: REASON.statusFailed,
    createContentFailed: REASON.createContentFailed,
    classMissing: REASON.classMissing,
    defaultClass: REASON.defaultClass,
    contentCreation: REASON.contentCreation,
    misboundContent: REASON.misboundContent,
    mismatchedContent: REASON.mismatchedContent,
    missingContent: REASON.missingContent,
    contentDelete: REASON.contentDelete,
    deletePending: REASON.deletePending,
    handleSet: REASON.handleSet,
    misbound: REASON.misbound,
    validation: REASON.validation,
    contentValidation: REASON.contentValidation,
  },
  words: SINGLE_WORDS,
  operations: { create: 'CreateSnapshot', ready: 'CreateSnapshotAndReady', delete: 'DeleteSnapshot' },
  isDefaultClass: IS_DEFAULT_CLASS,
  contentProtection: CONTENT_PROTECTION,
  beingDeleted: BEING_DELETED,
  secret: SNAPSHOTTER_SECRET,
  secretAnnotations: { name: DELETION_SECRET_NAME, namespace: DELETION_SECRET_NAMESPACE },
  // A content that is retained goes its own way: the snapshot need not wait for it.
  protection: (policy) => (policy === 'Delete' ? [AS_SOURCE_PROTECTION, BOUND_PROTECTION] : [AS_SOURCE_PROTECTION]),
  keepsBoundName: false,
  // Whoever put the last one there: what belongs to no group that lives is not held by one.
  released: [AS_SOURCE_PROTECTION, BOUND_PROTECTION, IN_GROUP_PROTECTION],

  sourceOf: (snapshot) => {
    const source = sourceOf(snapshot);
    return source.kind === 'claim' ? { kind: 'claims' } : source;
  },
  classNameOf: ({ spec }) => text(spec?.volumeSnapshotClassName),
  boundNameOf: ({ status }) => text(status?.boundVolumeSnapshotContentName),
  contentNameOf,
  referenceOf: ({ spec }) => spec?.volumeSnapshotRef,
  isDynamic: (content) => volumeHandleOf(content) !== undefined,
  isGiven: (content) => preProvisionedHandleOf(content) !== undefined,
  hasHandle: (content) => savedHandleOf(content) !== undefined,
  isBeingCreated: (content) => hasMark(content, BEING_CREATED),
  contentBody,
  newsOf: ({ status }) => ({ creationTime: secondsOf(status?.creationTime), restoreSize: quantityOf(status?.restoreSize) }),
};

function contentBody({
  snapshotClass,
  volumes,
  metadata,
  reference,
  keepsVolumeMode,
}: ContentParts<VolumeSnapshot>): VolumeSnapshotContent {
  const [volume] = volumes;
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata,
    spec: {
      volumeSnapshotRef: reference,
      source: { volumeHandle: volume?.handle ?? '' },
      driver: snapshotClass.driver ?? '',
      deletionPolicy: snapshotClass.deletionPolicy ?? '',
      volumeSnapshotClassName: snapshotClass.metadata?.name ?? '',
      ...(keepsVolumeMode && volume?.volumeMode !== undefined ? { sourceVolumeMode: volume.volumeMode } : {}),
    },
  };
}

/** Nanoseconds to metav1.Time. An odd type is as absent. */
function secondsOf(nanoseconds: unknown): string | undefined {
  const exact = integer(nanoseconds);
  if (exact === undefined) return undefined;
  const ms = Number(exact / 1_000_000n);
  return Math.abs(ms) > 8.64e15 ? undefined : formatTime(ms);
}

function quantityOf(bytes: unknown): string | undefined {
  const exact = integer(bytes);
  return exact === undefined ? undefined : formatBinarySI(exact);
}

function integer(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}
