/**
 * The caches of the controllers, filled once from lists instead of kept by watches: what gather reads is then what a
 * controller that has just started would see. Declared first, filled with `fill`, read afterwards.
 */
import type { Informer, InformerSet, Interest } from '../../lib/controller/informer.ts';
import { type Index, keyOf, type Store } from '../../lib/controller/store.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { type Listed, listVisible, type ReadOnlyClient } from '../reading/read-only-client.ts';

export interface ListedInformers extends InformerSet {
  /** One list a kind, however many declared it. */
  fill(client: ReadOnlyClient, input: { readonly signal: AbortSignal; readonly say: (text: string) => void }): Promise<void>;
  /** What was listed of a kind that is declared; nothing before `fill`. */
  listed<T extends KubeObject>(resource: Resource<T>): Listed<T>;
  /** Kinds that could not be listed, and why. */
  blind(): readonly string[];
}

interface Kind {
  readonly resource: Resource<KubeObject>;
  readonly stores: ListedStore<KubeObject>[];
  listed: Listed<KubeObject> | undefined;
}

export function createListedInformers(): ListedInformers {
  const kinds = new Map<string, Kind>();
  return {
    start: () => undefined,
    waitSynced: () => Promise.resolve(),
    informer: <T extends KubeObject>(resource: Resource<T>, { indexes = [] }: Interest<T>): Informer<T> => {
      const id = idOf(resource);
      const kind = kinds.get(id) ?? { resource, stores: [], listed: undefined };
      kinds.set(id, kind);
      const store = new ListedStore<T>(indexes);
      // The items of a kind are of its type: the resource says which.
      kind.stores.push(store as unknown as ListedStore<KubeObject>);
      return {
        store,
        onEvent: () => () => undefined,
        absorb: () => undefined,
        ended: () => undefined,
        synced: () => kind.listed !== undefined,
        available: () => kind.listed !== undefined && kind.listed.blind === undefined,
      };
    },
    fill: async (client, { signal, say }) => {
      for (const kind of kinds.values()) {
        const { resource, stores } = kind;
        kind.listed ??= await listVisible(client, resource, { signal, say });
        for (const store of stores) store.fill(kind.listed.items);
      }
    },
    // The items of a kind are of its type: the resource says which.
    listed: <T extends KubeObject>(resource: Resource<T>) => (kinds.get(idOf(resource))?.listed ?? { items: [] }) as Listed<T>,
    blind: () => [...kinds.values()].flatMap(({ listed }) => listed?.blind?.message ?? []),
  };
}

function idOf({ group, plural }: Resource<KubeObject>): string {
  return `${group}/${plural}`;
}

class ListedStore<T extends KubeObject> implements Store<T> {
  readonly #indexes: readonly Index<T>[];
  readonly #objects = new Map<string, T>();
  readonly #byUid = new Map<string, T>();
  /** Index name and value → objects. */
  readonly #found = new Map<string, T[]>();

  constructor(indexes: readonly Index<T>[]) {
    this.#indexes = indexes;
  }

  fill(items: readonly T[]): void {
    for (const item of items) {
      if (this.#objects.has(keyOf(item))) continue;
      this.#objects.set(keyOf(item), item);
      this.#byUid.set(item.metadata?.uid ?? '', item);
      for (const { name, values } of this.#indexes)
        for (const value of values(item)) {
          const group = this.#found.get(`${name}\n${value}`);
          if (group === undefined) this.#found.set(`${name}\n${value}`, [item]);
          else group.push(item);
        }
    }
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }
  byUid(uid: string): T | undefined {
    return this.#byUid.get(uid);
  }
  byIndex(index: string, value: string): readonly T[] {
    return this.#found.get(`${index}\n${value}`) ?? [];
  }
  list(): readonly T[] {
    return [...this.#objects.values()];
  }
  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }
}
