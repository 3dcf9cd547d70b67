/** First in, first out, each step at the same cost however many wait: the first entry of a Map whose first ones went is found past all that went. */
export interface Fifo<T> {
  readonly size: number;
  first(): T | undefined;
  push(item: T): void;
  shift(): T | undefined;
}

interface Link<T> {
  readonly item: T;
  next: Link<T> | undefined;
}

export function createFifo<T>(): Fifo<T> {
  let head: Link<T> | undefined;
  let tail: Link<T> | undefined;
  let size = 0;
  return {
    get size() {
      return size;
    },
    first: () => head?.item,
    push: (item) => {
      const link: Link<T> = { item, next: undefined };
      if (tail === undefined) head = link;
      else tail.next = link;
      tail = link;
      size += 1;
    },
    shift: () => {
      const first = head;
      if (first === undefined) return undefined;
      head = first.next;
      if (head === undefined) tail = undefined;
      size -= 1;
      return first.item;
    },
  };
}
