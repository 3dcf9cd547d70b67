/** The kinds that are served right now: built-in ones, and custom ones that come and go with their CRDs. */
import type { ResourceType } from './resource.ts';
import { apiVersion } from './resource.ts';

/** Looked up for every request, by group version and plural. */
export class Catalog {
  readonly #types = new Map<string, ResourceType>();

  constructor(builtIn: readonly ResourceType[]) {
    for (const type of builtIn) this.add(type);
  }

  /** A kind of the same path is replaced. */
  add(type: ResourceType): void {
    this.#types.set(`${apiVersion(type)}/${type.plural}`, type);
  }

  /** Takes all versions of a resource out. */
  remove(storage: string): void {
    for (const [path, type] of this.#types) if (type.storage === storage) this.#types.delete(path);
  }

  find(groupVersion: string, plural: string): ResourceType | undefined {
    return this.#types.get(`${groupVersion}/${plural}`);
  }

  all(): ResourceType[] {
    return [...this.#types.values()];
  }

  inGroupVersion(groupVersion: string): ResourceType[] {
    return this.all().filter((type) => apiVersion(type) === groupVersion);
  }

  /** Group versions in the order of registration. */
  groupVersions(): string[] {
    return [...new Set(this.all().map(apiVersion))];
  }
}
