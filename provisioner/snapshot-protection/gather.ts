/** What the caches know of a VolumeSnapshot as a source of restores. */
import type { Caches } from '../caches.ts';
import { BY_CLAIM } from '../caches.ts';
import type { Accounts } from '../intent/accounts.ts';
import type { ClaimsInProgress } from '../intent/claims-in-progress.ts';
import type { SourceProtections } from '../source-protections.ts';
import { claimsWaitingFor } from '../waiting-claims.ts';
import type { SnapshotProtectionState } from './state.ts';

export interface SnapshotGatherDeps {
  readonly caches: Pick<Caches, 'snapshots' | 'volumes' | 'claims' | 'grants'>;
  readonly progress: Pick<ClaimsInProgress, 'usersOf'>;
  readonly accounts: Pick<Accounts, 'usersElsewhere'>;
  readonly protections: SourceProtections;
  readonly driverName: () => string;
}

/**
 * Claims (uid) that are filled from it, and those that wait for that: one that is being deleted takes no finalizer any more, so
 * once it had none between two of them the rest would wait for it, and it for them.
 */
export function usersOf({ caches, progress, accounts }: Omit<SnapshotGatherDeps, 'driverName' | 'protections'>, key: string): string[] {
  return [
    ...progress.usersOf('snapshot', key),
    ...accounts.usersElsewhere('snapshot', key).filter((uid) => caches.volumes.store.byIndex(BY_CLAIM, uid).length === 0),
    ...claimsWaitingFor(caches, 'snapshot', key).map(({ metadata }) => metadata?.uid ?? ''),
  ];
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
