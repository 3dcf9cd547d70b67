/** What a user sees of some kinds of objects, from one watch a kind: many waits at once cost the server no call. */
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { collectionPath, type KubeTarget } from '../../harness/kube.ts';
import type { RawClient, RawWatch } from '../../harness/raw-http.ts';

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
  const watches: RawWatch[] = [];
  const waiting = new Map<string, Set<() => void>>();
  const keyOf = (resource: Resource<KubeObject>, { namespace = '', name }: KubeTarget): string => `${resource.plural}/${namespace}/${name}`;

  const read = async (resource: Resource<KubeObject>, watch: RawWatch): Promise<void> => {
    for (;;) {
      const line = await watch.next(WATCH_SECONDS * 1000);
      if (line === undefined) return;
      const { type, object } = JSON.parse(line) as WatchEvent;
      const { name = '', namespace } = object.metadata ?? {};
      const key = keyOf(resource, { name, ...(namespace === undefined ? {} : { namespace }) });
      if (type === 'DELETED') objects.delete(key);
      else objects.set(key, object);
      for (const look of [...(waiting.get(key) ?? [])]) look();
    }
  };

  return {
    follow: async (resource) => {
      const watch = await raw.watch(`${collectionPath(resource)}?watch=true&timeoutSeconds=${WATCH_SECONDS}`);
      if (watch.status !== 200) throw new Error(`${resource.plural} cannot be watched: ${watch.status}`);
      watches.push(watch);
      void read(resource, watch);
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
          signal.removeEventListener('abort', giveUp);
        };
        const look = (): void => {
          if (!test(objects.get(key) as T | undefined)) return;
          end();
          resolve(performance.now());
        };
        const giveUp = (): void => {
          end();
          reject(signal.reason instanceof Error ? signal.reason : new Error('given up'));
        };
        looks.add(look);
        signal.addEventListener('abort', giveUp);
        if (signal.aborted) giveUp();
        else look();
      }),
    find: <T extends KubeObject>(resource: Resource<T>, target: KubeTarget) => objects.get(keyOf(resource, target)) as T | undefined,
    close: () => {
      for (const watch of watches) watch.close();
    },
  };
}
