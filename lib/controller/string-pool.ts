/**
 * One copy of what thousands of objects have in common: names of drivers and classes, finalizers, modes. The parser of JSON
 * makes a string of its own for each that is longer than ten characters; of 20,000 claims, volumes, snapshots and contents
 * a sixth of the memory was such copies.
 */

/** What no two objects share, or next to none: it would fill the pool for nothing. */
const OWN = new Set([
  ...['name', 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'creationTime', 'volumeName'],
  ...['volumeHandle', 'snapshotHandle', 'boundVolumeSnapshotContentName', 'persistentVolumeClaimName'],
]);
/** The parser shares those that are not longer. */
const SHORT = 10;
const LONG = 128;
/** A pool is begun anew when it has so many: what is common comes back with the next objects. */
const MOST = 2_000;

export class StringPool {
  readonly #known = new Map<string, string>();

  /** Puts the one copy of each string where a copy is, in place: the object must be fresh, nobody else's. Pure but for that. */
  share(object: object): void {
    const fields = object as Record<string, unknown>;
    for (const name in fields) {
      const value = fields[name];
      if (typeof value === 'string') {
        if (value.length > SHORT && value.length <= LONG && !OWN.has(name)) fields[name] = this.#one(value);
      } else if (typeof value === 'object' && value !== null) this.share(value);
    }
  }

  #one(value: string): string {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(value, value);
    return value;
  }
}
