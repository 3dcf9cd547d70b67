/**
 * As much of an API server as the snapshot loops write to: versions, finalizers, JSON and merge patches, in
 * one turn each. Its stores show every write at once; no watch, no schema (the sandbox has both).
 */
import { Pointer, applyPatch } from 'rfc6902';
import { ApiError } from '../../lib/kube/api-error.ts';
import type { KubeClient, ObjectName, Patch } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { keyOf } from '../../lib/controller/store.ts';
import type { Index, Store } from '../../lib/controller/store.ts';

export function refuse(status: number, reason: string, hadPatchTest = false): ApiError {
  return new ApiError({ status, reason, message: reason, request: 'tiny', hadPatchTest });
}

export class TinyApi {
  readonly #objects = new Map<string, KubeObject>();
  /** `PATCH volumesnapshots`, in order. */
  readonly writes: string[] = [];
  readonly #before = new Map<string, () => void>();
  #version = 100;

  /** What happens right before the next write of this name, once; if it throws, that is the answer. */
  once(write: string, happens: () => void): void {
    this.#before.set(write, happens);
  }

  #begin(write: string): void {
    this.writes.push(write);
    const happens = this.#before.get(write);
    this.#before.delete(write);
    happens?.();
  }

  put<T extends KubeObject>(resource: Resource<T>, object: T): void {
    const key = `${resource.plural}|${keyOf(object)}`;
    this.#version += 1;
    const dying = object.metadata?.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
    if (dying) this.#objects.delete(key);
    else
      this.#objects.set(key, {
        ...object,
        metadata: { uid: `uid-${this.#version}`, ...object.metadata, resourceVersion: String(this.#version) },
      });
  }

  /** What a user's delete does. */
  remove<T extends KubeObject>(resource: Resource<T>, key: string): void {
    const object = this.find(resource, key);
    if (object === undefined) return;
    this.put(resource, { ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T01:00:00Z' } });
  }

  find<T extends KubeObject>(resource: Resource<T>, key: string): T | undefined {
    // Only objects of T were put under the plural of a Resource<T>.
    return this.#objects.get(`${resource.plural}|${key}`) as T | undefined;
  }

  all<T extends KubeObject>(resource: Resource<T>): readonly T[] {
    return [...this.#objects].flatMap(([key, object]) => (key.startsWith(`${resource.plural}|`) ? [object as T] : []));
  }

  store<T extends KubeObject>(resource: Resource<T>, indexes: readonly Index<T>[] = []): Store<T> {
    return {
      get: (key) => this.find(resource, key),
      byUid: (uid) => this.all(resource).find((object) => object.metadata?.uid === uid),
      byIndex: (name, value) => {
        const index = indexes.find((one) => one.name === name);
        return this.all(resource).filter((object) => index?.values(object).includes(value));
      },
      list: () => this.all(resource),
      keys: () => this.all(resource).map(keyOf),
    };
  }

  client(): KubeClient {
    const must = <T extends KubeObject>(resource: Resource<T>, { name, namespace }: ObjectName): T => {
      const object = this.find(resource, namespace === undefined ? name : `${namespace}/${name}`);
      if (object === undefined) throw refuse(404, 'NotFound');
      return object;
    };
    const written = <T extends KubeObject>(resource: Resource<T>, object: T): T => {
      this.put(resource, object);
      return this.find(resource, keyOf(object)) ?? object;
    };
    const absent = (): never => {
      throw new Error('not in the tiny API');
    };
    return {
      get: async (resource, target) => must(resource, target),
      create: async (resource, body) => {
        this.#begin(`POST ${resource.plural}`);
        if (this.find(resource, keyOf(body)) !== undefined) throw refuse(409, 'AlreadyExists');
        return written(resource, body);
      },
      replace: async (resource, body) => {
        this.#begin(`PUT ${resource.plural}`);
        const old = must(resource, { name: body.metadata?.name ?? '', namespace: body.metadata?.namespace });
        if (old.metadata?.resourceVersion !== body.metadata?.resourceVersion) throw refuse(409, 'Conflict');
        return written(resource, body);
      },
      patch: async (resource, target, { patch, subresource }) => {
        this.#begin(`PATCH ${resource.plural}${subresource === undefined ? '' : `/${subresource}`}`);
        return written(resource, patched(must(resource, target), patch));
      },
      delete: async (resource, target, { uid, resourceVersion }) => {
        this.#begin(`DELETE ${resource.plural}`);
        const old = must(resource, target);
        if (uid !== old.metadata?.uid || (resourceVersion ?? old.metadata?.resourceVersion) !== old.metadata?.resourceVersion)
          throw refuse(409, 'Conflict');
        this.remove(resource, keyOf(old));
        return this.find(resource, keyOf(old));
      },
      list: absent,
      watch: absent,
      raw: absent,
    };
  }
}

function patched<T extends KubeObject>(object: T, patch: Patch): T {
  const copy = structuredClone(object);
  if (patch.type === 'json') {
    // The server takes an absent field for null in a test; the library does not.
    const operations = patch.operations.filter(
      ({ op, path, value }) => !(op === 'test' && value === null && Pointer.fromJSON(path).evaluate(copy).value === undefined),
    );
    const [failure] = applyPatch(copy, operations as Parameters<typeof applyPatch>[1]).filter((result) => result !== null);
    if (failure !== undefined) throw refuse(422, 'Invalid', true);
    return copy;
  }
  const { metadata } = patch.body as KubeObject;
  if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== object.metadata?.resourceVersion)
    throw refuse(409, 'Conflict');
  return merged(copy, patch.body) as T;
}

function merged(target: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change;
  const result: Record<string, unknown> = { ...(typeof target === 'object' ? target : {}) };
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete result[name];
    else if (value !== undefined) result[name] = merged(result[name], value);
  }
  return result;
}
