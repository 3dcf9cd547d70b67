/** The relations of a VolumeGroupSnapshot: the claims that it selects, its members, and the volumes restored from them. */
import { keyOf, type Store } from '../../lib/controller/store.ts';
import type { VolumeGroupSnapshot, VolumeGroupSnapshotContent, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { matchesSelector } from '../../lib/kube/selectors.ts';
import { isDeleting, text } from '../content-accessors.ts';
import { selectorOf } from '../kinds/group-kind.ts';
import { GROUP_INDEX, type GroupStores, membershipOf, plannedMembers } from '../membership.ts';
import { isNoNews, NAMESPACE_INDEX, SELECTING_INDEX, type SnapshotInformers } from '../snapshot-informers.ts';
import { type ClaimStores, type Relations, restoreOf, sourceIn } from './relations.ts';
import type { Members } from './state.ts';

export interface GroupRelationStores extends ClaimStores {
  readonly snapshots: Store<VolumeSnapshot>;
  readonly contents: Store<VolumeSnapshotContent>;
  readonly groups: GroupStores;
}

export function groupRelations(stores: GroupRelationStores): Relations<VolumeGroupSnapshot, VolumeGroupSnapshotContent> {
  return {
    of: (group, content) => {
      const selector = selectorOf(group.spec);
      const members = membersOf(group, stores);
      return {
        // Once its content is noted, the selection is what that says; until then the steps towards it go by the same claims.
        sources: selector === undefined || isNoted(group, content) || isDeleting(group) ? [] : selectedBy(group, stores),
        selector,
        restores: isDeleting(group) ? members.flatMap((member) => restoreOf(stores, member) ?? []) : [],
        members: { unmade: content === undefined ? [] : unmade(content, stores), undeleted: undeleted(members) },
        membership: undefined,
        groupName: undefined,
      };
    },
    contentNames: () => [],
    ofClaim: (claim) => stores.groups.groups.byIndex(SELECTING_INDEX.name, claim.metadata?.namespace ?? '').map(keyOf),
    ofRestore: (snapshotKey) => {
      const snapshot = stores.snapshots.get(snapshotKey);
      return snapshot === undefined ? [] : GROUP_INDEX.values(snapshot);
    },
  };
}

function isNoted({ status }: VolumeGroupSnapshot, content: VolumeGroupSnapshotContent | undefined): boolean {
  return content !== undefined && text(status?.boundVolumeGroupSnapshotContentName) !== undefined;
}

/** A group waits for its members: to be made, and to be deleted. */
export function wakeGroups({ snapshots, contents }: SnapshotInformers, enqueue: (key: string) => void): void {
  snapshots.onEvent((event) => {
    if (isNoNews(event)) return;
    for (const snapshot of [event.old, event.object])
      for (const key of snapshot === undefined ? [] : GROUP_INDEX.values(snapshot)) enqueue(key);
  });
  contents.onEvent(({ old, object }) => {
    // A member is made with its content; the rest of what that says concerns the member alone.
    if (old !== undefined && object !== undefined) return;
    const { namespace, name } = (object ?? old)?.spec?.volumeSnapshotRef ?? {};
    const snapshot = snapshots.store.get(`${namespace ?? ''}/${name ?? ''}`);
    for (const key of snapshot === undefined ? [] : GROUP_INDEX.values(snapshot)) enqueue(key);
  });
}

function selectedBy({ metadata, spec }: VolumeGroupSnapshot, stores: ClaimStores) {
  return stores.claims
    .byIndex(NAMESPACE_INDEX.name, metadata?.namespace ?? '')
    .filter((claim) => matchesSelector(spec?.source?.selector, claim.metadata?.labels))
    .map((claim) => sourceIn(stores, claim.metadata?.name ?? '', claim))
    .toSorted(byName);
}

/** The order of a query: by name. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function membersOf(group: VolumeGroupSnapshot, stores: GroupRelationStores): readonly VolumeSnapshot[] {
  const { uid } = group.metadata ?? {};
  return stores.snapshots.byIndex(GROUP_INDEX.name, keyOf(group)).filter((snapshot) => {
    const membership = membershipOf(snapshot, stores.groups);
    // An owner reference is enough to be deleted with the group: the garbage collector needs no more.
    return membership !== undefined && (membership.uid === undefined || membership.uid === uid);
  });
}

/** Of what the driver has told: whoever names a handle of its own has a snapshot of its own. */
function unmade(content: VolumeGroupSnapshotContent, { snapshots, contents }: GroupRelationStores): Members['unmade'] {
  return plannedMembers(content)
    .filter(({ key, contentName }) => {
      const snapshot = snapshots.get(key);
      const isBound = text(snapshot?.status?.boundVolumeSnapshotContentName) === contentName;
      return !isBound || contents.get(contentName) === undefined;
    })
    .map(({ key }) => key);
}

function undeleted(members: readonly VolumeSnapshot[]): Members['undeleted'] {
  return members.flatMap((member) => (isDeleting(member) ? [] : [member.metadata?.name ?? '']));
}
