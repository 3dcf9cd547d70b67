/** The groups that were seen going, while anything that belonged to them is left: what is known so needs no live read. */
import type { Informer } from '../lib/controller/informer.ts';
import type { VolumeGroupSnapshot, VolumeSnapshot } from '../lib/kube/objects.ts';
import { GROUP_INDEX, type GroupStores } from './membership.ts';

export function rememberGone(snapshots: Informer<VolumeSnapshot>, groups: Informer<VolumeGroupSnapshot>): GroupStores['groupsGone'] {
  const keysByUid = new Map<string, string>();
  const hasMembers = (key: string): boolean => snapshots.store.byIndex(GROUP_INDEX.name, key).length > 0;
  groups.onEvent(({ key, old, object }) => {
    const uid = old?.metadata?.uid;
    if (uid !== undefined && uid !== object?.metadata?.uid && hasMembers(key)) keysByUid.set(uid, key);
  });
  snapshots.onEvent(({ object }) => {
    if (object !== undefined) return;
    for (const [uid, key] of keysByUid) if (!hasMembers(key)) keysByUid.delete(uid);
  });
  return { has: (uid) => keysByUid.has(uid) };
}
