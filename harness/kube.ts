/**
 * A typed view on the raw client for tests: the handful of verbs a user or an administrator has, and
 * `until`, which polls one object (or its absence) within a hang guard.
 */
import type { KubeObject, Resource } from '../lib/kube/objects.ts';
import type { RawAnswer, RawClient } from './raw-http.ts';
import { eventually } from './wait.ts';

export interface KubeTarget {
  readonly name: string;
  readonly namespace?: string;
}

export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Kube {
  readonly raw: RawClient;
  /** Undefined where the server says 404. */
  find<T extends KubeObject>(resource: Resource<T>, target: KubeTarget): Promise<T | undefined>;
  get<T extends KubeObject>(resource: Resource<T>, target: KubeTarget): Promise<T>;
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): Promise<T[]>;
  create<T extends KubeObject>(resource: Resource<T>, body: T): Promise<T>;
  replaceStatus<T extends KubeObject>(resource: Resource<T>, body: T): Promise<T>;
  mergePatch<T extends KubeObject>(resource: Resource<T>, target: KubeTarget, change: object): Promise<T>;
  delete(resource: Resource<KubeObject>, target: KubeTarget): Promise<void>;
  /** The object as soon as `test` holds for it. */
  until<T extends KubeObject>(
    resource: Resource<T>,
    target: KubeTarget,
    condition: { what: string; test: (object: T) => boolean } & UntilOptions,
  ): Promise<T>;
  untilGone(resource: Resource<KubeObject>, target: KubeTarget, options?: UntilOptions): Promise<void>;
}

/** The server refused; `status` is the HTTP code. Only tests see it. */
export class RefusedError extends Error {
  readonly status: number;
  constructor(request: string, answer: RawAnswer) {
    super(`${request}: ${answer.status} ${answer.text.slice(0, 600)}`);
    this.name = 'RefusedError';
    this.status = answer.status;
  }
}

export function collectionPath(resource: Resource<KubeObject>, namespace?: string): string {
  const group = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return `${group}${scope}/${resource.plural}`;
}

export function objectPath(resource: Resource<KubeObject>, { name, namespace }: KubeTarget): string {
  return `${collectionPath(resource, namespace)}/${name}`;
}

export function openKube(raw: RawClient): Kube {
  const ask = async (method: string, path: string, options: { body?: object; type?: string } = {}): Promise<unknown> => {
    const headers = options.type === undefined ? {} : { 'content-type': options.type };
    const answer = await raw.request({
      method,
      path,
      headers,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    if (answer.status >= 300) throw new RefusedError(`${method} ${path}`, answer);
    return JSON.parse(answer.text) as unknown;
  };

  const find = async <T extends KubeObject>(resource: Resource<T>, target: KubeTarget): Promise<T | undefined> => {
    try {
      return (await ask('GET', objectPath(resource, target))) as T;
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return undefined;
      throw error;
    }
  };

  const withKind = <T extends KubeObject>(resource: Resource<T>, body: T): T => ({
    apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
    kind: resource.kind,
    ...body,
  });

  return {
    raw,
    find,
    get: async <T extends KubeObject>(resource: Resource<T>, target: KubeTarget) => (await ask('GET', objectPath(resource, target))) as T,
    list: async <T extends KubeObject>(resource: Resource<T>, namespace?: string) =>
      ((await ask('GET', collectionPath(resource, namespace))) as { items: T[] }).items,
    create: async <T extends KubeObject>(resource: Resource<T>, body: T) =>
      (await ask('POST', collectionPath(resource, body.metadata?.namespace), { body: withKind(resource, body) })) as T,
    replaceStatus: async <T extends KubeObject>(resource: Resource<T>, body: T) =>
      (await ask('PUT', `${objectPath(resource, nameOf(body))}/status`, { body: withKind(resource, body) })) as T,
    mergePatch: async <T extends KubeObject>(resource: Resource<T>, target: KubeTarget, change: object) =>
      (await ask('PATCH', objectPath(resource, target), { body: change, type: 'application/merge-patch+json' })) as T,
    delete: async (resource, target) => {
      await ask('DELETE', objectPath(resource, target));
    },
    until: async (resource, target, { what, test, ...options }) => {
      let last: unknown;
      try {
        return await eventually(
          `${resource.kind} ${target.name} ${what}`,
          async () => {
            const object = await find(resource, target);
            last = object;
            return object !== undefined && test(object) ? object : undefined;
          },
          options,
        );
      } catch (error) {
        throw new Error(`${resource.kind} ${target.name} did not become: ${what}\nlast seen: ${JSON.stringify(last)}`, { cause: error });
      }
    },
    untilGone: async (resource, target, options = {}) => {
      let last: unknown;
      try {
        await eventually(
          `${resource.kind} ${target.name} to go`,
          async () => {
            last = await find(resource, target);
            return last === undefined ? true : undefined;
          },
          options,
        );
      } catch (error) {
        throw new Error(`${resource.kind} ${target.name} did not go\nlast seen: ${JSON.stringify(last)}`, { cause: error });
      }
    },
  };
}

export function nameOf(object: KubeObject): KubeTarget {
  const { name = '', namespace } = object.metadata ?? {};
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}
