/**
 * What an informer knows. One writer (its informer), many readers. Objects are trimmed to the declared
 * field paths and frozen by convention: nobody writes to them.
 */
import type { KubeObject } from '../kube/objects.ts';

/** `namespace/name`, or `name` for cluster-scoped kinds. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata ?? {};
  return namespace === undefined || namespace === '' ? (name ?? '') : `${namespace}/${name ?? ''}`;
}

export function splitKey(key: string): { readonly namespace: string | undefined; readonly name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: undefined, name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

export interface Index<T> {
  readonly name: string;
  /** The values this object is found under. */
  readonly values: (object: T) => readonly string[];
}

export interface Store<T extends KubeObject> {
  get(key: string): T | undefined;
  byUid(uid: string): T | undefined;
  byIndex(index: string, value: string): readonly T[];
  list(): readonly T[];
  keys(): readonly string[];
}
