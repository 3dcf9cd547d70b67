/**
 * Shared caches: one list-and-watch per (resource, selector) in a process, whatever the number of roles.
 * Roles declare what they read before the start; the informer keeps the union.
 */
import type { KubeObject, Resource } from '../kube/objects.ts';
import type { Index, Store } from './store.ts';

export interface Interest<T extends KubeObject> {
  /**
   * Dotted field paths that this role reads, beside name, namespace, uid, resourceVersion, timestamps,
   * finalizers and ownerReferences, which are always kept: `spec.source`, `metadata.labels`,
   * `metadata.annotations` (all) or `metadata.annotations[snapshot.storage.kubernetes.io/]` (by prefix).
   * `whole`: everything, for kinds that are written by PUT.
   */
  readonly fields: readonly string[] | 'whole';
  readonly indexes?: readonly Index<T>[];
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly namespace?: string;
  /**
   * True where the role can do without this cache (the kind may not be installed, or the vendor's RBAC may
   * not allow list and watch): a 403 or 404 of the first list then counts as synced with `available()`
   * false, and is tried again at a slow pace. All interests in one resource must agree for it to hold.
   */
  readonly optional?: boolean;
}

export interface InformerEvent<T> {
  readonly key: string;
  readonly old: T | undefined;
  /** Undefined: deleted. */
  readonly object: T | undefined;
  /** False for a resync and for a write that changed nothing that is kept (resourceVersion apart). */
  readonly changed: boolean;
}

export interface Informer<T extends KubeObject> {
  readonly store: Store<T>;
  /** Handlers run in the order of registration; none may throw or await. A late one gets the present objects as events. */
  onEvent(handler: (event: InformerEvent<T>) => void): () => void;
  /**
   * The answer of an own write: seen by `store` at once, while its resourceVersion is
   * greater than the newest the watch delivered. An answer that is being deleted and has no finalizer left
   * hides the object.
   */
  absorb(object: T): void;
  /** An own deletion took the object (name, namespace and uid say which) out at once: hidden as by such an answer. */
  ended(object: T): void;
  synced(): boolean;
  /** False while the server refuses to list an optional kind: the store is empty and means nothing. */
  available(): boolean;
}

export interface InformerSet {
  /** Declares an interest; before `start`. */
  informer<T extends KubeObject>(resource: Resource<T>, interest: Interest<T>): Informer<T>;
  start(signal: AbortSignal): void;
  /** Resolves when every informer has its first list; rejects only on abort. */
  waitSynced(signal: AbortSignal): Promise<void>;
}
