/** Keys by the time they are due: a binary heap, with at most one live time a key. */

interface Entry {
  readonly key: string;
  readonly at: number;
  /** Order of arrival decides between equal times. */
  readonly sequence: number;
}

export class DelayHeap {
  readonly #heap: Entry[] = [];
  /** The live entry of a key; others of the same key in the heap are dead and skipped. */
  readonly #live = new Map<string, Entry>();
  #sequence = 0;

  get size(): number {
    return this.#live.size;
  }

  /** A sooner time that is already set stays. */
  set(key: string, at: number): void {
    const present = this.#live.get(key);
    if (present !== undefined && present.at <= at) return;
    this.#sequence += 1;
    const entry = { key, at, sequence: this.#sequence };
    this.#live.set(key, entry);
    this.#push(entry);
  }

  delete(key: string): void {
    this.#live.delete(key);
    // Dead entries go when they come to the top, or all at once when they are most of the heap.
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#live.size) this.#rebuild();
  }

  /** When the next key is due; infinity if none is. */
  next(): number {
    this.#dropDead();
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Removes and answers every key that is due, soonest first. */
  takeDue(now: number): readonly string[] {
    const keys: string[] = [];
    for (this.#dropDead(); (this.#heap[0]?.at ?? Number.POSITIVE_INFINITY) <= now; this.#dropDead()) {
      const entry = this.#pop();
      if (entry === undefined) break;
      this.#live.delete(entry.key);
      keys.push(entry.key);
    }
    return keys;
  }

  #dropDead(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#live.get(top.key) !== top; top = this.#heap[0]) this.#pop();
  }

  #rebuild(): void {
    const entries = [...this.#live.values()];
    this.#heap.length = 0;
    for (const entry of entries) this.#push(entry);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const child = right !== undefined && left !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
      const below = heap[child];
      if (below === undefined || !isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
