/**
 * What can be made to go wrong with a call, as data. The scenario file, the control socket and a
 * simulation all end in these values; the driver carries them out and the journal records them.
 */
import type { CodeName } from '../model/status.ts';

/**
 * Where the process dies: `before` anything was done; `during` the commit, at its step `crashStep`;
 * `after` it, with no answer; `answered`, once the answer has left.
 */
export type CrashMoment = 'before' | 'during' | 'after' | 'answered';

export interface Distortion {
  /** Field path (`volume.capacity_bytes`, `entries.0.snapshot.snapshot_id`) to the value that is answered. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Fields left out. */
  readonly drop?: readonly string[];
  /** Text fields filled with this many bytes. */
  readonly huge?: Readonly<Record<string, number>>;
  /** Fields that repeat a field of the request as it came, whatever was done. */
  readonly echo?: Readonly<Record<string, string>>;
  /** Text fields whose bytes are no UTF-8. */
  readonly invalidUtf8?: readonly string[];
}

/** What the driver takes the request to say, whatever it says. */
export interface Mishearing {
  /** Field path (`capacity_range.required_bytes`) to the value that the driver reads. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Fields that the driver overlooks. */
  readonly drop?: readonly string[];
}

export interface Fault {
  /** Waits before anything is done. The object counts as having an operation pending. */
  readonly delayMs?: number;
  /** Waits after the effect. */
  readonly answerDelayMs?: number;
  /** Answered instead of the true result; nothing is done unless `effect` is set. */
  readonly code?: CodeName;
  readonly message?: string;
  /** With `code`: the call takes effect all the same. */
  readonly effect?: boolean;
  readonly crash?: CrashMoment;
  readonly crashStep?: number;
  /** Snapshots and groups are ready this long after the cut; Probe says ready this long after the start. */
  readonly notReadyMs?: number;
  readonly answer?: Distortion;
  readonly request?: Mishearing;
}

export interface FaultRule extends Fault {
  /** Method name, or `*`. */
  readonly rpc: string;
  /** Name or id in the request, with `*` for any text. Absent: every call. */
  readonly name?: string;
  /** Parameters that the request has, as a class gives them. Absent: whatever it has. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Which of the matching calls, counted from 1, both ends included. Absent: all. */
  readonly calls?: { readonly from: number; readonly to: number };
}

/** What a fault is chosen by. */
export interface CallFacts {
  readonly rpc: string;
  /** The request's name, else its first id; empty if it has neither. */
  readonly subject: string;
  /** Empty if the request has none. */
  readonly parameters: Readonly<Record<string, string>>;
}
