/** What several plugins translate alike in a StorageClass: the file system, and zones that older classes name as parameters. */
import type { StorageClass, TopologySelectorTerm } from '../../lib/kube/objects.ts';
import { BETA_ZONE, ZONE } from './zones.ts';
import { fault, type Translated, translated } from './plugin.ts';

export const FS_TYPE = 'csi.storage.k8s.io/fstype';

/** Parameters by key; a plugin takes over what it renames. Keys are compared without case. */
export type Renames = Readonly<Record<string, (value: string, key: string) => Readonly<Record<string, string>>>>;

/** What is not renamed stays as it is. */
export function renamed(parameters: Readonly<Record<string, string>>, renames: Renames): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(parameters)) Object.assign(kept, renames[key.toLowerCase()]?.(value, key) ?? { [key]: value });
  return kept;
}

/** The class's parameters `zone` and `zones` become allowed topologies under the driver's key; a class may not have both. */
export function translateZonedClass(storageClass: StorageClass, topologyKey: string, renames: Renames): Translated<StorageClass> {
  const named: string[] = [];
  const parameters = renamed(storageClass.parameters ?? {}, {
    ...renames,
    zone: (value) => (named.push(value), {}),
    zones: (value) => (named.push(...value.split(',')), {}),
  });
  const allowed = storageClass.allowedTopologies ?? [];
  if (named.length === 0) return translated({ ...storageClass, parameters, ...allowedUnder(storageClass, topologyKey) });
  if (allowed.length > 0)
    return fault(
      `failed to translate storage class: cannot simultaneously set allowed topologies and zone/zones parameters; ` +
        `StorageClass ${storageClass.metadata?.name ?? ''} has both, remove one`,
    );
  const allowedTopologies = [{ matchLabelExpressions: [{ key: topologyKey, values: named }] }];
  return translated({ ...storageClass, parameters, allowedTopologies });
}

/** Kubernetes' zone labels become the driver's key; other keys stay. */
export function allowedUnder({ allowedTopologies }: StorageClass, topologyKey: string): { allowedTopologies?: TopologySelectorTerm[] } {
  if (allowedTopologies === undefined || allowedTopologies === null || allowedTopologies.length === 0) return {};
  return {
    allowedTopologies: allowedTopologies.map((term) => ({
      matchLabelExpressions: (term.matchLabelExpressions ?? []).map((one) =>
        one.key === ZONE || one.key === BETA_ZONE ? { ...one, key: topologyKey } : one,
      ),
    })),
  };
}
