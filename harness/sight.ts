/** What a user sees of some kinds of objects, from one watch a kind: many waits at once cost the server no call. */
import { setMaxListeners } from 'node:events';
import type { KubeObject, Resource } from '../lib/kube/objects.ts';
import { collectionPath, type KubeTarget } from './kube.ts';
import type { RawClient, RawWatch } from './raw-http.ts';

export interface Sight {
  follow(resource: Resource<KubeObject>): Promise<void>;
  /** Resolves with the time (`performance.now`) at which `test` held; an object that is gone is undefined. Rejects with the signal's reason. */
  until<T extends KubeObject>(
    resource: Resource<T>,
    target: KubeTarget,
    condition: { readonly test: (object: T | undefined) => boolean; readonly signal: AbortSignal },
  ): Promise<number>;
  find<T extends KubeObject>(resource: Resource<T>, target: KubeTarget): T | undefined;
  close(): void;
}

/** Longer than any run: kube-apiserver ends a watch by itself otherwise. */
const WATCH_SECONDS = 36_000;

interface WatchEvent {
  readonly type: string;
  readonly object: KubeObject;
}

export function openSight(raw: RawClient): Sight {
  const objects = new Map<string, KubeObject>();
  const open = new Set<RawWatch>();
  const waiting = new Map<string, Set<() => void>>();
  /** Aborted with the reason once no more can be seen. */
  const blind = new AbortController();
  const keyOf = (resource: Resource<KubeObject>, { namespace = '', name }: KubeTarget): string => `${resource.plural}/${namespace}/${name}`;

  const see = (resource: Resource<KubeObject>, { type, object }: WatchEvent): void => {
    const { name = '', namespace } = object.metadata ?? {};
    const key = keyOf(resource, { name, ...(namespace === undefined ? {} : { namespace }) });
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, object);
    for (const look of [...(waiting.get(key) ?? [])]) look();
  };

  /** A server with much to do ends the watches of readers that are slow: the next one goes on where it ended. */
  const read = async (resource: Resource<KubeObject>, from: string): Promise<void> => {
    let version = from;
    while (!blind.signal.aborted) {
      const watch = await raw.watch(
        `${collectionPath(resource)}?watch=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${encodeURIComponent(version)}`,
      );
      if (watch.status !== 200) throw new Error(`${resource.plural} cannot be watched: ${watch.status}`);
      open.add(watch);
      for (let line = await watch.next(WATCH_SECONDS * 1000); line !== undefined; line = await watch.next(WATCH_SECONDS * 1000)) {
        const event = JSON.parse(line) as WatchEvent;
        if (event.type === 'ERROR') throw new Error(`the watch of ${resource.plural} ended: ${line}`);
        version = event.object.metadata?.resourceVersion ?? version;
        see(resource, event);
      }
      open.delete(watch);
    }
  };

  return {
    follow: async (resource) => {
      const { status, text } = await raw.request({ method: 'GET', path: collectionPath(resource) });
      if (status !== 200) throw new Error(`${resource.plural} cannot be listed: ${status}`);
      const { items, metadata } = JSON.parse(text) as { items: KubeObject[]; metadata: { resourceVersion: string } };
      for (const object of items) see(resource, { type: 'ADDED', object });
      read(resource, metadata.resourceVersion).catch((error: unknown) => blind.abort(error));
    },
    until: <T extends KubeObject>(
      resource: Resource<T>,
      target: KubeTarget,
      { test, signal }: { readonly test: (object: T | undefined) => boolean; readonly signal: AbortSignal },
    ) =>
      new Promise<number>((resolve, reject) => {
        const key = keyOf(resource, target);
        const looks = waiting.get(key) ?? new Set();
        waiting.set(key, looks);
        const end = (): void => {
          looks.delete(look);
          for (const each of [signal, blind.signal]) each.removeEventListener('abort', giveUp);
        };
        const look = (): void => {
          if (!test(objects.get(key) as T | undefined)) return;
          end();
          resolve(performance.now());
        };
        const giveUp = (): void => {
          end();
          const { reason } = blind.signal.aborted ? blind.signal : signal;
          reject(reason instanceof Error ? reason : new Error('given up'));
        };
        looks.add(look);
        // Thousands may wait at once.
        setMaxListeners(0, signal, blind.signal);
        for (const each of [signal, blind.signal]) each.addEventListener('abort', giveUp);
        if (signal.aborted || blind.signal.aborted) giveUp();
        else look();
      }),
    find: <T extends KubeObject>(resource: Resource<T>, target: KubeTarget) => objects.get(keyOf(resource, target)) as T | undefined,
    close: () => {
      blind.abort(new Error('the sight is closed'));
      for (const watch of open) watch.close();
    },
  };
}
