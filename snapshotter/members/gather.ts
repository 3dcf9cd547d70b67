/** Reads the stores for one member. */
import { splitKey, type Store } from '../../lib/controller/store.ts';
import type { PersistentVolume, VolumeGroupSnapshotContent, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { volumeIndexValue } from '../content-accessors.ts';
import { groupStanding, type GroupStores, MEMBER_INDEX, membershipOf, plannedMembers } from '../membership.ts';
import { groupContentNameOf, memberContentNameOf } from '../names.ts';
import { VOLUME_INDEX } from '../snapshot-informers.ts';
import type { MemberState } from './state.ts';

export interface MemberGatherDeps {
  readonly snapshots: Store<VolumeSnapshot>;
  readonly contents: Store<VolumeSnapshotContent>;
  readonly volumes: Store<PersistentVolume>;
  readonly groups: GroupStores;
  readonly groupKind: MemberState['groupKind'];
  readonly keepsVolumeMode: boolean;
}

export function gather(deps: MemberGatherDeps, key: string): MemberState | undefined {
  const { snapshots, contents, volumes, groups } = deps;
  const { namespace = '', name } = splitKey(key);
  const snapshot = snapshots.get(key);
  const [planning] = groups.groupContents.byIndex(MEMBER_INDEX.name, key);
  if (snapshot === undefined && planning === undefined) return undefined;
  const plan = planning === undefined ? undefined : plannedMembers(planning).find((one) => one.key === key);
  const membership = snapshot === undefined ? planned(namespace, planning, groups) : membershipOf(snapshot, groups);
  const group = membership === undefined ? undefined : groups.groups.get(`${namespace}/${membership.name}`);
  const volume = volumeIndexValue(planning?.spec?.driver, plan?.volumeHandle);
  const found = volume === undefined ? [] : volumes.byIndex(VOLUME_INDEX.name, volume);
  return {
    key,
    keepsVolumeMode: deps.keepsVolumeMode,
    groupKind: deps.groupKind,
    snapshot,
    content: contents.get(memberContentNameOf(name) ?? ''),
    plan,
    membership,
    group,
    groupContent: planning ?? contentOf(group, groups),
    volume: found.length === 1 ? found[0] : undefined,
  };
}

/** As membershipOf, of a member that is not there. */
function planned(namespace: string, content: VolumeGroupSnapshotContent | undefined, groups: GroupStores): MemberState['membership'] {
  const { name = '', uid } = content?.spec?.volumeGroupSnapshotRef ?? {};
  return { name, uid, group: groupStanding({ metadata: { namespace } }, { name, uid }, groups) };
}

function contentOf(group: MemberState['group'], { groupContents }: GroupStores): VolumeGroupSnapshotContent | undefined {
  const uid = group?.metadata?.uid ?? '';
  const bound = group?.status?.boundVolumeGroupSnapshotContentName ?? group?.spec?.source?.volumeGroupSnapshotContentName;
  const content = groupContents.get(bound ?? groupContentNameOf(uid));
  return content?.spec?.volumeGroupSnapshotRef?.uid === uid ? content : undefined;
}
