/**
 * The versioned store: the latest object per key, and a log of the newest changes for watches and for
 * consistent paging. One version counter serves all resources, as etcd's revision does. Stored objects
 * are immutable and hold neither apiVersion nor kind: those belong to the version that a request names.
 *
 * Invariant: every write adds one version and one log entry, and listeners hear of writes in version order,
 * before the outermost write returns.
 */
import type { JsonObject } from './json.ts';
import { ensureObject, printJson } from './json.ts';

export interface Stored {
  /** `name` or `namespace/name`. */
  readonly key: string;
  readonly version: number;
  readonly object: JsonObject;
  /** Memo of `storedText`. */
  text: string | undefined;
}

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Storage name of the resource: `plural.group`. */
  readonly resource: string;
  readonly version: number;
  /** Of a deletion: the last state, under the version of the deletion. */
  readonly stored: Stored;
  /** The state before; absent for ADDED. */
  readonly before: Stored | undefined;
}

/** The object's JSON without the opening brace, made once per version of the object. */
export function storedText(stored: Stored): string {
  stored.text ??= printJson(stored.object).slice(1);
  return stored.text;
}

/** Everything stored at one version. Stored objects are immutable, so that a backup shares them. */
export interface Backup {
  readonly version: number;
  readonly shelves: ReadonlyMap<string, readonly Stored[]>;
}

interface Shelf {
  readonly byKey: Map<string, Stored>;
  /** Keys in order, for paging and for the ranges of a namespace. */
  readonly keys: string[];
}

/** The first index whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Storage {
  readonly #window: number;
  readonly #shelves = new Map<string, Shelf>();
  readonly #listeners = new Set<(change: Change) => void>();
  #log: Change[] = [];
  readonly #untold: Change[] = [];
  #version = 1;
  /** The newest version whose change is forgotten: a watch may start there, not before. */
  #forgotten = 1;

  constructor(window: number) {
    this.#window = window;
  }

  get version(): number {
    return this.#version;
  }

  get oldestVersion(): number {
    return this.#forgotten;
  }

  get(resource: string, key: string): Stored | undefined {
    return this.#shelves.get(resource)?.byKey.get(key);
  }

  /** All objects whose key starts with `prefix` (`''` or `namespace/`), in key order. */
  list(resource: string, prefix: string): Stored[] {
    const shelf = this.#shelves.get(resource);
    if (shelf === undefined) return [];
    if (prefix === '') return shelf.keys.map((key) => shelf.byKey.get(key) as Stored);
    const found: Stored[] = [];
    for (let index = lowerBound(shelf.keys, prefix); index < shelf.keys.length; index += 1) {
      const key = shelf.keys[index] as string;
      if (!key.startsWith(prefix)) break;
      found.push(shelf.byKey.get(key) as Stored);
    }
    return found;
  }

  /** The same as it was at `version`, by undoing later changes; undefined if those are forgotten. */
  listAt(resource: string, prefix: string, version: number): Stored[] | undefined {
    const later = this.changesSince(resource, version);
    if (later === undefined) return undefined;
    const now = this.list(resource, prefix);
    if (later.length === 0) return now;
    const state = new Map(now.map((stored) => [stored.key, stored]));
    for (const { before, stored } of later.reverse()) {
      if (!stored.key.startsWith(prefix)) continue;
      if (before === undefined) state.delete(stored.key);
      else state.set(stored.key, before);
    }
    return [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Changes after `version`, oldest first; undefined if some are forgotten. */
  changesSince(resource: string, version: number): Change[] | undefined {
    if (version < this.#forgotten) return undefined;
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle] as Change).version <= version) low = middle + 1;
      else high = middle;
    }
    return this.#log.slice(low).filter((change) => change.resource === resource);
  }

  /** Stores `object` (which it takes over) under a new version. */
  put(resource: string, key: string, object: JsonObject): Stored {
    const shelf = this.#shelf(resource);
    const before = shelf.byKey.get(key);
    const stored = this.#stamp(key, object);
    shelf.byKey.set(key, stored);
    if (before === undefined) shelf.keys.splice(lowerBound(shelf.keys, key), 0, key);
    this.#append({ type: before === undefined ? 'ADDED' : 'MODIFIED', resource, version: stored.version, stored, before });
    return stored;
  }

  /** Removes an object that exists. The answer is its last state under the version of the deletion. */
  remove(resource: string, key: string): Stored {
    const shelf = this.#shelf(resource);
    const before = shelf.byKey.get(key);
    if (before === undefined) throw new Error(`${resource} ${key} is not stored`);
    const stored = this.#stamp(key, { ...before.object, metadata: { ...(before.object.metadata as JsonObject) } });
    shelf.byKey.delete(key);
    shelf.keys.splice(lowerBound(shelf.keys, key), 1);
    this.#append({ type: 'DELETED', resource, version: stored.version, stored, before });
    return stored;
  }

  /** Calls back at every write, in version order; the answer unsubscribes. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets the log, as a compaction does: no version before the present one can be read or watched. */
  expire(): void {
    this.#log = [];
    this.#forgotten = this.#version;
  }

  backup(): Backup {
    return { version: this.#version, shelves: new Map([...this.#shelves.keys()].map((resource) => [resource, this.list(resource, '')])) };
  }

  /**
   * Back to what it was, versions included, as etcd is after `snapshot restore`: what was written since never
   * happened, and its versions are given out again. Listeners hear nothing: nobody watches over a restart.
   */
  restore({ version, shelves }: Backup): void {
    this.#shelves.clear();
    for (const [resource, all] of shelves) {
      this.#shelves.set(resource, { byKey: new Map(all.map((stored) => [stored.key, stored])), keys: all.map(({ key }) => key) });
    }
    this.#version = version;
    this.expire();
  }

  #shelf(resource: string): Shelf {
    let shelf = this.#shelves.get(resource);
    if (shelf === undefined) {
      shelf = { byKey: new Map(), keys: [] };
      this.#shelves.set(resource, shelf);
    }
    return shelf;
  }

  #stamp(key: string, object: JsonObject): Stored {
    this.#version += 1;
    ensureObject(object, 'metadata').resourceVersion = String(this.#version);
    return { key, version: this.#version, object, text: undefined };
  }

  #append(change: Change): void {
    this.#log.push(change);
    // Trimmed in halves, so that the cost per write stays constant.
    if (this.#log.length > 2 * this.#window) {
      this.#log = this.#log.slice(-this.#window);
      this.#forgotten = (this.#log[0] as Change).version - 1;
    }
    this.#untold.push(change);
    if (this.#untold.length > 1) return;
    // A listener may write: its change is told after this one, to everybody in the same order.
    for (let next = this.#untold[0]; next !== undefined; next = this.#untold[0]) {
      for (const listener of this.#listeners) listener(next);
      this.#untold.shift();
    }
  }
}
