/**
 * What this process knows about claims in work beyond what the API server holds, shared by the controllers
 * of the role: the claim lane writes it, the others read it. Everything here may be lost at any moment; a
 * restart finds its way by the records (claim/intent.ts) and the caches alone.
 *
 * Invariant: a PV whose claim is open here is not deleted, and a source whose user is open here keeps its
 * finalizer, so that making and deleting a volume never overlap.
 */
import type { PersistentVolume } from '../lib/kube/objects.ts';
import type { Doubt } from '../lib/csi/outcome.ts';
import type { Intent, SourceReference } from './claim/intent.ts';

export interface ClaimMemory {
  /** This process wrote or re-read the record, so the cached one is no leftover of somebody's past. */
  readonly recordConfirmed: boolean;
  /** Uid of a Lease that we deleted: the cache may still show it. */
  readonly droppedLease: string | undefined;
  /** The record, where none can be written to the API server. */
  readonly intent: Intent | undefined;
  /** True once the present case was opened by this process; before, nothing is known of earlier calls. */
  readonly opened: boolean;
  /** Set while an earlier call of the present case ended unknown. */
  readonly doubt: Doubt | undefined;
  /** CreateVolume is running. */
  readonly calling: boolean;
  /** The finished PV, while it could not be saved. */
  readonly unsaved: PersistentVolume | undefined;
  /** A PV of this claim has existed: the claim is read live before another volume is made. */
  readonly finished: boolean;
  /** The claim was read live and found in need of a volume. */
  readonly verified: boolean;
  /** An earlier PV of the claim is on its way out and must be let go before the case continues. */
  readonly yielding: boolean;
  /** The object that the volume is filled from, from before it is protected until the case is closed. */
  readonly using: SourceReference | undefined;
  /** The secret of the record is missing. */
  readonly secretMissing: boolean;
  /** The topology cannot be computed: a change of nodes is worth another look. */
  readonly awaitsTopology: boolean;
}

export const NO_MEMORY: ClaimMemory = {
  recordConfirmed: false,
  droppedLease: undefined,
  intent: undefined,
  opened: false,
  doubt: undefined,
  calling: false,
  unsaved: undefined,
  finished: false,
  verified: false,
  yielding: false,
  using: undefined,
  secretMissing: false,
  awaitsTopology: false,
};

export interface Ledger {
  of(claimUid: string): ClaimMemory;
  update(claimUid: string, change: Partial<ClaimMemory>): ClaimMemory;
  /** The claim is gone or bound, and nothing of it is open. */
  forget(claimUid: string): void;
  entries(): Iterable<readonly [string, ClaimMemory]>;
  /** Claims that this process is filling from that source. */
  usersOf(source: { readonly kind: SourceReference['kind']; readonly key: string }): readonly string[];
  /** Sources whose protection is being taken away right now: not protected, whatever the cache says. */
  readonly releasing: Set<string>;
  /** Called with every source that lost a user. */
  onReleased(listener: (source: SourceReference) => void): void;
  /**
   * List version of claims when this process became leader; older cached claims are read live before a
   * volume is made for them. Undefined: not read yet.
   */
  floor: bigint | undefined;
  /** Wall clock of the last refused write of a record. */
  recordsRefusedAtMs: number | undefined;
}

export function createLedger(): Ledger {
  const memories = new Map<string, ClaimMemory>();
  const users = new Map<string, Set<string>>();
  const listeners: ((source: SourceReference) => void)[] = [];

  const follow = (uid: string, before: SourceReference | undefined, after: SourceReference | undefined): void => {
    if (before === after) return;
    if (after !== undefined) {
      const key = usageKey(after);
      users.set(key, (users.get(key) ?? new Set()).add(uid));
    }
    if (before === undefined || (after !== undefined && usageKey(after) === usageKey(before))) return;
    const present = users.get(usageKey(before));
    present?.delete(uid);
    if (present?.size === 0) users.delete(usageKey(before));
    for (const listener of listeners) listener(before);
  };

  return {
    of: (uid) => memories.get(uid) ?? NO_MEMORY,
    update: (uid, change) => {
      const before = memories.get(uid) ?? NO_MEMORY;
      const after = { ...before, ...change };
      memories.set(uid, after);
      follow(uid, before.using, after.using);
      return after;
    },
    forget: (uid) => {
      const before = memories.get(uid);
      memories.delete(uid);
      follow(uid, before?.using, undefined);
    },
    entries: () => memories.entries(),
    usersOf: ({ kind, key }) => [...(users.get(`${kind} ${key}`) ?? [])],
    releasing: new Set(),
    onReleased: (listener) => void listeners.push(listener),
    floor: undefined,
    recordsRefusedAtMs: undefined,
  };
}

function usageKey({ kind, namespace, name }: SourceReference): string {
  return `${kind} ${namespace}/${name}`;
}
