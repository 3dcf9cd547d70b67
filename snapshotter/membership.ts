/**
 * Whether a VolumeSnapshot belongs to a group, and what has become of that. Believed is what users cannot write: the
 * snapshot's status, and that a group's content names a volume from whose handle the snapshot's name is made. An owner
 * reference alone is a claim, to be proven by the content that it leads to.
 */
import type { Index, Store } from '../lib/controller/store.ts';
import { keyOf } from '../lib/controller/store.ts';
import type { OwnerReference, VolumeGroupSnapshot, VolumeGroupSnapshotContent, VolumeSnapshot } from '../lib/kube/objects.ts';
import { GROUP_SNAPSHOT_GROUP } from '../lib/kube/resources.ts';
import { isDeleting, text, volumeIndexValue } from './content-accessors.ts';
import { volumeHandlesOf } from './kinds/group-kind.ts';
import { groupContentNameOf, memberContentNameOf, memberNamesOf } from './names.ts';

export interface Membership {
  /** Of the group, in the namespace of the snapshot. */
  readonly name: string;
  /** Undefined where only the status says to which group it belongs. */
  readonly uid: string | undefined;
  /** `unseen`: no cache has the content that would prove it. */
  readonly proof: 'yes' | 'no' | 'unseen';
  /** `unseen`: no cache has the group, which may lag. `gone`: read live, or seen going. `unserved`: groups are off. */
  readonly group: 'there' | 'going' | 'unseen' | 'gone' | 'unserved';
}

export interface GroupStores {
  readonly groups: Store<VolumeGroupSnapshot>;
  readonly groupContents: Store<VolumeGroupSnapshotContent>;
  /** Uids of groups that were seen going. */
  readonly groupsGone: { has(uid: string): boolean };
}

/** Contents of dynamic groups, by the keys of their members' VolumeSnapshots. */
export const MEMBER_INDEX: Index<VolumeGroupSnapshotContent> = { name: 'member', values: memberKeysOf };

/** Contents of groups by driver and group handle. */
export const GROUP_HANDLE_INDEX: Index<VolumeGroupSnapshotContent> = {
  name: 'handle',
  values: ({ spec, status }) => {
    const handle = text(status?.volumeGroupSnapshotHandle) ?? text(spec?.source?.groupSnapshotHandles?.volumeGroupSnapshotHandle);
    const value = volumeIndexValue(spec?.driver, handle);
    return value === undefined ? [] : [value];
  },
};

/** Snapshots by the group that they belong to, or say they do. */
export const GROUP_INDEX: Index<VolumeSnapshot> = {
  name: 'group',
  values: (snapshot) => {
    const names = [text(snapshot.status?.volumeGroupSnapshotName), ...ownersOf(snapshot).map(({ name }) => text(name))];
    return [...new Set(names.flatMap((name) => (name === undefined ? [] : [`${snapshot.metadata?.namespace ?? ''}/${name}`])))];
  },
};

export function memberKeysOf(content: VolumeGroupSnapshotContent): readonly string[] {
  const { namespace, uid } = content.spec?.volumeGroupSnapshotRef ?? {};
  const owner = text(uid);
  if (text(namespace) === undefined || owner === undefined) return [];
  return [...new Set(volumeHandlesOf(content).map((handle) => `${namespace}/${memberNamesOf(owner, handle).snapshot}`))];
}

/** Owner references to groups, in whatever version they were written. */
export function ownersOf({ metadata }: VolumeSnapshot): readonly OwnerReference[] {
  const owners: readonly (OwnerReference | null)[] = metadata?.ownerReferences ?? [];
  return owners.filter(
    (owner): owner is OwnerReference =>
      owner?.kind === 'VolumeGroupSnapshot' && owner.apiVersion?.startsWith(`${GROUP_SNAPSHOT_GROUP}/`) === true,
  );
}

/** Undefined for a snapshot of its own. `stores`: undefined where groups are not served. */
export function membershipOf(snapshot: VolumeSnapshot, stores: GroupStores | undefined): Membership | undefined {
  const named = text(snapshot.status?.volumeGroupSnapshotName);
  if (stores === undefined) return named === undefined ? undefined : { name: named, uid: undefined, proof: 'yes', group: 'unserved' };
  const [content] = stores.groupContents.byIndex(MEMBER_INDEX.name, keyOf(snapshot));
  if (content !== undefined) {
    const { name = '', uid } = content.spec?.volumeGroupSnapshotRef ?? {};
    return { name, uid, proof: 'yes', group: groupStanding(snapshot, { name, uid }, stores) };
  }
  const owners = ownersOf(snapshot);
  if (named !== undefined) {
    const uid = text(owners.find(({ name }) => name === named)?.uid);
    return { name: named, uid, proof: 'yes', group: groupStanding(snapshot, { name: named, uid }, stores) };
  }
  const claimed = owners.find(({ name, uid }) => text(name) !== undefined && text(uid) !== undefined);
  if (claimed === undefined || memberContentNameOf(snapshot.metadata?.name) === undefined) return undefined;
  const { name = '', uid = '' } = claimed;
  const proof = stores.groupContents.get(groupContentNameOf(uid)) === undefined ? 'unseen' : 'no';
  return { name, uid, proof, group: groupStanding(snapshot, { name, uid }, stores) };
}

export function groupStanding(
  { metadata }: VolumeSnapshot,
  { name, uid }: Pick<Membership, 'name' | 'uid'>,
  { groups, groupsGone }: Pick<GroupStores, 'groups' | 'groupsGone'>,
): Membership['group'] {
  if (uid !== undefined && groupsGone.has(uid)) return 'gone';
  return standingOf(groups.get(`${metadata?.namespace ?? ''}/${name}`), uid) ?? 'unseen';
}

/** Undefined where it is not that group. */
export function standingOf(group: VolumeGroupSnapshot | undefined, uid: string | undefined): 'there' | 'going' | undefined {
  if (group === undefined || (uid !== undefined && group.metadata?.uid !== uid)) return undefined;
  return isDeleting(group) ? 'going' : 'there';
}

/** Whether the content of a group, read live, proves that the snapshot is a member. */
export function proves(content: VolumeGroupSnapshotContent | undefined, snapshot: VolumeSnapshot): boolean {
  return content !== undefined && memberKeysOf(content).includes(keyOf(snapshot));
}

/** What the driver told of one volume of a dynamic group, and the names of the two objects that show it to users. */
export interface PlannedMember {
  /** Of the VolumeSnapshot. */
  readonly key: string;
  readonly contentName: string;
  readonly volumeHandle: string;
  readonly info: MemberInfo;
}

export type MemberInfo = NonNullable<NonNullable<VolumeGroupSnapshotContent['status']>['volumeSnapshotInfoList']>[number];

/** Empty until the driver has answered. Of what it answered, only volumes that were asked for, with a handle. */
export function plannedMembers(content: VolumeGroupSnapshotContent): readonly PlannedMember[] {
  const { spec, status } = content;
  const { namespace = '', uid } = spec?.volumeGroupSnapshotRef ?? {};
  const owner = text(uid);
  const infos: unknown = status?.volumeSnapshotInfoList;
  if (owner === undefined || text(status?.volumeGroupSnapshotHandle) === undefined || !Array.isArray(infos)) return [];
  const asked = new Set(volumeHandlesOf(content));
  const byHandle = new Map<string, MemberInfo>();
  for (const info of infos as readonly (MemberInfo | null)[]) {
    const handle = text(info?.volumeHandle);
    if (info === null || handle === undefined || !asked.has(handle) || text(info.snapshotHandle) === undefined) continue;
    if (!byHandle.has(handle)) byHandle.set(handle, info);
  }
  return [...byHandle].map(([volumeHandle, info]) => {
    const names = memberNamesOf(owner, volumeHandle);
    return { key: `${namespace}/${names.snapshot}`, contentName: names.content, volumeHandle, info };
  });
}
