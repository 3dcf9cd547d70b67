/** Hands the answer of an own write to the cache of its kind, so that the next decision sees it. */
import type { Informer } from '../lib/controller/informer.ts';
import type { KubeObject } from '../lib/kube/objects.ts';
import type { Absorb } from './refusal.ts';

/** By plural name: the snapshot kinds and the core ones share none. */
export function absorbInto(caches: Readonly<Record<string, Informer<KubeObject>>>): Absorb {
  return (resource, object) => caches[resource.plural]?.absorb(object);
}
