/** Who needs a source of claims: a VolumeSnapshot, or a claim that is cloned. */
import type { PersistentVolumeClaim } from '../lib/kube/objects.ts';
import { BY_CLAIM, BY_SOURCE, type Caches, sourceValue } from './caches.ts';
import { dataSourceOf, grantProblem, grantsFor, isSource } from './facts/data-source.ts';
import type { Accounts } from './intent/accounts.ts';
import type { ClaimsInProgress } from './intent/claims-in-progress.ts';

type SourceKind = 'snapshot' | 'claim';

export interface SourceUsersDeps {
  readonly caches: Pick<Caches, 'claims' | 'volumes' | 'grants'>;
  readonly progress: Pick<ClaimsInProgress, 'usersOf'>;
  readonly accounts: Pick<Accounts, 'usersElsewhere'>;
}

/** Claims (uid) with an open case that reads from it, here or in another process. */
export function claimsFilledFrom({ caches, progress, accounts }: SourceUsersDeps, kind: SourceKind, key: string): string[] {
  return [
    ...progress.usersOf(kind, key),
    ...accounts.usersElsewhere(kind, key).filter((uid) => caches.volumes.store.byIndex(BY_CLAIM, uid).length === 0),
  ];
}

/** One that waits to be filled from it. Who may not use it cannot keep it either: a source that crosses namespaces needs its grant. */
export function claimWaitingFor(
  { claims, grants }: Pick<Caches, 'claims' | 'grants'>,
  kind: SourceKind,
  key: string,
): PersistentVolumeClaim | undefined {
  return claims.store.byIndex(BY_SOURCE, sourceValue(kind, key)).find((claim) => {
    const source = dataSourceOf(claim, { crossNamespace: grants !== undefined });
    if (!isSource(source)) return false;
    const ofSource = grantsFor(source, () => grants?.store.list() ?? []);
    return grantProblem(source, claim, ofSource) === undefined;
  });
}
