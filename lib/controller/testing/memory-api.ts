/**
 * A KubeClient over a map, for tests of what stands on one: versions, conflicts, uids and watches of one
 * history. `fault` decides per call; it knows no schema, status or finalizer (the sandbox does).
 */
import { ApiError } from '../../kube/api-error.ts';
import type { KubeClient, ListOptions, ListPage, WatchEvent, WatchOptions } from '../../kube/client.ts';
import type { KubeObject, Resource } from '../../kube/objects.ts';

export interface ApiCall {
  readonly verb: 'get' | 'list' | 'create' | 'replace' | 'patch' | 'delete' | 'watch';
  readonly plural: string;
  readonly name: string;
  readonly list?: ListOptions;
  readonly watch?: WatchOptions;
}

/** What happens instead of the call: an error, or silence until the signal fires. */
export type Fault = (call: ApiCall) => ApiError | 'never' | undefined;

interface Past {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly plural: string;
  readonly object: KubeObject;
}

interface OpenWatch {
  readonly plural: string;
  readonly push: (event: WatchEvent<KubeObject> | ApiError | 'end') => void;
}

export function apiError(status: number, reason = 'x', more: Partial<ConstructorParameters<typeof ApiError>[0]> = {}): ApiError {
  return new ApiError({ status, reason, message: reason, request: 'test', ...more });
}

/** Several clients (`as`) share one server. */
export class MemoryApi {
  readonly objects = new Map<string, KubeObject>();
  readonly calls: ApiCall[] = [];
  readonly #history: Past[] = [];
  readonly #watches = new Set<OpenWatch>();
  version = 100;
  /** Watches from before this version are expired. */
  oldestVersion = 0;
  fault: Fault = () => undefined;

  get openWatches(): number {
    return this.#watches.size;
  }

  count(verb: ApiCall['verb']): number {
    return this.calls.filter((call) => call.verb === verb).length;
  }

  /** Ends every watch: in order, or by an error. */
  cutWatches(how: ApiError | 'end' = 'end'): void {
    for (const watch of [...this.#watches]) watch.push(how);
  }

  /** What happened so far is told to no watch that begins later; what was asked is no longer known. */
  forgetPast(): void {
    this.#history.length = 0;
    this.calls.length = 0;
    this.oldestVersion = this.version;
  }

  bookmark(): void {
    for (const watch of this.#watches) watch.push({ type: 'BOOKMARK', resourceVersion: String(this.version) });
  }

  put<T extends KubeObject>(resource: Resource<T>, object: T): T {
    const key = keyIn(resource, object.metadata);
    const old = this.objects.get(key);
    this.version += 1;
    const uid = old?.metadata?.uid ?? `uid-${this.version}`;
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(this.version) } };
    this.objects.set(key, stored);
    this.#publish(old === undefined ? 'ADDED' : 'MODIFIED', resource, stored);
    return structuredClone(stored);
  }

  remove(resource: Resource<KubeObject>, name: string, namespace?: string): void {
    const key = keyIn(resource, { name, namespace });
    const old = this.objects.get(key);
    if (old === undefined) return;
    this.version += 1;
    this.objects.delete(key);
    this.#publish('DELETED', resource, { ...old, metadata: { ...old.metadata, resourceVersion: String(this.version) } });
  }

  client(faultOfClient: Fault = () => undefined): KubeClient {
    const enter = async (call: ApiCall, signal: AbortSignal): Promise<void> => {
      await Promise.resolve();
      if (signal.aborted) throw apiError(0, 'Aborted');
      this.calls.push(call);
      const fault = faultOfClient(call) ?? this.fault(call);
      if (fault === 'never')
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(apiError(0, 'Aborted'))));
      if (fault instanceof ApiError) throw fault;
    };
    const find = <T extends KubeObject>(resource: Resource<T>, target: { name?: string; namespace?: string | undefined }): T => {
      const object = this.objects.get(keyIn(resource, target));
      if (object === undefined) throw apiError(404, 'NotFound');
      return structuredClone(object) as T;
    };
    return {
      get: async (resource, target, signal) => {
        await enter({ verb: 'get', plural: resource.plural, name: target.name }, signal);
        return find(resource, target);
      },
      list: async <T extends KubeObject>(resource: Resource<T>, list: ListOptions): Promise<ListPage<T>> => {
        await enter({ verb: 'list', plural: resource.plural, name: '', list }, list.signal);
        const all = [...this.objects]
          .filter(([key]) => key.startsWith(`${resource.plural}|`))
          .map(([, object]) => structuredClone(object) as T);
        const from = Number(list.continueToken ?? 0);
        const to = list.limit === undefined ? all.length : from + list.limit;
        const continueToken = to < all.length ? String(to) : undefined;
        return { items: all.slice(from, to), resourceVersion: String(this.version), continueToken };
      },
      create: async (resource, body, { signal }) => {
        await enter({ verb: 'create', plural: resource.plural, name: body.metadata?.name ?? '' }, signal);
        if (this.objects.has(keyIn(resource, body.metadata))) throw apiError(409, 'AlreadyExists');
        return this.put(resource, body);
      },
      replace: async (resource, body, { signal }) => {
        await enter({ verb: 'replace', plural: resource.plural, name: body.metadata?.name ?? '' }, signal);
        const present = find(resource, body.metadata ?? {});
        if (present.metadata?.resourceVersion !== body.metadata?.resourceVersion) throw apiError(409, 'Conflict');
        return this.put(resource, body);
      },
      patch: async (resource, target, { patch, signal }) => {
        await enter({ verb: 'patch', plural: resource.plural, name: target.name }, signal);
        const present = find(resource, target);
        return this.put(resource, patch.type === 'merge' ? { ...present, ...patch.body } : present);
      },
      delete: async (resource, target, { signal }) => {
        await enter({ verb: 'delete', plural: resource.plural, name: target.name }, signal);
        find(resource, target);
        this.remove(resource, target.name, target.namespace);
        return undefined;
      },
      watch: (resource, watch) =>
        this.#watch(resource, watch, () => enter({ verb: 'watch', plural: resource.plural, name: '', watch }, watch.signal)),
      raw: () => Promise.reject(apiError(404)),
    };
  }

  #publish(type: Past['type'], resource: Resource<KubeObject>, object: KubeObject): void {
    this.#history.push({ version: this.version, type, plural: resource.plural, object });
    for (const watch of this.#watches) if (watch.plural === resource.plural) watch.push({ type, object: structuredClone(object) });
  }

  async *#watch<T extends KubeObject>(
    resource: Resource<T>,
    watch: WatchOptions,
    enter: () => Promise<void>,
  ): AsyncGenerator<WatchEvent<T>> {
    await enter();
    const from = Number(watch.resourceVersion);
    if (from < this.oldestVersion) throw apiError(410, 'Expired');
    const pending: (WatchEvent<KubeObject> | ApiError | 'end')[] = this.#history
      .filter(({ version, plural }) => version > from && plural === resource.plural)
      .map(({ type, object }) => ({ type, object: structuredClone(object) }));
    let wake = (): void => {};
    const open: OpenWatch = {
      plural: resource.plural,
      push: (event) => {
        pending.push(event);
        wake();
      },
    };
    const abort = (): void => open.push(apiError(0, 'Aborted'));
    this.#watches.add(open);
    watch.signal.addEventListener('abort', abort);
    try {
      for (;;) {
        const event = pending.shift();
        if (event === 'end') return;
        if (event instanceof ApiError) throw event;
        if (event !== undefined) yield event as WatchEvent<T>;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#watches.delete(open);
      watch.signal.removeEventListener('abort', abort);
    }
  }
}

function keyIn(resource: Resource<KubeObject>, at: { name?: string | undefined; namespace?: string | undefined } | undefined): string {
  return `${resource.plural}|${at?.namespace ?? ''}|${at?.name ?? ''}`;
}
