/**
 * The finalizer that keeps a VolumeSnapshot while it is restored. The claim lane sets it before its call;
 * here it goes when no claim is restored from it or waits for that, whatever order they end in. One that is left
 * from before a restart is checked by its content, so that other drivers' work is never touched. Pure.
 */
import { SNAPSHOT_FINALIZER } from '../facts/names.ts';
import type { SnapshotProtectionDecision, SnapshotProtectionState } from './state.ts';

export function decide(state: SnapshotProtectionState): SnapshotProtectionDecision {
  const { snapshot, key } = state;
  const done = (reason: string): SnapshotProtectionDecision => ({ kind: 'done', reason });
  if (state.users.length > 0) return done('the VolumeSnapshot is being restored');
  // Without a cache only those are looked at that this process protected.
  if (!state.cached && !state.readLive)
    return state.own ? { kind: 'read-snapshot', backoff: 'release', inputs: key } : done('VolumeSnapshots cannot be listed');
  if (snapshot?.metadata?.finalizers?.includes(SNAPSHOT_FINALIZER) !== true) return done('the VolumeSnapshot is not protected');
  const contentName = snapshot.status?.boundVolumeSnapshotContentName ?? '';
  if (!state.own && contentName !== '') {
    if (state.content === undefined)
      return { kind: 'read-content', backoff: 'release', inputs: `${key} ${contentName}`, name: contentName };
    const driver = state.content.object?.spec?.driver;
    if (driver !== undefined && driver !== state.driver) return done('the VolumeSnapshot belongs to another driver');
  }
  return { kind: 'release', backoff: 'release', inputs: snapshot.metadata.uid ?? '', snapshot };
}
