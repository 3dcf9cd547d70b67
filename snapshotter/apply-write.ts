/** Hands the answer of an own write to the cache of its kind, so that the next decision sees it. */
import type { Informer } from '../lib/controller/informer.ts';
import type { KubeObject, Resource } from '../lib/kube/objects.ts';

export type ApplyWrite = <T extends KubeObject>(resource: Resource<T>, object: T) => void;

/** By plural name: the snapshot kinds and the core ones share none. */
export function applyTo(caches: Readonly<Record<string, Informer<KubeObject>>>): ApplyWrite {
  return (resource, object) => caches[resource.plural]?.absorb(object);
}
