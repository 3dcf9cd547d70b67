/** What a trial finds out, as data. Reports are made of nothing else. */
import type { AnyCall } from './journal/call.ts';

/** Something that no single RPC shows: bytes compared, lists compared with what was made. */
export interface Observation {
  /** Id of the clause that it is about. */
  readonly clause: string;
  /** Undefined: it is as it should be. */
  readonly breach?: string | undefined;
  /** Numbers of the calls that show it. */
  readonly calls?: readonly number[];
}

export type StepVerdict = 'ok' | 'failed' | 'skipped';

export interface StepResult {
  readonly id: string;
  readonly title: string;
  readonly verdict: StepVerdict;
  /** What was seen; for a step that was skipped, why. */
  readonly detail: string;
  readonly startedMs: number;
  readonly tookMs: number;
  /** Numbers of the calls that were sent meanwhile, both ends included; undefined: none. */
  readonly calls?: { readonly from: number; readonly to: number };
}

/** How a clause was kept. `unseen`: nothing of the trial was about it. */
export type ClauseVerdict = 'kept' | 'broken' | 'unseen';

export interface Breach {
  readonly text: string;
  /** Numbers of the calls that show it. */
  readonly calls: readonly number[];
}

export interface ClauseResult {
  readonly id: string;
  readonly section: string;
  readonly sentence: string;
  readonly verdict: ClauseVerdict;
  /** How often it was put to the test. */
  readonly seen: number;
  readonly breaches: readonly Breach[];
}

/** Who the driver says it is. */
export interface DriverFacts {
  readonly name: string;
  readonly version: string;
  /** What it offers, by service: names of the specification's enums. */
  readonly plugin: readonly string[];
  readonly controller: readonly string[];
  readonly groupController: readonly string[];
  readonly node: readonly string[];
}

export interface TryReport {
  readonly ok: boolean;
  readonly driver: DriverFacts | undefined;
  readonly address: string;
  readonly profile: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly tookMs: number;
  readonly steps: readonly StepResult[];
  /** Ids of what was made and could not be deleted. */
  readonly left: readonly string[];
  readonly clauses: readonly ClauseResult[];
  readonly calls: readonly AnyCall[];
}
