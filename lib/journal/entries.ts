/** What the journal knows of its entries: the vocabulary between who records, who writes and who takes over. */
import type { Lease } from '../kube/objects.ts';
import type { Texts } from './lease.ts';
import type { Part } from './part.ts';

/** A value on its way into the journal. */
export interface Opening {
  readonly uid: string;
  readonly text: string;
  /** A write that held it beside others was refused: it is written by itself. */
  alone: boolean;
  /** Calls of record() that wait for it. */
  waiting: number;
  /** Never rejects. */
  readonly settled: Promise<Settled>;
  settle(result: Settled): void;
}

export type Settled = 'recorded' | 'unrecorded' | Error;

export interface Entries {
  readonly head: Part;
  /** In the order of the head. */
  readonly shards: readonly Part[];
  /** Names in the head as it stands. */
  readonly named: ReadonlySet<string>;
  readonly size: number;
  /** No entry at all is wanted. */
  readonly isEmpty: boolean;
  /** Some value waits for its confirmation. */
  readonly isWaited: boolean;
  /** Every value that waits for its confirmation. */
  openings(): readonly Opening[];
  opening(uid: string): Opening | undefined;
  holds(uid: string): boolean;
  /** Exactly this value stands, is not being taken away, and no write that is under way can change that. */
  stands(uid: string, text: string): boolean;
  /** Undefined: the journal is full. A closing that was not written yet is cancelled. */
  open(uid: string, text: string): Opening | undefined;
  /** A value that stands is wanted again. */
  reopen(uid: string, text: string): void;
  /** The value is given up, the one before it stays. */
  abandon(opening: Opening, result: Settled): void;
  close(uid: string): void;
  /** What a write of this part holds now, and the values in it that wait. */
  contentOf(part: Part): { readonly texts: Texts; readonly openings: readonly Opening[] };
  /** A write, or a read, showed the part as it is. `names`: of the head. */
  confirm(part: Part, shown: { readonly lease: Lease; readonly texts: Texts; readonly names?: readonly string[] }): void;
  /** The write in flight was not applied, or nobody knows. */
  unconfirmed(part: Part, applied: 'no' | 'perhaps'): void;
  /** A read showed which shards the head names. */
  rename(names: readonly string[]): void;
  /** The names that the head has to have. */
  names(): readonly string[];
  /** Shards that hold nothing, and are not needed for what comes next, are given up. */
  retire(): void;
  /** A retired shard, or a head that holds nothing, is gone. */
  remove(part: Part): void;
  /** The parts are these, as read at a take-over: their entries are ours now. Answers those not known before. */
  adopt(parts: readonly SealedPart[]): readonly FoundText[];
}

/** A part as it stands after it was sealed. */
export interface SealedPart {
  readonly name: string;
  readonly lease: Lease;
  readonly texts: Texts;
  /** The head, or named by it. */
  readonly named: boolean;
  /** Somebody else wrote it last: what it holds is news. */
  readonly foreign: boolean;
  /** More stands in it than `texts`, and has to go. */
  readonly odd: boolean;
}

export interface FoundText {
  readonly uid: string;
  readonly text: string;
}
