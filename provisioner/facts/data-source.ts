/**
 * What a claim wants to be filled from. Sources: Kubernetes API (dataSource, dataSourceRef), KEP-1495 (any
 * volume data source), KEP-3294 (cross-namespace sources), the Go csi-provisioner's selection rules.
 */
import type { PersistentVolumeClaim, ReferenceGrant } from '../../lib/kube/objects.ts';
import { SNAPSHOT_GROUP } from '../../lib/kube/resources.ts';
import { words } from './peer-words.ts';

export type DataSource =
  | { readonly kind: 'none' }
  | SourceObject
  | ForeignSource
  /** The claim cannot mean this; `message` says what to change. */
  | { readonly kind: 'invalid'; readonly message: string };

interface Reference {
  readonly namespace: string;
  readonly name: string;
  /** The reference crosses namespaces, so a ReferenceGrant has to allow it. */
  readonly crosses: boolean;
  /** The group as it was written, for the grant. */
  readonly group: string;
}

export interface SourceObject extends Reference {
  readonly kind: 'snapshot' | 'claim';
}

/** A kind that we do not know: somebody else (a populator) will provision the claim. */
interface ForeignSource extends Reference {
  readonly kind: 'foreign';
  /** The kind as it was written. */
  readonly written: string;
}

export function dataSourceOf(claim: PersistentVolumeClaim, options: { readonly crossNamespace: boolean }): DataSource {
  const own = claim.metadata?.namespace ?? '';
  const { dataSource, dataSourceRef } = claim.spec ?? {};
  // dataSource wins: the API server copies it to dataSourceRef, and only the latter can name a namespace.
  const source = dataSource ?? dataSourceRef ?? undefined;
  if (source === undefined) return { kind: 'none' };
  const kind = source.kind ?? '';
  const name = source.name ?? '';
  const named = source === dataSourceRef ? (dataSourceRef?.namespace ?? '') : '';
  if (named !== '' && !options.crossNamespace) {
    return { kind: 'invalid', message: 'dataSourceRef namespace specified but the CrossNamespaceVolumeDataSource feature is disabled' };
  }
  const group = source.apiGroup ?? '';
  const target = { namespace: named === '' ? own : named, name, crosses: named !== '' && named !== own, group };
  if (name === '')
    return {
      kind: 'invalid',
      message: words(`the PVC source not found for PVC ${claim.metadata?.name ?? ''}`, `the data source of kind "${kind}" has no name`),
    };
  if (kind === 'PersistentVolumeClaim') return { kind: 'claim', ...target };
  if (kind !== 'VolumeSnapshot') return { kind: 'foreign', written: kind, ...target };
  if (group === SNAPSHOT_GROUP) return { kind: 'snapshot', ...target };
  return {
    kind: 'invalid',
    message: `the PVC source does not belong to the right APIGroup. Expected ${SNAPSHOT_GROUP}, Got ${group}`,
  };
}

export function isSource(source: DataSource): source is SourceObject {
  return source.kind === 'snapshot' || source.kind === 'claim';
}

/** `namespace/name` of the source object, as stores key it. */
export function sourceKey({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** Kinds as references name them. */
export const KIND = { snapshot: 'VolumeSnapshot', claim: 'PersistentVolumeClaim' } as const;

/** Those of the source's namespace; none where the reference does not leave its own. */
export function grantsFor(source: DataSource, grants: () => readonly ReferenceGrant[]): readonly ReferenceGrant[] {
  if (!('crosses' in source) || !source.crosses) return [];
  return grants().filter(({ metadata }) => metadata?.namespace === source.namespace);
}

/** Why the reference is not allowed; undefined where it is. `grants` are those of the source's namespace. */
export function grantProblem(source: DataSource, claim: PersistentVolumeClaim, grants: readonly ReferenceGrant[]): string | undefined {
  if (!('crosses' in source) || !source.crosses) return undefined;
  const kind = source.kind === 'foreign' ? source.written : KIND[source.kind];
  const from = claim.metadata?.namespace ?? '';
  const allowed = grants.some(
    ({ spec }) =>
      (spec?.from ?? []).some(
        (entry) => (entry.group ?? '') === '' && entry.kind === 'PersistentVolumeClaim' && entry.namespace === from,
      ) &&
      (spec?.to ?? []).some(
        (entry) => entry.kind === kind && (entry.group ?? '') === source.group && ((entry.name ?? '') === '' || entry.name === source.name),
      ),
  );
  if (allowed) return undefined;
  return words(
    `accessing ${source.namespace}/${source.name} of ${kind} dataSource from ${from}/${claim.metadata?.name ?? ''} isn't allowed`,
    `no ReferenceGrant in namespace ${source.namespace} allows it`,
  );
}
