/**
 * The API server as typed verbs over one HTTP door. It retries what is safe to retry (429 with
 * Retry-After, 5xx and broken connections of reads), puts a time-out on every request, and turns every
 * failure into an ApiError. Bodies are raw JSON: unknown fields survive a read and a PUT.
 */
import type { KubeObject, Resource } from './objects.ts';

export interface ListPage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continueToken: string | undefined;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Items a page. Undefined: the server's own. */
  readonly limit?: number;
  readonly continueToken?: string;
  /** Unset: a quorum read. */
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'NotOlderThan' | 'Exact';
  readonly signal: AbortSignal;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  /** The server ends the watch after this long. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/** An RFC 6902 operation. */
export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

export type Patch =
  | { readonly type: 'json'; readonly operations: readonly JsonPatchOperation[] }
  | { readonly type: 'merge'; readonly body: object };

export interface ObjectName {
  readonly name: string;
  /** Undefined for cluster-scoped kinds. */
  readonly namespace?: string | undefined;
}

export interface WriteOptions {
  readonly signal: AbortSignal;
  readonly subresource?: 'status';
}

export interface DeleteOptions {
  readonly signal: AbortSignal;
  /** The delete fails with a Conflict unless the object still has this uid (and version). */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** Limit of one client alone. A rate of zero or less: none; a burst of zero or less: the Go programs'. */
export interface ClientLimit {
  readonly qps: number;
  readonly burst: number;
}

/** Every method rejects with ApiError only (ConfigError for a resource misuse is a bug). */
export interface KubeClient {
  get<T extends KubeObject>(resource: Resource<T>, target: ObjectName, signal: AbortSignal): Promise<T>;
  list<T extends KubeObject>(resource: Resource<T>, options: ListOptions): Promise<ListPage<T>>;
  /** Namespace from the body's metadata. Answers the stored object. */
  create<T extends KubeObject>(resource: Resource<T>, body: T, options: WriteOptions): Promise<T>;
  /** PUT of the whole object; metadata.resourceVersion makes it conditional. */
  replace<T extends KubeObject>(resource: Resource<T>, body: T, options: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(resource: Resource<T>, target: ObjectName, change: { readonly patch: Patch } & WriteOptions): Promise<T>;
  /** Answers the object where the server sends it (a finalizer holds it), else undefined. */
  delete<T extends KubeObject>(resource: Resource<T>, target: ObjectName, options: DeleteOptions): Promise<T | undefined>;
  /** Ends when the server ends it; throws ApiError (410: list again) when it breaks. Bookmarks are always asked for. */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Raw GET for discovery and health paths. */
  raw(path: string, signal: AbortSignal): Promise<unknown>;
}
