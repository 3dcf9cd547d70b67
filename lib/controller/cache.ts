/**
 * What one watch delivered, with this process's own writes laid over it.
 *
 * A write's answer is an overlay: it is seen at once, and used only while its resourceVersion is greater
 * than the newest the watch delivered for this resource. Any later event, bookmark or relist that reaches
 * that version drops it, so that an answer which comes after DELETED cannot resurrect the object.
 * An answer that says "gone" (dying, and no finalizer left) carries the version from before the deletion;
 * since no uid ever comes back, it hides the object until the watch tells its end, although events from before the deletion may still come first.
 *
 * A list also shows whether the server still has the history that the watch told: one restored from a backup has
 * a lower version, or shows an object under a version that was passed without it.
 *
 * Invariant: `base` is what the watch said; `objects` is base with the overlays; indexes follow `objects`.
 */
import type { KubeObject } from '../kube/objects.ts';
import type { Index } from './store.ts';
import { keyOf } from './store.ts';
import { parseVersion } from './resource-version.ts';

/** A change as the watch said it: overlays do not hide it from handlers. */
export interface CacheChange<T> {
  readonly key: string;
  readonly old: T | undefined;
  /** Undefined: deleted. */
  readonly object: T | undefined;
}

export interface WholeList<T> {
  /** What differs, deletions last. */
  readonly changes: readonly CacheChange<T>[];
  /** The server has another past than the one that was told: what this process remembers of it may never have been. */
  readonly restoredFromBackup: boolean;
}

interface Overlay {
  readonly key: string;
  readonly uid: string;
  readonly version: bigint;
  /** Hides the object, whatever versions the watch delivers of others. */
  readonly gone: boolean;
}

interface IndexEntry<T> {
  readonly index: Index<T>;
  /** Most values have one object, and a Set takes 300 bytes. */
  readonly keys: Map<string, string | Set<string>>;
}

export class Cache<T extends KubeObject> {
  readonly #base = new Map<string, T>();
  readonly #objects = new Map<string, T>();
  readonly #keyOfUid = new Map<string, string>();
  readonly #overlays = new Map<string, Overlay>();
  readonly #indexes: IndexEntry<T>[] = [];
  #newest: bigint | undefined;
  #incoming: Map<string, T> | undefined;
  /** Own writes that were answered before the present list was asked for. */
  #asked: readonly Overlay[] = [];

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  byUid(uid: string): T | undefined {
    const key = this.#keyOfUid.get(uid);
    return key === undefined ? undefined : this.#objects.get(key);
  }

  /** In the order in which the objects came under this value. */
  byIndex(index: Index<T>, value: string): readonly T[] {
    const keys = this.#indexes.find((entry) => entry.index === index)?.keys.get(value) ?? [];
    const found: T[] = [];
    for (const key of typeof keys === 'string' ? [keys] : keys) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  /** What the watch said, without overlays: what a late handler or a resync is told. */
  delivered(): readonly T[] {
    return [...this.#base.values()];
  }

  addIndex(index: Index<T>): void {
    if (this.#indexes.some((entry) => entry.index === index)) return;
    const entry: IndexEntry<T> = { index, keys: new Map() };
    this.#indexes.push(entry);
    for (const [key, object] of this.#objects) addTo(entry, key, object);
  }

  /** A list is about to be sent for. One by quorum shows what was written before, or that it is undone. */
  askList({ quorum }: { readonly quorum: boolean }): void {
    this.#asked = quorum ? [...this.#overlays.values()] : [];
  }

  beginList(): void {
    this.#incoming = new Map();
  }

  listItem(object: T): void {
    this.#incoming?.set(keyOf(object), object);
  }

  /** The whole list is in: replaces everything at once. */
  endList(version: string): WholeList<T> {
    const incoming = this.#incoming ?? new Map<string, T>();
    let restoredFromBackup = false;
    this.#incoming = undefined;
    const changes: CacheChange<T>[] = [];
    for (const [key, object] of incoming) {
      const old = this.#base.get(key);
      if (old !== undefined && isSameVersion(old, object)) continue;
      changes.push({ key, old, object });
      // Every change up to the newest version was told: one of a lower version that was not is of another past.
      const of = parseVersion(object.metadata?.resourceVersion);
      restoredFromBackup ||= of !== undefined && this.#newest !== undefined && of <= this.#newest;
    }
    for (const [key, old] of this.#base) if (!incoming.has(key)) changes.push({ key, old, object: undefined });
    const listed = parseVersion(version);
    for (const { key, gone, version: own } of this.#overlays.values()) {
      if (gone || this.#base.has(key) || incoming.has(key) || listed === undefined || listed < own) continue;
      // Made by an own write, and gone before a watch told of it: who has read it has to hear of its end.
      changes.push({ key, old: this.#objects.get(key), object: undefined });
    }
    restoredFromBackup ||= listed !== undefined && this.#newest !== undefined && listed < this.#newest;
    restoredFromBackup ||= this.#asked.some((own) => this.#overlays.get(own.key) === own && isUndone(own, listed, incoming.get(own.key)));
    // No own write belongs to another history.
    const newHistory = listed === undefined || restoredFromBackup;
    this.#newest = listed;
    for (const change of changes) this.#setBase(change);
    for (const overlay of [...this.#overlays.values()]) {
      // A list may be as old as the last event: one that still shows an ended object proves nothing, and neither does
      // one from before it was made. The watch that follows tells its whole life again.
      const lingers = isUid(incoming.get(overlay.key), overlay.uid) || (listed !== undefined && listed < overlay.version);
      if (newHistory || (overlay.gone && !lingers)) this.#dropOverlay(overlay);
    }
    this.#dropReached();
    return { changes, restoredFromBackup };
  }

  /** Forgets everything: the server refuses the kind. */
  clear(): readonly CacheChange<T>[] {
    this.beginList();
    return this.endList('').changes;
  }

  apply(object: T): CacheChange<T> {
    const key = keyOf(object);
    const change = { key, old: this.#base.get(key), object };
    this.#deliver(change, object);
    const overlay = this.#overlays.get(key);
    // What the watch still says of an ended object is its past; another uid is its successor.
    if (overlay?.gone === true && !isUid(object, overlay.uid)) this.#dropOverlay(overlay);
    return change;
  }

  /** Undefined where the object was not known. */
  delete(object: T): CacheChange<T> | undefined {
    const key = keyOf(object);
    const old = this.#base.get(key);
    const change = { key, old, object: undefined };
    this.#deliver(change, object);
    // An overlay of the very object that is gone would bring it back, whatever the order of versions.
    const overlay = this.#overlays.get(key);
    if (overlay !== undefined && overlay.uid === uidOf(object)) this.#dropOverlay(overlay);
    return old === undefined ? undefined : change;
  }

  bookmark(version: string): void {
    this.#advance(parseVersion(version));
    this.#dropReached();
  }

  /** The answer of an own write. True if it changes what readers see. */
  absorb(object: T): boolean {
    const key = keyOf(object);
    const uid = uidOf(object);
    const present = this.#overlays.get(key);
    if (isGone(object)) return this.end(object);
    const version = parseVersion(object.metadata?.resourceVersion);
    if (version === undefined || this.#newest === undefined || version <= this.#newest) return false;
    if (present !== undefined && (present.version >= version || (present.gone && present.uid === uid))) return false;
    this.#overlays.set(key, { key, uid, version, gone: false });
    this.#show(key, object);
    return true;
  }

  /** An own deletion. True if it changes what readers see. */
  end(object: T): boolean {
    const key = keyOf(object);
    const uid = uidOf(object);
    const shown = this.#objects.get(key);
    if (shown === undefined || uidOf(shown) !== uid) return false;
    this.#overlays.set(key, { key, uid, version: parseVersion(shown.metadata?.resourceVersion) ?? 0n, gone: true });
    this.#show(key, undefined);
    return true;
  }

  #deliver(change: CacheChange<T>, source: T): void {
    this.#advance(parseVersion(source.metadata?.resourceVersion));
    this.#setBase(change);
    this.#dropReached();
  }

  #advance(version: bigint | undefined): void {
    if (version !== undefined && (this.#newest === undefined || version > this.#newest)) this.#newest = version;
  }

  #setBase({ key, object }: CacheChange<T>): void {
    if (object === undefined) this.#base.delete(key);
    else this.#base.set(key, object);
    if (!this.#overlays.has(key)) this.#show(key, object);
  }

  #dropReached(): void {
    if (this.#overlays.size === 0) return;
    for (const overlay of [...this.#overlays.values()]) {
      if (!overlay.gone && (this.#newest === undefined || overlay.version <= this.#newest)) this.#dropOverlay(overlay);
    }
  }

  #dropOverlay(overlay: Overlay): void {
    this.#overlays.delete(overlay.key);
    this.#show(overlay.key, this.#base.get(overlay.key));
  }

  /** Makes `object` what readers see under the key, and keeps uids and indexes in step. */
  #show(key: string, object: T | undefined): void {
    const old = this.#objects.get(key);
    if (old === object) return;
    if (old !== undefined) {
      for (const entry of this.#indexes) removeFrom(entry, key, old);
      const uid = uidOf(old);
      if (this.#keyOfUid.get(uid) === key) this.#keyOfUid.delete(uid);
    }
    if (object === undefined) {
      this.#objects.delete(key);
      return;
    }
    this.#objects.set(key, object);
    const uid = uidOf(object);
    if (uid !== '') this.#keyOfUid.set(uid, key);
    for (const entry of this.#indexes) addTo(entry, key, object);
  }
}

/** A whole list by quorum that began after the own write was answered says so. */
function isUndone(own: Overlay, listed: bigint | undefined, object: KubeObject | undefined): boolean {
  if (own.gone) return isUid(object, own.uid);
  const version = isUid(object, own.uid) ? parseVersion(object?.metadata?.resourceVersion) : undefined;
  return (listed !== undefined && listed < own.version) || (version !== undefined && version < own.version);
}

function uidOf(object: KubeObject): string {
  return object.metadata?.uid ?? '';
}

function isUid(object: KubeObject | undefined, uid: string): boolean {
  return object !== undefined && uidOf(object) === uid;
}

function isSameVersion(a: KubeObject, b: KubeObject): boolean {
  const version = a.metadata?.resourceVersion;
  return version !== undefined && version === b.metadata?.resourceVersion && uidOf(a) === uidOf(b);
}

function isGone(object: KubeObject): boolean {
  return object.metadata?.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
}

function addTo<T>({ index, keys }: IndexEntry<T>, key: string, object: T): void {
  for (const value of index.values(object)) {
    const present = keys.get(value);
    if (present === undefined) keys.set(value, key);
    else if (typeof present !== 'string') present.add(key);
    else if (present !== key) keys.set(value, new Set([present, key]));
  }
}

function removeFrom<T>({ index, keys }: IndexEntry<T>, key: string, object: T): void {
  for (const value of index.values(object)) {
    const present = keys.get(value);
    if (present === undefined) continue;
    if (typeof present !== 'string') present.delete(key);
    if (present === key || (typeof present !== 'string' && present.size === 0)) keys.delete(value);
  }
}
