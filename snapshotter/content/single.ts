/** A VolumeSnapshotContent: one snapshot of one volume, also a member of a group. */
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { VOLUME_SNAPSHOT_CONTENTS } from '../../lib/kube/resources.ts';
import { preProvisionedHandleOf, savedHandleOf, text, volumeHandleOf } from '../content-accessors.ts';
import {
  BEING_CREATED,
  BEING_DELETED,
  CONTENT_PROTECTION,
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  GROUP_HANDLE,
  LIST_SECRET,
  PARAMETER_CONTENT_NAME,
  PARAMETER_SNAPSHOT_NAME,
  PARAMETER_SNAPSHOT_NAMESPACE,
  SIDECAR_REASON,
} from '../names.ts';
import type { Handles } from './found.ts';
import type { ContentFacts, ContentKind } from './kind.ts';
import { singleStatusChange } from './status-change.ts';

export const SINGLE_CONTENT: ContentKind<VolumeSnapshotContent> = {
  resource: VOLUME_SNAPSHOT_CONTENTS,
  noun: 'snapshot',
  contentNoun: 'content',
  unmarkedNoun: 'content',
  sourcesNoun: 'Volume handle',
  ownerKind: 'VolumeSnapshot',
  classKind: 'VolumeSnapshotClass',
  createRpc: 'CreateSnapshot',
  finalizer: CONTENT_PROTECTION,
  beingCreated: BEING_CREATED,
  beingDeleted: BEING_DELETED,
  secretAnnotations: { name: DELETION_SECRET_NAME, namespace: DELETION_SECRET_NAMESPACE },
  questionSecret: LIST_SECRET,
  metadataParameters: { name: PARAMETER_SNAPSHOT_NAME, namespace: PARAMETER_SNAPSHOT_NAMESPACE, content: PARAMETER_CONTENT_NAME },
  reasons: SIDECAR_REASON,
  perishable: ['snapshotHandle', 'readyToUse', 'creationTime', 'restoreSize'],
  read,
  answersQuestions: ({ controller }) => controller.has('LIST_SNAPSHOTS'),
  // The program ends where a driver makes no snapshots.
  lacks: () => undefined,
  nameVolumes: ([volume = '']) => `volume ${volume}`,
  statusChange: singleStatusChange,
};

function read(content: VolumeSnapshotContent): ContentFacts {
  const { metadata, spec, status } = content;
  const volume = volumeHandleOf(content);
  const isConfirmed = text(status?.volumeGroupSnapshotHandle) !== undefined;
  const isAnnounced = text(metadata?.annotations?.[GROUP_HANDLE]) !== undefined;
  return {
    sources: volume === undefined ? undefined : [volume],
    given: alone(preProvisionedHandleOf(content)),
    saved: alone(savedHandleOf(content)),
    fault: undefined,
    ref: spec?.volumeSnapshotRef,
    cutMs: typeof status?.creationTime === 'bigint' ? Number(status.creationTime) / 1_000_000 : undefined,
    className: text(spec?.volumeSnapshotClassName),
    membership: isConfirmed ? 'confirmed' : isAnnounced ? 'announced' : 'none',
  };
}

function alone(handle: string | undefined): Handles | undefined {
  return handle === undefined ? undefined : { handle, members: [] };
}
