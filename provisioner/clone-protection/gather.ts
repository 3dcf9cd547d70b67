/** What the caches know of a claim as a source of clones. */
import { BY_CLAIM } from '../caches.ts';
import type { Caches } from '../caches.ts';
import type { Accounts } from '../intent/accounts.ts';
import type { ClaimsInProgress } from '../intent/claims-in-progress.ts';
import { csiHandle } from '../migration/plugins.ts';
import { claimsWaitingFor } from '../waiting-claims.ts';
import type { CloneProtectionState } from './state.ts';

export interface CloneGatherDeps {
  readonly caches: Pick<Caches, 'claims' | 'volumes' | 'grants'>;
  readonly progress: Pick<ClaimsInProgress, 'usersOf'>;
  readonly accounts: Pick<Accounts, 'usersElsewhere'>;
  readonly driverName: () => string;
}

export function gather({ caches, progress, accounts, driverName }: CloneGatherDeps, key: string): CloneProtectionState | undefined {
  const claim = caches.claims.store.get(key);
  if (claim === undefined) return undefined;
  const volume = caches.volumes.store.get(claim.spec?.volumeName ?? '');
  return {
    claim,
    ours: volume === undefined || csiHandle(driverName(), volume) !== undefined,
    pendingClones: claimsWaitingFor(caches, 'claim', key).length,
    users: [
      ...progress.usersOf('claim', key),
      ...accounts.usersElsewhere('claim', key).filter((uid) => caches.volumes.store.byIndex(BY_CLAIM, uid).length === 0),
    ],
  };
}
