/** What the caches know of a VolumeSnapshot as a source of restores. */
import type { Caches } from '../caches.ts';
import { BY_CLAIM, BY_SOURCE, sourceValue } from '../caches.ts';
import type { Accounts } from '../intent/accounts.ts';
import type { ClaimsInProgress } from '../intent/claims-in-progress.ts';
import type { SourceProtections } from '../source-protections.ts';
import type { SnapshotProtectionState } from './state.ts';

export interface SnapshotGatherDeps {
  readonly caches: Pick<Caches, 'snapshots' | 'volumes' | 'claims'>;
  readonly progress: Pick<ClaimsInProgress, 'usersOf'>;
  readonly accounts: Pick<Accounts, 'usersElsewhere'>;
  readonly protections: SourceProtections;
  readonly driverName: () => string;
  /** A provisioner on every node: what another one protects is known by the claim that waits for it. */
  readonly oneForEachNode: boolean;
}

export function gather(deps: SnapshotGatherDeps, key: string): SnapshotProtectionState | undefined {
  const { caches, progress, accounts, protections, driverName, oneForEachNode } = deps;
  const own = protections.own.has(key);
  const cached = caches.snapshots?.available() ?? false;
  const snapshot = caches.snapshots?.store.get(key);
  if (cached && snapshot === undefined) return undefined;
  return {
    key,
    driver: driverName(),
    snapshot,
    cached,
    users: [
      ...progress.usersOf('snapshot', key),
      ...accounts.usersElsewhere('snapshot', key).filter((uid) => caches.volumes.store.byIndex(BY_CLAIM, uid).length === 0),
      ...(oneForEachNode && !own
        ? caches.claims.store.byIndex(BY_SOURCE, sourceValue('snapshot', key)).map(({ metadata }) => metadata?.uid ?? '')
        : []),
    ],
    own,
    readLive: false,
    content: undefined,
  };
}
