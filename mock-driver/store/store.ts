/**
 * Where volumes and snapshots really are. A store commits one Change wholly or not at all, data
 * included: after a crash at any instant `open` finds either the state before it or the state after.
 * Decisions are not a store's business, it is only asked for what the model has allowed.
 */
import type { Change, Records } from '../model/records.ts';

/** What other instances on the same store have committed since the last look. */
export type News =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'everything'; readonly records: Records };

/** Called at each point of a commit where the process may die; a fault may let it. */
export type CrashPoint = (step: number) => Promise<void>;

export interface Usage {
  readonly usedBytes: bigint;
  readonly totalInodes: bigint;
  readonly usedInodes: bigint;
}

export interface VolumeStore {
  /** Removes what an interrupted commit left and reads all records. Rejects with StoreError for what it cannot trust. */
  open(): Promise<Records>;
  /** Runs one commit at a time, across all instances on this store. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  news(): Promise<News>;
  /** Within `exclusive` only. */
  commit(change: Change, crashPoint: CrashPoint): Promise<void>;
  /** The directory or device file of a volume; undefined where volumes have no path. */
  path(volumeId: string): string | undefined;
  usage(volumeId: string): Promise<Usage>;
}

export type StoreErrorKind = 'full' | 'busy' | 'damaged' | 'newer' | 'failed';

/** `full`: no space; `busy`: the data would not hold still; `damaged`, `newer`: the state cannot be trusted. */
export class StoreError extends Error {
  readonly kind: StoreErrorKind;
  constructor(kind: StoreErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.kind = kind;
  }
}
