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
  /** Uid of a Lease whose deletion was not answered: it may be gone, so nothing is begun on it any more. */
  readonly dropping: string | undefined;
  /** What the record says: all there is where none can be written, and what remains if somebody takes the Lease away. */
  readonly intent: Intent | undefined;
  /** A record was sent and no answer came: one may stand, and its source be in use, until a look says otherwise. */
  readonly recordUnsure: boolean;
  /** True once the present case was opened by this process; before, nothing is known of earlier calls. */
  readonly opened: boolean;
  /** Set while an earlier call of the present case ended unknown. */
  readonly doubt: Doubt | undefined;
  /** CreateVolume is running. */
  readonly calling: boolean;
  /** When the present call began, on the monotonic clock. */
  readonly startedMs: number | undefined;
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
  dropping: undefined,
  intent: undefined,
  recordUnsure: false,
  opened: false,
  doubt: undefined,
  calling: false,
  startedMs: undefined,
  unsaved: undefined,
  finished: false,
  verified: false,
  yielding: false,
  using: undefined,
  secretMissing: false,
  awaitsTopology: false,
};

/** What closing a case leaves behind. */
export const CASE_CLOSED = {
  recordConfirmed: false,
  dropping: undefined,
  intent: undefined,
  recordUnsure: false,
  opened: false,
  doubt: undefined,
  using: undefined,
  secretMissing: false,
} as const satisfies Partial<ClaimMemory>;

export type LedgerListener = (claimUid: string, before: ClaimMemory, after: ClaimMemory) => void;

export interface Ledger {
  of(claimUid: string): ClaimMemory;
  update(claimUid: string, change: Partial<ClaimMemory>): ClaimMemory;
  /** The claim is gone or bound, and nothing of it is open. */
  forget(claimUid: string): void;
  entries(): Iterable<readonly [string, ClaimMemory]>;
  /** Claims that this process is filling from that source, a `namespace/name`. */
  usersOf(kind: SourceReference['kind'], key: string): readonly string[];
  /** Told of every change, after it. */
  listen(listener: LedgerListener): void;
  /** `kind namespace/name` of sources whose protection is being taken away right now: not protected, whatever the cache says. */
  readonly releasing: Set<string>;
  /** VolumeSnapshots (`namespace/name`) of our driver that this process protected. */
  readonly ownSnapshots: Set<string>;
  /**
   * List version of claims when this process became leader; older cached claims are read live before a
   * volume is made for them. Undefined: not read yet.
   */
  floor: bigint | undefined;
  /** Wall clock of the last refused write of a record. */
  recordsRefusedAtMs: number | undefined;
  /** It was said that claims are provisioned without a record. */
  warnedUnrecorded: boolean;
}

export function createLedger(): Ledger {
  const memories = new Map<string, ClaimMemory>();
  const users = new Map<string, Set<string>>();
  const listeners: LedgerListener[] = [];

  const changed = (uid: string, before: ClaimMemory, after: ClaimMemory): void => {
    if (before.using !== after.using) {
      if (before.using !== undefined) removeUser(users, before.using, uid);
      if (after.using !== undefined) users.set(usageKey(after.using), (users.get(usageKey(after.using)) ?? new Set()).add(uid));
    }
    for (const listener of listeners) listener(uid, before, after);
  };

  return {
    of: (uid) => memories.get(uid) ?? NO_MEMORY,
    update: (uid, change) => {
      const before = memories.get(uid) ?? NO_MEMORY;
      const after = { ...before, ...change };
      memories.set(uid, after);
      changed(uid, before, after);
      return after;
    },
    forget: (uid) => {
      const before = memories.get(uid);
      if (before === undefined) return;
      memories.delete(uid);
      changed(uid, before, NO_MEMORY);
    },
    entries: () => memories.entries(),
    usersOf: (kind, key) => [...(users.get(`${kind} ${key}`) ?? [])],
    listen: (listener) => void listeners.push(listener),
    releasing: new Set(),
    ownSnapshots: new Set(),
    floor: undefined,
    recordsRefusedAtMs: undefined,
    warnedUnrecorded: false,
  };
}

function removeUser(users: Map<string, Set<string>>, source: SourceReference, uid: string): void {
  const present = users.get(usageKey(source));
  present?.delete(uid);
  if (present?.size === 0) users.delete(usageKey(source));
}

function usageKey({ kind, namespace, name }: SourceReference): string {
  return `${kind} ${namespace}/${name}`;
}
