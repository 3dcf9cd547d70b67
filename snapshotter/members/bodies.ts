/** The VolumeSnapshot and the content of a member, whole from their first moment. */
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { splitKey } from '../../lib/controller/store.ts';
import { text } from '../content-accessors.ts';
import { SINGLE } from '../kinds/single-kind.ts';
import type { PlannedMember } from '../membership.ts';
import {
  CONTENT_PROTECTION,
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  GROUP_DELETION_SECRET_NAME,
  GROUP_DELETION_SECRET_NAMESPACE,
  GROUP_HANDLE,
  IN_GROUP_PROTECTION,
  MANAGED_BY_LABEL,
} from '../names.ts';
import type { MemberState } from './state.ts';

export function memberSnapshot({ group, groupKind, groupContent, key, volume }: MemberState): VolumeSnapshot {
  const { namespace = '', name } = splitKey(key);
  const ref = volume?.spec?.claimRef;
  const { name: groupName = '', uid = '' } = group?.metadata ?? {};
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: {
      name,
      namespace,
      ownerReferences: [{ apiVersion: `${groupKind.group}/${groupKind.version}`, kind: groupKind.kind, name: groupName, uid }],
      finalizers: [IN_GROUP_PROTECTION, ...SINGLE.protection(groupContent?.spec?.deletionPolicy)],
    },
    // A volume that has no claim any more has a snapshot all the same.
    spec: { source: { persistentVolumeClaimName: ref?.namespace === namespace ? (text(ref.name) ?? '') : '' } },
  };
}

export function memberContent(state: MemberState, { contentName, volumeHandle }: PlannedMember): VolumeSnapshotContent {
  const { groupContent, snapshot, volume, keepsVolumeMode } = state;
  const { name = '', namespace = '', uid = '' } = snapshot?.metadata ?? {};
  const { annotations = {}, labels = {} } = groupContent?.metadata ?? {};
  const secretName = text(annotations[GROUP_DELETION_SECRET_NAME]);
  const secretNamespace = text(annotations[GROUP_DELETION_SECRET_NAMESPACE]);
  const node = text(labels[MANAGED_BY_LABEL]);
  const volumeMode = volume?.spec?.volumeMode;
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: {
      name: contentName,
      finalizers: [CONTENT_PROTECTION],
      ...(node === undefined ? {} : { labels: { [MANAGED_BY_LABEL]: node } }),
      annotations: {
        [GROUP_HANDLE]: groupContent?.status?.volumeGroupSnapshotHandle ?? '',
        ...(secretName === undefined || secretNamespace === undefined
          ? {}
          : { [DELETION_SECRET_NAME]: secretName, [DELETION_SECRET_NAMESPACE]: secretNamespace }),
      },
    },
    spec: {
      volumeSnapshotRef: { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', name, namespace, uid },
      deletionPolicy: groupContent?.spec?.deletionPolicy ?? '',
      driver: groupContent?.spec?.driver ?? '',
      source: { volumeHandle },
      ...(keepsVolumeMode && volumeMode !== undefined ? { sourceVolumeMode: volumeMode } : {}),
    },
  };
}
