/** A VolumeGroupSnapshotContent: snapshots of several volumes that the driver cut at one instant, and deletes together. */
import type { Resource, VolumeGroupSnapshotContent } from '../../lib/kube/objects.ts';
import { parseTime } from '../../lib/kube/time.ts';
import { text } from '../content-accessors.ts';
import {
  GROUP_BEING_CREATED,
  GROUP_BEING_DELETED,
  GROUP_CONTENT_PROTECTION,
  GROUP_DELETION_SECRET_NAME,
  GROUP_DELETION_SECRET_NAMESPACE,
  GROUP_GET_SECRET,
  PARAMETER_GROUP_CONTENT_NAME,
  PARAMETER_GROUP_NAME,
  PARAMETER_GROUP_NAMESPACE,
  SIDECAR_REASON,
} from '../names.ts';
import { groupStatusChange } from './group-status.ts';
import type { Handles } from './found.ts';
import type { ContentFacts, ContentKind } from './kind.ts';

/** `resource`: in the version that the API server serves. */
export function groupContent(resource: Resource<VolumeGroupSnapshotContent>): ContentKind<VolumeGroupSnapshotContent> {
  return {
    resource,
    noun: 'group snapshot',
    contentNoun: 'group snapshot content',
    unmarkedNoun: 'groupSnapshotContent',
    sourcesNoun: 'PVCs to be snapshotted',
    ownerKind: 'VolumeGroupSnapshot',
    classKind: 'VolumeGroupSnapshotClass',
    createRpc: 'CreateVolumeGroupSnapshot',
    finalizer: GROUP_CONTENT_PROTECTION,
    beingCreated: GROUP_BEING_CREATED,
    beingDeleted: GROUP_BEING_DELETED,
    secretAnnotations: { name: GROUP_DELETION_SECRET_NAME, namespace: GROUP_DELETION_SECRET_NAMESPACE },
    questionSecret: GROUP_GET_SECRET,
    metadataParameters: { name: PARAMETER_GROUP_NAME, namespace: PARAMETER_GROUP_NAMESPACE, content: PARAMETER_GROUP_CONTENT_NAME },
    reasons: {
      creationFailed: SIDECAR_REASON.groupCreationFailed,
      updateFailed: SIDECAR_REASON.groupUpdateFailed,
      deleteFailed: SIDECAR_REASON.groupDeleteFailed,
      uncertain: SIDECAR_REASON.groupUncertain,
      oddTime: SIDECAR_REASON.groupOddTime,
    },
    // The members that were there stay named.
    perishable: ['volumeGroupSnapshotHandle', 'readyToUse', 'creationTime', 'error'],
    read,
    answersQuestions: () => true,
    // It is asked all the same: some drivers can do what they do not announce.
    lacks: ({ groupController }) => (groupController.has(CAPABILITY) ? undefined : CAPABILITY),
    nameVolumes: (sources) => `volumes [${sources.join(' ')}]`,
    statusChange: groupStatusChange,
  };
}

const CAPABILITY = 'CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT';

function read({ spec, status }: VolumeGroupSnapshotContent): ContentFacts {
  const source = spec?.source;
  const sources = Array.isArray(source?.volumeHandles) ? source.volumeHandles : undefined;
  const given = givenOf(source?.groupSnapshotHandles);
  const handle = text(status?.volumeGroupSnapshotHandle);
  const list = status?.volumeSnapshotInfoList;
  const members = (Array.isArray(list) ? list : []).map((member: { snapshotHandle?: string } | null) => text(member?.snapshotHandle));
  const made = members.filter((member) => member !== undefined);
  return {
    sources,
    given,
    saved: handle === undefined ? undefined : { handle, members: made.length > 0 ? made : (given?.members ?? []) },
    fault: sources === undefined ? givenFault(given) : listFault('volume', sources),
    ref: spec?.volumeGroupSnapshotRef,
    cutMs: parseTime(text(status?.creationTime)),
    className: text(spec?.volumeGroupSnapshotClassName),
    membership: 'none',
  };
}

type GivenHandles = NonNullable<NonNullable<VolumeGroupSnapshotContent['spec']>['source']>['groupSnapshotHandles'];

function givenOf(handles: GivenHandles | null): Handles | undefined {
  if (typeof handles !== 'object' || handles === null) return undefined;
  const { volumeGroupSnapshotHandle, volumeSnapshotHandles: members } = handles;
  return { handle: text(volumeGroupSnapshotHandle) ?? '', members: Array.isArray(members) ? members : [] };
}

function givenFault(given: Handles | undefined): string | undefined {
  if (given?.handle === '') return `the content names no group snapshot by its handle: ${REMEDY}`;
  return given === undefined ? undefined : listFault('snapshot', given.members);
}

/** The source of a content cannot be changed. */
const REMEDY = 'delete it and make it anew';

function listFault(what: 'volume' | 'snapshot', handles: readonly string[]): string | undefined {
  if (handles.length === 0) return `the content names no ${what}: ${REMEDY}`;
  if (handles.some((handle) => text(handle) === undefined)) return `the content names a ${what} without a handle: ${REMEDY}`;
  const twice = handles.find((handle, at) => handles.indexOf(handle) !== at);
  return twice === undefined ? undefined : `the content names ${what} ${twice} twice: ${REMEDY}`;
}
