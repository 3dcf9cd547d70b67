/**
 * The API for controllers inside the sandbox (binder, scheduler, clean-up): the same rules, versions and
 * watch events as over HTTP, as plain calls. Answers are stored objects: clone before changing one.
 */
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import type { Catalog } from './kinds/catalog.ts';
import type { DeleteOptions } from './verbs/delete.ts';
import { deleteObject } from './verbs/delete.ts';
import { bindPod } from './verbs/binding.ts';
import type { JsonObject } from './json.ts';
import { clone } from './json.ts';
import type { Lookup, ResourceType } from './kinds/resource.ts';
import { apiVersion, objectKey, storageName } from './kinds/resource.ts';
import { StatusError } from './status.ts';
import type { WriteTarget, WriteTools } from './verbs/write.ts';
import { createObject, lookupOf, updateObject } from './verbs/write.ts';

/** Without a namespace for cluster-scoped kinds. */
export interface ObjectName {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** Of a deletion: the last state. */
export interface ObjectChange {
  readonly kind: string;
  readonly object: KubeObject;
  readonly deleted: boolean;
}

/** Reads are of this moment; a write under an old resourceVersion is refused like anybody's. */
export class LocalClient {
  readonly #tools: WriteTools;
  readonly #catalog: Catalog;

  constructor(tools: WriteTools, catalog: Catalog) {
    this.#tools = tools;
    this.#catalog = catalog;
  }

  get<T extends KubeObject>(resource: Resource<T>, { name, namespace }: ObjectName): T | undefined {
    const key = objectKey(resource, namespace ?? '', name);
    return typed<T>(this.#tools.storage.get(storageName(resource.group, resource.plural), key)?.object);
  }

  list<T extends KubeObject>(resource: Resource<T>): T[] {
    const stored = this.#tools.storage.list(storageName(resource.group, resource.plural), '');
    return stored.map(({ object }) => typed<T>(object) as T);
  }

  /** Untyped reads, as the rules of kinds take them. */
  get lookup(): Lookup {
    return lookupOf(this.#tools.storage);
  }

  /** Throws StatusError, as all writes do. */
  create<T extends KubeObject>(resource: Resource<T>, object: T): void {
    createObject(this.#tools, this.#target(resource, object), untyped(object));
  }

  /** PUT under the object's resourceVersion; `status` writes the status alone. */
  update<T extends KubeObject>(resource: Resource<T>, object: T, subresource: '' | 'status' = ''): void {
    updateObject(this.#tools, { ...this.#target(resource, object), subresource, uidIsPrecondition: true }, () => untyped(object));
  }

  delete<T extends KubeObject>(resource: Resource<T>, object: T, options: DeleteOptions = {}): void {
    deleteObject(this.#tools, this.#target(resource, object), options);
  }

  /** Gives a Pod its node. */
  bind(pods: Resource<KubeObject>, pod: KubeObject, node: string): void {
    bindPod(this.#tools, this.#target(pods, pod), node);
  }

  /** Calls back after every write of a kind that is served now, in version order; the answer unsubscribes. */
  subscribe(listener: (change: ObjectChange) => void): () => void {
    // Built-in kinds do not come and go: once is enough.
    const kinds = new Map(this.#catalog.all().map((type) => [type.storage, type.kind]));
    return this.#tools.storage.subscribe(({ type, resource, stored }) => {
      const kind = kinds.get(resource);
      if (kind !== undefined) listener({ kind, object: typed<KubeObject>(stored.object) as KubeObject, deleted: type === 'DELETED' });
    });
  }

  #target(resource: Resource<KubeObject>, object: KubeObject): WriteTarget {
    const { name = '', namespace = '' } = object.metadata ?? {};
    return { type: this.#type(resource), namespace, name, subresource: '', dryRun: false };
  }

  #type(resource: Resource<KubeObject>): ResourceType {
    const type = this.#catalog.find(apiVersion(resource), resource.plural);
    if (type === undefined) throw new StatusError({ code: 404, reason: 'NotFound', message: `${resource.plural} are not served` });
    return type;
  }
}

/** Stored JSON as the typed view of it: the types are deep-optional, so any object satisfies them. */
function typed<T extends KubeObject>(object: JsonObject | undefined): T | undefined {
  return object as unknown as T | undefined;
}

/** A copy: callers build objects out of stored ones, and a write changes what it is given. */
function untyped(object: KubeObject): JsonObject {
  return clone(object as unknown as JsonObject);
}
