/** The relations of a VolumeSnapshot: its claim, the volumes restored from it, and the group that it may belong to. */
import { keyOf, type Store } from '../../lib/controller/store.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { isDeleting, text, volumeIndexValue } from '../content-accessors.ts';
import { GROUP_HANDLE_INDEX, GROUP_INDEX, type GroupStores, memberKeysOf, type Membership, membershipOf } from '../membership.ts';
import { isGroupContent } from '../group-fields.ts';
import { memberContentNameOf } from '../names.ts';
import { CLAIM_INDEX, CONTENT_INDEX_NAME, isNoNews, OF_GROUP_INDEX, type SnapshotInformers } from '../snapshot-informers.ts';
import { sourceOf } from '../source.ts';
import { type ClaimStores, type Relations, restoreOf, sourceIn } from './relations.ts';

export interface SingleStores extends ClaimStores {
  readonly snapshots: Store<VolumeSnapshot>;
  /** Undefined where groups are not served. */
  readonly groups: GroupStores | undefined;
}

export function singleRelations(stores: SingleStores): Relations<VolumeSnapshot, VolumeSnapshotContent> {
  return {
    of: (snapshot, content) => {
      const source = sourceOf(snapshot);
      const claimName = source.kind === 'claim' ? source.claimName : undefined;
      const claim = claimName === undefined ? undefined : stores.claims.get(`${snapshot.metadata?.namespace ?? ''}/${claimName}`);
      const restore = restoreOf(stores, snapshot);
      const membership = membershipOf(snapshot, stores.groups) ?? unservedMember(content, stores.groups);
      const isNamed = text(snapshot.status?.volumeGroupSnapshotName) !== undefined;
      const groupName = membership?.proof === 'yes' ? membership.name : groupNameOf(snapshot, content, stores.groups);
      return {
        sources: claimName === undefined ? [] : [sourceIn(stores, claimName, claim)],
        selector: undefined,
        restores: restore === undefined ? [] : [restore],
        members: { unmade: [], undeleted: [] },
        membership,
        groupName: isNamed ? undefined : groupName,
      };
    },
    // Of a member: what its group has bound it to, or will.
    contentNames: ({ metadata, status }) => {
      const bound = text(status?.volumeGroupSnapshotName) === undefined ? undefined : text(status?.boundVolumeSnapshotContentName);
      return [bound, memberContentNameOf(metadata?.name)].filter((name) => name !== undefined);
    },
    ofClaim: (claim) => stores.snapshots.byIndex(CLAIM_INDEX.name, keyOf(claim)).map(keyOf),
    ofRestore: (key) => {
      const snapshot = stores.snapshots.get(key);
      return snapshot !== undefined && isDeleting(snapshot) ? [key] : [];
    },
  };
}

/** Objects of groups are left alone where nobody serves groups. */
function unservedMember(content: VolumeSnapshotContent | undefined, groups: GroupStores | undefined): Membership | undefined {
  if (groups !== undefined || content === undefined || !isGroupContent(content)) return undefined;
  return { name: '', uid: undefined, proof: 'yes', group: 'unserved' };
}

/** A change of a group concerns its members; one of a group's content, those whose snapshots the driver says belong to it, too. */
export function wakeMembers({ snapshots, contents, groups }: SnapshotInformers, enqueue: (key: string) => void): void {
  const wake = (some: readonly VolumeSnapshot[]): void => {
    for (const snapshot of some) enqueue(keyOf(snapshot));
  };
  groups?.snapshots.onEvent((event) => {
    if (!isNoNews(event)) wake(snapshots.store.byIndex(GROUP_INDEX.name, event.key));
  });
  groups?.contents.onEvent((event) => {
    if (isNoNews(event)) return;
    for (const content of [event.old, event.object]) {
      if (content === undefined) continue;
      wake(memberKeysOf(content).flatMap((key) => snapshots.store.get(key) ?? []));
      const ofDriver = GROUP_HANDLE_INDEX.values(content).flatMap((value) => contents.store.byIndex(OF_GROUP_INDEX.name, value));
      for (const { metadata } of ofDriver) wake(snapshots.store.byIndex(CONTENT_INDEX_NAME, metadata?.name ?? ''));
    }
  });
}

/** By the handle that the driver gave to the group: contents of members and their group's meet there. */
function groupNameOf(
  { metadata }: VolumeSnapshot,
  content: VolumeSnapshotContent | undefined,
  groups: GroupStores | undefined,
): string | undefined {
  const value = volumeIndexValue(content?.spec?.driver, text(content?.status?.volumeGroupSnapshotHandle));
  if (groups === undefined || value === undefined) return undefined;
  const references = groups.groupContents.byIndex(GROUP_HANDLE_INDEX.name, value).map(({ spec }) => spec?.volumeGroupSnapshotRef);
  // Bound, and to a group of the snapshot's own namespace.
  const own = references.find((reference) => reference?.namespace === metadata?.namespace && text(reference?.uid) !== undefined);
  return text(own?.name);
}
