/** Where an entry goes, and when a shard is given up. */
import { MAX_SHARDS } from './lease.ts';
import type { Part } from './part.ts';
import { mayHold } from './part.ts';

/** An empty shard stays while no other part has so much room: else it would be made and removed for each claim. */
const SPARE_BYTES = 20 * 1024;

export interface Guest {
  readonly uid: string;
  readonly bytes: number;
  /** No part can hold anything of it. */
  readonly isNew: boolean;
}

/** The first part with room, behind whatever holds an older value. Undefined: the journal is full. `parts`: the head first. */
export function findRoom(parts: readonly Part[], { uid, bytes, isNew }: Guest): Part | 'new shard' | undefined {
  // Never back to an earlier part: the order tells the newer value from the older one.
  const after = isNew ? -1 : parts.findLastIndex((part) => part.wanted.has(uid) || mayHold(part, uid));
  const room = parts.find((part, index) => index > after && !part.retired && part.fits(uid, bytes));
  if (room !== undefined) return room;
  return parts.length > MAX_SHARDS ? undefined : 'new shard';
}

/** Shards that nothing is wanted in are given up, unless they are the room for what comes next. */
export function retireEmpty(parts: readonly Part[]): void {
  const [head] = parts;
  for (const shard of parts) {
    if (shard === head || shard.retired || shard.wanted.size > 0) continue;
    const others = parts.filter((part) => part !== shard && !part.retired);
    // One that was never made costs nothing to give up.
    if (shard.lease === undefined || others.some(({ freeBytes }) => freeBytes >= SPARE_BYTES)) shard.retired = true;
  }
}
