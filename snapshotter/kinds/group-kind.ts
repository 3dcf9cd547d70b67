/** Groups of snapshots: VolumeGroupSnapshot, VolumeGroupSnapshotContent, VolumeGroupSnapshotClass, in the version that is served. */
import type { VolumeGroupSnapshot, VolumeGroupSnapshotContent } from '../../lib/kube/objects.ts';
import type { GroupSnapshotResources } from '../../lib/kube/resources.ts';
import { formatSelector } from '../../lib/kube/selectors.ts';
import { formatTime, parseTime } from '../../lib/kube/time.ts';
import { text } from '../content-accessors.ts';
import {
  GROUP_BEING_CREATED,
  GROUP_BEING_DELETED,
  GROUP_BOUND_PROTECTION,
  GROUP_CONTENT_PROTECTION,
  GROUP_DELETION_SECRET_NAME,
  GROUP_DELETION_SECRET_NAMESPACE,
  GROUP_SECRET,
  IS_DEFAULT_GROUP_CLASS,
  REASON,
  groupContentNameOf,
} from '../names.ts';
import { GROUP_WORDS } from './group-words.ts';
import type { SnapshotKind } from './kind.ts';

export type GroupKind = SnapshotKind<VolumeGroupSnapshot, VolumeGroupSnapshotContent>;

/** All that does not depend on the version that is served. */
export const GROUP_FACTS: Omit<GroupKind, keyof GroupSnapshotResources | 'contentBody'> = {
  fields: {
    reference: 'volumeGroupSnapshotRef',
    className: 'volumeGroupSnapshotClassName',
    boundName: 'boundVolumeGroupSnapshotContentName',
  },
  reasons: {
    creating: REASON.creatingGroup,
    created: REASON.groupCreated,
    ready: REASON.groupReady,
    bindFailed: REASON.groupBindFailed,
    finalizerFailed: REASON.groupFinalizer,
    statusFailed: REASON.groupStatusFailed,
    createContentFailed: REASON.createGroupContentFailed,
    classMissing: REASON.groupClassMissing,
    defaultClass: REASON.groupDefaultClass,
    contentCreation: REASON.groupContentCreation,
    misboundContent: REASON.misboundGroupContent,
    mismatchedContent: REASON.mismatchedGroupContent,
    missingContent: REASON.missingGroupContent,
    contentDelete: REASON.groupContentDelete,
    deletePending: REASON.deletePending,
    handleSet: REASON.groupHandleSet,
    misbound: REASON.groupMisbound,
    validation: REASON.groupValidation,
    contentValidation: REASON.groupContentValidation,
  },
  words: GROUP_WORDS,
  operations: { create: 'CreateGroupSnapshot', ready: 'CreateGroupSnapshotAndReady', delete: 'DeleteGroupSnapshot' },
  isDefaultClass: IS_DEFAULT_GROUP_CLASS,
  contentProtection: GROUP_CONTENT_PROTECTION,
  beingDeleted: GROUP_BEING_DELETED,
  secret: GROUP_SECRET,
  secretAnnotations: { name: GROUP_DELETION_SECRET_NAME, namespace: GROUP_DELETION_SECRET_NAMESPACE },
  // Whatever the policy: its members are to be let go before it goes.
  protection: () => [GROUP_BOUND_PROTECTION],
  keepsBoundName: true,
  released: [GROUP_BOUND_PROTECTION],

  sourceOf: ({ spec }) => {
    const selector: unknown = spec?.source?.selector;
    const selects = typeof selector === 'object' && selector !== null;
    const contentName = text(spec?.source?.volumeGroupSnapshotContentName);
    if (contentName !== undefined && !selects) return { kind: 'content', contentName };
    return selects && contentName === undefined && selectorOf(spec) !== undefined ? { kind: 'claims' } : { kind: 'invalid' };
  },
  classNameOf: ({ spec }) => text(spec?.volumeGroupSnapshotClassName),
  boundNameOf: ({ status }) => text(status?.boundVolumeGroupSnapshotContentName),
  contentNameOf: groupContentNameOf,
  referenceOf: ({ spec }) => spec?.volumeGroupSnapshotRef,
  isDynamic: (content) => volumeHandlesOf(content).length > 0,
  isGiven: ({ spec }) => typeof spec?.source?.groupSnapshotHandles === 'object' && spec.source.groupSnapshotHandles !== null,
  hasHandle: ({ status }) => text(status?.volumeGroupSnapshotHandle) !== undefined,
  isBeingCreated: ({ metadata }) => typeof metadata?.annotations?.[GROUP_BEING_CREATED] === 'string',
  newsOf: ({ status }) => ({ creationTime: wholeSeconds(status?.creationTime), restoreSize: undefined }),
};

export function groupKind(resources: GroupSnapshotResources): GroupKind {
  const { group, version, kind } = resources.contents;
  return {
    ...GROUP_FACTS,
    ...resources,
    contentBody: ({ snapshotClass, volumes, metadata, reference }) => ({
      apiVersion: `${group}/${version}`,
      kind,
      metadata,
      spec: {
        volumeGroupSnapshotRef: reference,
        source: { volumeHandles: volumes.map(({ handle }) => handle) },
        driver: snapshotClass.driver ?? '',
        deletionPolicy: snapshotClass.deletionPolicy ?? '',
        volumeGroupSnapshotClassName: snapshotClass.metadata?.name ?? '',
      },
    }),
  };
}

/** As a query; the empty one selects every claim of the namespace. Undefined: none, or not a valid one. */
export function selectorOf(spec: VolumeGroupSnapshot['spec']): string | undefined {
  const selector = spec?.source?.selector ?? undefined;
  return selector === undefined ? undefined : formatSelector(selector);
}

/** The volumes that a dynamic group was made of: frozen, whatever becomes of the claims' labels. */
export function volumeHandlesOf({ spec }: VolumeGroupSnapshotContent): readonly string[] {
  const handles: unknown = spec?.source?.volumeHandles;
  return Array.isArray(handles) ? handles.flatMap((one: unknown) => text(one) ?? []) : [];
}

function wholeSeconds(time: unknown): string | undefined {
  const ms = parseTime(text(time));
  return ms === undefined ? undefined : formatTime(ms);
}
