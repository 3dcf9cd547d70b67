/**
 * What this process knows about claims in work beyond what the API server holds, shared by the controllers of
 * the role: the claim controller writes it, the others read it. Everything here may be lost at any moment; a
 * restart finds its way by the journal and the caches alone.
 *
 * Invariant: the volume of a PV whose claim is open here is not deleted, and a source whose user is at work here
 * keeps its finalizer, so that making and deleting a volume never overlap.
 */
import type { SourceReference } from './intent.ts';
import type { Operation } from './operation.ts';
import { isOpen, NO_OPERATION, sourceInUse, volumeNameOf } from './operation.ts';

export interface ClaimProgress {
  readonly operation: Operation;
  /**
   * `seen`: a PV of this claim has existed, and the cached claim may be older than its end: it is read live before
   * another volume is made. `rechecked`: it was, and needs a volume.
   */
  readonly provisionedBefore: 'no' | 'seen' | 'rechecked';
  /**
   * What is open was found in the journal of another process. That saw the claim, and may have saved its PV, and our
   * caches may not show them yet: they are asked for live before they count as gone.
   */
  readonly inherited: boolean;
  /** What the attempt waits for, beyond its back-off. */
  readonly awaits: 'topology' | 'secret' | undefined;
  /** The claim is competed for with other nodes. `tries`: waits drawn so far; `untilMs`: on the monotonic clock, undefined once the last one has led to something. */
  readonly competition: { readonly tries: number; readonly untilMs: number | undefined } | undefined;
  /** The source whose finalizer is being set for an attempt that has no operation yet. */
  readonly protecting: SourceReference | undefined;
}

export const NO_PROGRESS: ClaimProgress = {
  operation: NO_OPERATION,
  provisionedBefore: 'no',
  inherited: false,
  awaits: undefined,
  competition: undefined,
  protecting: undefined,
};

export type ProgressListener = (claimUid: string, before: ClaimProgress, after: ClaimProgress) => void;

export interface ClaimsInProgress {
  of(claimUid: string): ClaimProgress;
  update(claimUid: string, change: Partial<ClaimProgress>): ClaimProgress;
  /** Nothing is remembered of the claim, unless something of it is open or its source is being protected. */
  forget(claimUid: string): void;
  entries(): Iterable<readonly [string, ClaimProgress]>;
  /** The volume of this name is being made, or may have been made for this claim and has no PV yet. */
  isOpen(claimUid: string, volumeName: string): boolean;
  /** Claims (uid) that are being filled from that source, a `namespace/name`. */
  usersOf(kind: SourceReference['kind'], key: string): readonly string[];
  /** Told of every change, after it. */
  listen(listener: ProgressListener): void;
}

export function createClaimsInProgress(): ClaimsInProgress {
  const claims = new Map<string, ClaimProgress>();
  const users = new Map<string, Set<string>>();
  const listeners: ProgressListener[] = [];

  const changed = (uid: string, before: ClaimProgress, after: ClaimProgress): void => {
    const keys = new Set(sourcesOf(after));
    for (const key of sourcesOf(before)) {
      if (keys.has(key)) continue;
      users.get(key)?.delete(uid);
      if (users.get(key)?.size === 0) users.delete(key);
    }
    for (const key of keys) users.set(key, (users.get(key) ?? new Set()).add(uid));
    for (const listener of listeners) listener(uid, before, after);
  };

  return {
    of: (uid) => claims.get(uid) ?? NO_PROGRESS,
    update: (uid, change) => {
      const before = claims.get(uid) ?? NO_PROGRESS;
      const after = { ...before, ...change };
      claims.set(uid, after);
      changed(uid, before, after);
      return after;
    },
    forget: (uid) => {
      const before = claims.get(uid);
      if (before === undefined || isOpen(before.operation) || before.protecting !== undefined) return;
      claims.delete(uid);
      changed(uid, before, NO_PROGRESS);
    },
    entries: () => claims.entries(),
    isOpen: (uid, volumeName) => {
      const { operation } = claims.get(uid) ?? NO_PROGRESS;
      return isOpen(operation) && volumeNameOf(operation) === volumeName;
    },
    usersOf: (kind, key) => [...(users.get(`${kind} ${key}`) ?? [])],
    listen: (listener) => void listeners.push(listener),
  };
}

/** `kind namespace/name` of what the claim keeps from going. */
export function sourcesOf({ operation, protecting }: ClaimProgress): readonly string[] {
  return [sourceInUse(operation), protecting].flatMap((source) =>
    source === undefined ? [] : [`${source.kind} ${source.namespace}/${source.name}`],
  );
}
