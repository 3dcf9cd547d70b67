/**
 * One list-and-watch and the interests that share it: the cache keeps the union of their fields, and each
 * handler is told of a change only where the fields of its own interest differ.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { sleep } from '../doors/sleep.ts';
import type { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, Resource } from '../kube/objects.ts';
import type { CacheChange, WholeList } from './cache.ts';
import { Cache } from './cache.ts';
import type { Informer, InformerEvent, Interest } from './informer.ts';
import { runReflector } from './reflector.ts';
import type { Store } from './store.ts';
import { keyOf } from './store.ts';
import { StringPool } from './string-pool.ts';
import type { Fields, Trim } from './trim.ts';
import { compileDiffers, compileTrim } from './trim.ts';
import type { WatcherOutput } from './watcher.ts';

export interface SharedWatchOptions {
  readonly client: KubeClient;
  readonly doors: { readonly clock: Clock; readonly random: Random };
  readonly log: Logger;
  readonly resyncMs: number;
  /** The server was restored to an earlier state than the one that was watched: see `InformerSetOptions`. */
  readonly restoredFromBackup?: ((resource: string) => void) | undefined;
}

type Handler<T> = (event: InformerEvent<T>) => void;

/** One registered handler with the fields that its role declared. */
interface Subscription<T> {
  readonly handler: Handler<T>;
  readonly differs: (a: KubeObject, b: KubeObject) => boolean;
}

export class SharedWatch<T extends KubeObject> {
  readonly #options: SharedWatchOptions;
  readonly #resource: Resource<T>;
  readonly #selection: Interest<T>;
  readonly #log: Logger;
  readonly #cache = new Cache<T>();
  readonly #strings = new StringPool();
  readonly #fields: Fields[] = [];
  #subscriptions: readonly Subscription<T>[] = [];
  readonly #waiting = new Set<() => void>();
  #trim: Trim = (object) => object;
  #optional = true;
  #synced = false;
  #available = true;
  /** Status of the refusal that was logged, so that each is said once until it heals. */
  #refused: number | undefined;

  constructor(options: SharedWatchOptions, resource: Resource<T>, selection: Interest<T>) {
    this.#options = options;
    this.#resource = resource;
    this.#selection = selection;
    this.#log = options.log.child({ resource: resource.plural });
  }

  join(interest: Interest<T>): Informer<T> {
    this.#fields.push(interest.fields);
    this.#optional &&= interest.optional === true;
    const indexes = new Map((interest.indexes ?? []).map((index) => [index.name, index]));
    for (const index of indexes.values()) this.#cache.addIndex(index);
    const differs = compileDiffers(interest.fields);
    const cache = this.#cache;
    const store: Store<T> = {
      get: (key) => cache.get(key),
      byUid: (uid) => cache.byUid(uid),
      byIndex: (name, value) => {
        const index = indexes.get(name);
        if (index === undefined) throw new Error(`no index ${name} was declared on ${this.#resource.plural}`);
        return cache.byIndex(index, value);
      },
      list: () => cache.list(),
      keys: () => cache.keys(),
    };
    return {
      store,
      onEvent: (handler) => this.#subscribe({ handler, differs }),
      absorb: (object) => this.#absorb(object),
      ended: (object) => this.#cache.end(object),
      synced: () => this.#synced,
      available: () => this.#available,
    };
  }

  start(signal: AbortSignal): void {
    const { client, doors } = this.#options;
    const { namespace, labelSelector, fieldSelector } = this.#selection;
    this.#trim = compileTrim(this.#fields);
    void this.#resync(signal);
    void runReflector(
      {
        client,
        clock: doors.clock,
        random: doors.random,
        resource: this.#resource,
        namespace,
        labelSelector,
        fieldSelector,
        optional: this.#optional,
        sink: (output) => this.#take(output),
        failed: (error, retryInMs) => this.#failed(error, retryInMs),
      },
      signal,
    );
  }

  waitSynced(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', settle);
        if (this.#synced) resolve();
        else reject(new Error(`cache of ${this.#resource.plural} was not filled: the program is ending`));
      };
      if (this.#synced || signal.aborted) {
        settle();
        return;
      }
      this.#waiting.add(settle);
      signal.addEventListener('abort', settle);
    });
  }

  #kept(object: T): T {
    const kept = this.#trim(object);
    this.#strings.share(kept);
    return kept;
  }

  #take(output: WatcherOutput<T>): void {
    switch (output.kind) {
      case 'asked':
        this.#cache.askList(output);
        return;
      case 'init':
        this.#cache.beginList();
        return;
      case 'initApply':
        this.#cache.listItem(this.#kept(output.object));
        return;
      case 'initDone':
        this.#available = true;
        if (this.#refused !== undefined) this.#log.info('API server serves the resource again', {});
        this.#refused = undefined;
        this.#listed(this.#cache.endList(output.version));
        return;
      case 'apply':
        this.#publish([this.#cache.apply(this.#kept(output.object))]);
        return;
      case 'delete': {
        const change = this.#cache.delete(output.object);
        if (change !== undefined) this.#publish([change]);
        return;
      }
      case 'bookmark':
        this.#cache.bookmark(output.version);
        return;
      case 'refused':
        this.#refuse(output.error);
        return;
      default:
        output satisfies never;
    }
  }

  #listed({ changes, restoredFromBackup }: WholeList<T>): void {
    const { restoredFromBackup: tell } = this.#options;
    if (restoredFromBackup) this.#log.warn('the API server was restored to an earlier state: some changes that were seen are undone', {});
    if (restoredFromBackup && tell !== undefined) {
      tell(this.#resource.plural);
      return;
    }
    this.#publish(changes);
    this.#becomeSynced();
  }

  #publish(changes: readonly CacheChange<T>[]): void {
    for (const { key, old, object } of changes) {
      for (const { handler, differs } of this.#subscriptions) {
        const changed = old === undefined || object === undefined || differs(old, object);
        this.#tell(handler, { key, old, object, changed });
      }
    }
  }

  #tell(handler: Handler<T>, event: InformerEvent<T>): void {
    try {
      handler(event);
    } catch (error) {
      this.#log.error('informer handler failed', error, { object: event.key });
    }
  }

  #subscribe(subscription: Subscription<T>): () => void {
    this.#subscriptions = [...this.#subscriptions, subscription];
    for (const object of this.#cache.delivered()) {
      this.#tell(subscription.handler, { key: keyOf(object), old: undefined, object, changed: true });
    }
    return () => {
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
    };
  }

  #absorb(object: T): void {
    const { namespace } = this.#selection;
    if (namespace !== undefined && object.metadata?.namespace !== namespace) return;
    this.#cache.absorb(this.#trim(object));
  }

  /** Level-triggered control needs a second look now and then: somebody else's bug may have eaten an event. */
  async #resync(signal: AbortSignal): Promise<void> {
    const { doors, resyncMs } = this.#options;
    if (resyncMs <= 0) return;
    while (!signal.aborted) {
      await sleep(doors.clock, resyncMs, signal);
      if (signal.aborted) return;
      for (const object of this.#cache.delivered()) {
        const event = { key: keyOf(object), old: object, object, changed: false };
        for (const { handler } of this.#subscriptions) this.#tell(handler, event);
      }
    }
  }

  #becomeSynced(): void {
    this.#synced = true;
    for (const settle of [...this.#waiting]) settle();
  }

  /** 404: not installed; 403: not allowed. Said once, with the remedy, until it heals. */
  #refuse(error: ApiError): void {
    if (this.#refused !== error.status) {
      const { group, plural } = this.#resource;
      const name = group === '' ? plural : `${plural}.${group}`;
      const remedy =
        error.status === 403
          ? `grant the verbs list and watch on ${name} to this program's service account`
          : `install the custom resource definition ${name}`;
      const fields = { status: error.status, reason: error.message, remedy };
      if (this.#optional) this.#log.info('optional resource is not available', fields);
      else this.#log.warn('resource cannot be listed', fields);
    }
    this.#refused = error.status;
    if (!this.#optional) return;
    this.#available = false;
    this.#publish(this.#cache.clear());
    this.#becomeSynced();
  }

  #failed(error: ApiError, retryInMs: number): void {
    if (error.status === 403 || error.status === 404) return;
    const fields = { status: error.status, reason: error.reason, message: error.message, retryInMs: Math.round(retryInMs) };
    // An expired version is the protocol's own way to say: list again.
    if (error.status === 410) this.#log.debug(2, 'watch version expired, listing again', fields);
    else if (this.#synced) this.#log.debug(2, 'watch failed, will be opened again', fields);
    else this.#log.warn('first list failed, will be tried again', fields);
  }
}
