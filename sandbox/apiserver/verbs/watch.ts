/**
 * Watches: the log from the asked version on, then every change as it is stored. An object that enters
 * or leaves the selector shows as ADDED or DELETED. Registration and replay happen in one turn, so no
 * change falls between them.
 */
import type { Clock } from '../../../lib/doors/clock.ts';
import type { Random } from '../../../lib/doors/random.ts';
import { EventQueue } from '../event-queue.ts';
import type { JsonObject } from '../json.ts';
import { printJson } from '../json.ts';
import { askedVersion, keyPrefix, selectorOf } from './read.ts';
import type { EventType, Renderer } from '../kubectl/render.ts';
import type { ApiRequest } from '../request.ts';
import { apiVersion } from '../kinds/resource.ts';
import { forbiddenField, invalid, StatusError } from '../status.ts';
import type { Change, Storage, Stored } from '../storage.ts';

const BOOKMARK_PERIOD_MS = 60_000;
/** The last bookmark leaves this long before the time-out, so that it still arrives. */
const BOOKMARK_LEAD_MS = 2_000;
const MIN_TIMEOUT_SECONDS = 1800;

interface Watcher {
  readonly resource: string;
  readonly offer: (change: Change) => void;
  readonly queue: EventQueue;
}

export interface WatchTools {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
}

/** How a change looks to a watcher that sees only part of the objects; undefined: not at all. */
export function visibleEvent(change: Change, sees: (object: JsonObject) => boolean): { type: EventType; stored: Stored } | undefined {
  const before = change.before !== undefined && sees(change.before.object);
  const now = change.type !== 'DELETED' && sees(change.stored.object);
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', stored: change.stored };
  if (!before || change.before === undefined) return undefined;
  if (change.type === 'DELETED') return { type: 'DELETED', stored: change.stored };
  // It left the selector: the watcher gets the last state that it could see, under the new version.
  const { key, object } = change.before;
  const metadata = { ...(object.metadata as JsonObject), resourceVersion: String(change.version) };
  return { type: 'DELETED', stored: { key, version: change.version, object: { ...object, metadata }, text: undefined } };
}

/** True where the client wants what exists first, and then to be told that it was all. Throws a 422. */
function checkInitialEvents(query: URLSearchParams): boolean {
  const wanted = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  const subject = { group: 'meta.k8s.io', type: 'ListOptions', name: '' };
  if (wanted === null) {
    if (match === '') return false;
    throw invalid(subject, [forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch')]);
  }
  if (match === 'NotOlderThan') return wanted === 'true';
  throw invalid(subject, [
    forbiddenField('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
  ]);
}

function takesBookmarks(query: URLSearchParams): boolean {
  return query.get('allowWatchBookmarks') === 'true';
}

/** All open watches, by resource. */
export class Watches {
  readonly #tools: WatchTools;
  readonly #watchers = new Map<string, Set<Watcher>>();

  constructor(tools: WatchTools) {
    this.#tools = tools;
    tools.storage.subscribe((change) => {
      for (const watcher of this.#watchers.get(change.resource) ?? []) watcher.offer(change);
    });
  }

  /** Breaks every watch, or those of one resource (`plural.group`): with an error, or as if the server ended it. */
  cut(how: { readonly resource?: string; readonly failure?: Error }): number {
    const all = [...this.#watchers.values()].flatMap((set) => [...set]);
    const chosen = all.filter((watcher) => how.resource === undefined || watcher.resource === how.resource);
    for (const { queue } of chosen) {
      if (how.failure === undefined) queue.end();
      else queue.fail(how.failure);
    }
    return chosen.length;
  }

  open(request: ApiRequest, renderer: Renderer, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { storage } = this.#tools;
    const { type, query } = request;
    const resource = type.storage;
    const initialEvents = checkInitialEvents(query);
    const prefix = keyPrefix(request);
    const selected = selectorOf(request);
    const from = askedVersion(query);
    const queue = new EventQueue(() => close());
    const send = (event: EventType, stored: Stored): void => queue.push(renderer.event(event, type, stored));
    // From a version that is not reached yet (that of a history which a restore undid) a watch is silent up to there,
    // and does not say so: kube-apiserver sends what is newer than the version asked for, bookmarks not excepted.
    const after = initialEvents ? 0 : (from ?? 0);
    const offer = (change: Change): void => {
      if (change.version <= after) return;
      if (!change.stored.key.startsWith(prefix)) return;
      const event = visibleEvent(change, selected ?? (() => true));
      if (event !== undefined) send(event.type, event.stored);
    };
    const watcher: Watcher = { resource, offer, queue };
    const close = this.#register(watcher, request, signal);
    if (signal.aborted) queue.end();

    // Without a version a watch begins with what exists; so does one that asks for initial events.
    if (from === undefined || from === 0 || initialEvents) {
      for (const stored of storage.list(resource, prefix)) {
        if (selected === undefined || selected(stored.object)) send('ADDED', stored);
      }
      // A watch from nowhere that takes bookmarks is told where its beginning ends, too.
      if (initialEvents || (from === undefined && takesBookmarks(query)))
        queue.push(this.#bookmark(request, { 'k8s.io/initial-events-end': 'true' }));
      return queue;
    }
    const missed = storage.changesSince(resource, from);
    if (missed === undefined) {
      const message = `too old resource version: ${from} (${storage.oldestVersion})`;
      const status = new StatusError({ code: 410, reason: 'Expired', message });
      queue.push(`{"type":"ERROR","object":${printJson(status.body())}}\n`);
      queue.end();
      return queue;
    }
    for (const change of missed) offer(change);
    return queue;
  }

  /** Adds the watcher, its bookmarks and its time-out; the answer takes all of it away. */
  #register(watcher: Watcher, request: ApiRequest, signal: AbortSignal): () => void {
    const { clock, random } = this.#tools;
    const set = this.#watchers.get(watcher.resource) ?? new Set();
    this.#watchers.set(watcher.resource, set.add(watcher));
    const asked = Number(request.query.get('timeoutSeconds') ?? 0);
    const timeoutMs = 1000 * (asked > 0 ? asked : MIN_TIMEOUT_SECONDS * (1 + random.next()));
    const cancels: (() => void)[] = [clock.setTimer(timeoutMs, () => watcher.queue.end())];
    if (takesBookmarks(request.query)) {
      const after = askedVersion(request.query) ?? 0;
      const bookmark = (): void => {
        if (this.#tools.storage.version >= after) watcher.queue.push(this.#bookmark(request));
      };
      let cancelPeriod = (): void => undefined;
      const periodic = (): void => {
        cancelPeriod = clock.setTimer(BOOKMARK_PERIOD_MS, () => {
          bookmark();
          periodic();
        });
      };
      periodic();
      cancels.push(() => cancelPeriod());
      cancels.push(clock.setTimer(Math.max(timeoutMs - BOOKMARK_LEAD_MS, timeoutMs / 2), bookmark));
    }
    const abort = (): void => watcher.queue.end();
    signal.addEventListener('abort', abort);
    return () => {
      set.delete(watcher);
      for (const cancel of cancels) cancel();
      signal.removeEventListener('abort', abort);
    };
  }

  #bookmark(request: ApiRequest, annotations?: JsonObject): string {
    const { type } = request;
    const metadata: JsonObject = {
      resourceVersion: String(this.#tools.storage.version),
      ...(annotations === undefined ? {} : { annotations }),
    };
    return `${printJson({ type: 'BOOKMARK', object: { kind: type.kind, apiVersion: apiVersion(type), metadata } })}\n`;
  }
}
