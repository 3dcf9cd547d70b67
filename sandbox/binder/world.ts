/** The binder's view of the cluster: live reads, and three indexes so that no decision walks over everything. */
import type { KubeObject, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../../lib/kube/resources.ts';
import { defaultClass } from '../apiserver/kinds/claim.ts';
import type { LocalClient, ObjectChange } from '../apiserver/local-client.ts';
import { keyOf } from './names.ts';
import type { Pod } from './pods.ts';
import { claimNamesOf, hasEnded, PODS_OF_SANDBOX } from './pods.ts';
import type { World } from './step.ts';

/** Key → names under it; a name is under at most the keys it was last given. */
class Index {
  readonly #byKey = new Map<string, Set<string>>();
  readonly #keysOf = new Map<string, readonly string[]>();

  set(name: string, keys: readonly string[]): void {
    for (const key of this.#keysOf.get(name) ?? []) this.#drop(key, name);
    if (keys.length === 0) this.#keysOf.delete(name);
    else this.#keysOf.set(name, keys);
    for (const key of keys) this.#byKey.set(key, (this.#byKey.get(key) ?? new Set()).add(name));
  }

  get(key: string): readonly string[] {
    return [...(this.#byKey.get(key) ?? [])];
  }

  #drop(key: string, name: string): void {
    const names = this.#byKey.get(key);
    names?.delete(name);
    if (names?.size === 0) this.#byKey.delete(key);
  }
}

/** The index key of volumes that no claim has. */
const FREE = '';

function claimKeyOf(volume: PersistentVolume): string {
  const reference = volume.spec?.claimRef;
  return reference === undefined ? FREE : `${reference.namespace ?? ''}/${reference.name ?? ''}`;
}

/** Reads are live: between two steps of the binder nothing goes stale. */
export class BinderWorld implements World {
  readonly #client: LocalClient;
  readonly #volumes = new Index();
  readonly #pods = new Index();
  readonly #pending = new Set<string>();

  constructor(client: LocalClient) {
    this.#client = client;
  }

  /** Keeps the indexes; to be told of every change, and of everything that exists at the start. */
  note({ kind, object, deleted }: ObjectChange): void {
    const name = keyOf(object);
    if (kind === 'PersistentVolume') this.#volumes.set(name, deleted ? [] : [claimKeyOf(object)]);
    else if (kind === 'Pod') this.#pods.set(name, deleted ? [] : claimKeys(object));
    else if (kind === 'PersistentVolumeClaim') {
      if (!deleted && (object as PersistentVolumeClaim).status?.phase !== 'Bound') this.#pending.add(name);
      else this.#pending.delete(name);
    }
  }

  /** Claims that are not bound. */
  pendingClaims(): readonly string[] {
    return [...this.#pending];
  }

  /** Names of volumes whose claimRef names the claim. */
  volumesOf(claimKey: string): readonly string[] {
    return this.#volumes.get(claimKey);
  }

  volume(name: string): PersistentVolume | undefined {
    return this.#client.get(PERSISTENT_VOLUMES, { name });
  }

  claim(key: string): PersistentVolumeClaim | undefined {
    return this.#client.get(PERSISTENT_VOLUME_CLAIMS, splitKey(key));
  }

  class(name: string): StorageClass | undefined {
    return this.#client.get(STORAGE_CLASSES, { name });
  }

  defaultClass(): string | undefined {
    return defaultClass(this.#client.lookup);
  }

  candidates(claimKey: string): readonly PersistentVolume[] {
    return [...this.volumesOf(claimKey), ...this.volumesOf(FREE)].flatMap((name) => this.volume(name) ?? []);
  }

  podsOf(claimKey: string): readonly { readonly name: string; readonly node: string; readonly ended: boolean }[] {
    return this.#pods.get(claimKey).flatMap((key) => {
      const pod = this.#client.get(PODS_OF_SANDBOX, splitKey(key));
      return pod === undefined ? [] : [{ name: pod.metadata?.name ?? '', node: pod.spec?.nodeName ?? '', ended: hasEnded(pod) }];
    });
  }
}

/** The reverse of `keyOf`. */
export function splitKey(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Keys of the claims that a Pod uses. */
export function claimKeys(object: KubeObject): string[] {
  return claimNamesOf(object as Pod).map((name) => `${object.metadata?.namespace ?? ''}/${name}`);
}
