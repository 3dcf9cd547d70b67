/** Where an object is: told to people, and given to kubectl. */
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';

export interface Place {
  readonly kind: string;
  readonly name: string;
  /** Undefined for kinds without a namespace. */
  readonly namespace?: string;
}

export function placeOf(resource: Resource<KubeObject>, { metadata }: KubeObject): Place {
  const { name = '', namespace } = metadata ?? {};
  return { kind: resource.kind, name, ...(resource.namespaced && namespace !== undefined ? { namespace } : {}) };
}

/** As kubectl takes it: `persistentvolumeclaim/data -n team`. */
export function kubectlName({ kind, name, namespace }: Place): string {
  return `${kind.toLowerCase()}/${name}${namespace === undefined ? '' : ` -n ${namespace}`}`;
}
