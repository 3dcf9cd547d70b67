import type { InvariantName } from './invariants.ts';
import type { Reached } from './reach.ts';
import type { RunResult } from './run.ts';

/** What a campaign keeps of a run: plain data, so that it can cross from one thread to another. */
export interface Verdict {
  readonly scenario: string;
  readonly seed: number;
  readonly events: number;
  readonly violations: readonly { readonly invariant: InvariantName; readonly message: string }[];
  /** Distinct crash points passed. */
  readonly crashPoints: readonly string[];
  /** Those at which a program died. */
  readonly crashed: readonly string[];
  /** Where it was asked for. */
  readonly reached?: readonly Reached[];
}

export function verdictOf({ scenario, seed, events, violations, crashPoints, crashed }: RunResult): Verdict {
  return {
    scenario,
    seed,
    events,
    violations: violations.map(({ invariant, message }) => ({ invariant, message })),
    crashPoints: [...crashPoints.keys()],
    crashed: [...crashed],
  };
}
