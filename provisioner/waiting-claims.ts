/** Claims that wait to be filled from a source. Who may not use it cannot keep it either: a source that crosses namespaces needs its grant. */
import type { PersistentVolumeClaim } from '../lib/kube/objects.ts';
import { BY_SOURCE, type Caches, sourceValue } from './caches.ts';
import { dataSourceOf, grantProblem, isSource } from './facts/data-source.ts';

export function claimsWaitingFor(
  { claims, grants }: Pick<Caches, 'claims' | 'grants'>,
  kind: 'snapshot' | 'claim',
  key: string,
): readonly PersistentVolumeClaim[] {
  return claims.store.byIndex(BY_SOURCE, sourceValue(kind, key)).filter((claim) => {
    const source = dataSourceOf(claim, { crossNamespace: grants !== undefined });
    if (!isSource(source)) return false;
    const ofSource = source.crosses ? (grants?.store.list() ?? []).filter(({ metadata }) => metadata?.namespace === source.namespace) : [];
    return grantProblem(source, claim, ofSource) === undefined;
  });
}
