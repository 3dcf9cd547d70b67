/** What the caches know of a VolumeSnapshot as a source of restores. */
import type { Caches } from '../caches.ts';
import type { SourceProtections } from '../source-protections.ts';
import { claimsFilledFrom, claimWaitingFor, type SourceUsersDeps } from '../source-users.ts';
import type { SnapshotProtectionState } from './state.ts';

export interface SnapshotGatherDeps extends SourceUsersDeps {
  readonly caches: Pick<Caches, 'snapshots' | 'volumes' | 'claims' | 'grants'>;
  readonly protections: SourceProtections;
  readonly driverName: () => string;
}

/**
 * Claims (uid) that are filled from it, else one that waits for that: a VolumeSnapshot that is being deleted takes no finalizer any
 * more, so once it had none between two of them the rest would wait for it, and it for them.
 */
export function usersOf(deps: SourceUsersDeps, key: string): string[] {
  const working = claimsFilledFrom(deps, 'snapshot', key);
  const waiting = working.length > 0 ? undefined : claimWaitingFor(deps.caches, 'snapshot', key);
  return waiting === undefined ? working : [waiting.metadata?.uid ?? ''];
}

export function gather(deps: SnapshotGatherDeps, key: string): SnapshotProtectionState | undefined {
  const { caches, protections, driverName } = deps;
  const own = protections.own.has(key);
  const cached = caches.snapshots?.available() ?? false;
  const snapshot = caches.snapshots?.store.get(key);
  if (cached && snapshot === undefined) return undefined;
  return {
    key,
    driver: driverName(),
    snapshot,
    cached,
    users: usersOf(deps, key),
    own,
    readLive: false,
    content: undefined,
  };
}
