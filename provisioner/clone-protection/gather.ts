/** What the caches know of a claim as a source of clones. */
import { csiHandle } from '../migration/plugins.ts';
import { claimsFilledFrom, claimWaitingFor, type SourceUsersDeps } from '../source-users.ts';
import type { CloneProtectionState } from './state.ts';

export interface CloneGatherDeps extends SourceUsersDeps {
  readonly driverName: () => string;
}

export function gather(deps: CloneGatherDeps, key: string): CloneProtectionState | undefined {
  const { caches, driverName } = deps;
  const claim = caches.claims.store.get(key);
  if (claim === undefined) return undefined;
  const volume = caches.volumes.store.get(claim.spec?.volumeName ?? '');
  return {
    claim,
    ours: volume === undefined || csiHandle(driverName(), volume) !== undefined,
    awaited: claimWaitingFor(caches, 'claim', key) !== undefined,
    users: claimsFilledFrom(deps, 'claim', key),
  };
}
