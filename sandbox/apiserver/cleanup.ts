/**
 * Deletion that reaches further than one object: a namespace takes its contents along, a CRD its custom
 * resources. Both stay, terminating, until the last object is gone; finalizers of contents are honoured.
 * Events go after an hour.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import type { Catalog } from './kinds/catalog.ts';
import { CRD_FINALIZER, CRDS, deleteObject } from './verbs/delete.ts';
import type { JsonObject } from './json.ts';
import { at, clone, listAt, objectAt, stringAt } from './json.ts';
import type { ResourceType } from './kinds/resource.ts';
import { storageName } from './kinds/resource.ts';
import type { Storage, Stored } from './storage.ts';
import { WorkLoop } from './work-loop.ts';
import type { WriteTarget, WriteTools } from './verbs/write.ts';
import { updateObject } from './verbs/write.ts';

const NAMESPACES = storageName('', 'namespaces');
const EVENTS = storageName('', 'events');
/** As kube-apiserver's --event-ttl. */
const EVENT_LIFE_MS = 3_600_000;

function isDeleting(stored: Stored): boolean {
  return at(stored.object, 'metadata', 'deletionTimestamp') !== undefined;
}

/** The namespace controller and the finalizer of CRDs in one: both empty a container before it goes. */
export class Cleanup {
  readonly #tools: WriteTools;
  readonly #catalog: Catalog;
  readonly #loop: WorkLoop;
  readonly #unsubscribe: () => void;
  /** Events by the time of their last write, oldest first. */
  readonly #events: { readonly key: string; readonly version: number; readonly writtenMs: number }[] = [];

  constructor(tools: WriteTools & { readonly clock: Clock }, catalog: Catalog) {
    this.#tools = tools;
    this.#catalog = catalog;
    this.#loop = new WorkLoop(tools.clock, (key) => this.#work(key));
    this.#unsubscribe = tools.storage.subscribe(({ resource, stored, type }) => {
      if (resource === EVENTS && type !== 'DELETED') this.#noteEvent(stored);
      if (resource === NAMESPACES || resource === CRDS) {
        if (type !== 'DELETED' && isDeleting(stored)) this.#loop.wake(`${resource}/${stored.key}`);
      } else if (type === 'DELETED') {
        const namespace = stringAt(stored.object, 'metadata', 'namespace');
        if (namespace !== undefined) this.#wakeDeleting(NAMESPACES, namespace);
        this.#wakeDeleting(CRDS, resource);
      }
    });
    // What is stored already is found after a restore.
    for (const stored of tools.storage.list(EVENTS, '')) this.#noteEvent(stored);
    for (const resource of [NAMESPACES, CRDS])
      for (const stored of tools.storage.list(resource, '')) if (isDeleting(stored)) this.#loop.wake(`${resource}/${stored.key}`);
  }

  start(): void {
    this.#loop.start();
  }

  stop(): void {
    this.#loop.stop();
    this.#unsubscribe();
  }

  /** Old Events go when a new one comes: no timer has to stand for that. */
  #noteEvent(stored: Stored): void {
    const now = this.#tools.clock.now();
    this.#events.push({ key: stored.key, version: stored.version, writtenMs: now });
    for (let oldest = this.#events[0]; oldest !== undefined && oldest.writtenMs + EVENT_LIFE_MS <= now; oldest = this.#events[0]) {
      this.#events.shift();
      // One that was written again since then has a later entry.
      if (this.#storage.get(EVENTS, oldest.key)?.version === oldest.version) this.#storage.remove(EVENTS, oldest.key);
    }
  }

  get #storage(): Storage {
    return this.#tools.storage;
  }

  #wakeDeleting(resource: string, key: string): void {
    const holder = this.#storage.get(resource, key);
    if (holder !== undefined && isDeleting(holder)) this.#loop.wake(`${resource}/${key}`);
  }

  /** One step: asks the next object to go, or lets the holder go once nothing is left. */
  #work(woken: string): void {
    const [resource, key] = [woken.slice(0, woken.indexOf('/')), woken.slice(woken.indexOf('/') + 1)];
    const holder = this.#storage.get(resource, key);
    if (holder === undefined || !isDeleting(holder)) return;
    const contents = resource === NAMESPACES ? this.#contents(key) : this.#instances(key);
    const next = contents.find(({ stored }) => !isDeleting(stored));
    if (next !== undefined) {
      const { name, namespace } = objectAt(next.stored.object, 'metadata');
      deleteObject(this.#tools, target(next.type, String(namespace ?? ''), String(name)), {});
      this.#loop.wake(woken);
    } else if (contents.length === 0) {
      this.#letGo(resource, holder);
    }
  }

  #contents(namespace: string): { type: ResourceType; stored: Stored }[] {
    const seen = new Set<string>();
    return this.#catalog.all().flatMap((type) => {
      if (!type.namespaced || seen.has(type.storage)) return [];
      seen.add(type.storage);
      return this.#storage.list(type.storage, `${namespace}/`).map((stored) => ({ type, stored }));
    });
  }

  #instances(crd: string): { type: ResourceType; stored: Stored }[] {
    const type = this.#catalog.all().find((candidate) => candidate.storage === crd);
    return type === undefined ? [] : this.#storage.list(crd, '').map((stored) => ({ type, stored }));
  }

  #letGo(resource: string, holder: Stored): void {
    const type = this.#catalog.all().find((candidate) => candidate.storage === resource);
    if (type === undefined) return;
    const isNamespace = resource === NAMESPACES;
    updateObject(this.#tools, { ...target(type, '', holder.key), subresource: isNamespace ? 'finalize' : '' }, () => {
      const object = clone(holder.object);
      if (isNamespace) object.spec = { finalizers: [] };
      else removeFinalizer(object, CRD_FINALIZER);
      return object;
    });
  }
}

function removeFinalizer(object: JsonObject, finalizer: string): void {
  objectAt(object, 'metadata').finalizers = listAt(object, 'metadata', 'finalizers').filter((item) => item !== finalizer);
}

function target(type: ResourceType, namespace: string, name: string): WriteTarget {
  return { type, namespace, name, subresource: '', dryRun: false };
}
