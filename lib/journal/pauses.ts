/** When the journal may send its next request after some went wrong: growing pauses, never a loop. */
import type { Clock } from '../doors/clock.ts';
import type { Random } from '../doors/random.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** By then the lease is renewed or lost, most of the time. */
const STALE_PAUSE_MS = 1_000;
/** After so long a displacement is the first one. */
const CALM_MS = 60_000;
/** Conflicts in a row that are met without a pause: each shows a newer version. */
const QUICK_CONFLICTS = 3;

export interface Pauses {
  /** Monotonic time before which nothing is sent. */
  readonly until: number;
  /** A write was confirmed. */
  worked(): void;
  failed(atLeastMs?: number): void;
  conflict(): void;
  /** The Lease was somebody else's: two who believe to lead must not take it from each other as fast as they can. */
  displaced(): void;
  /** The lease was not renewed in time, and nothing may be sent. */
  stale(): void;
  clear(): void;
}

export function createPauses({ clock, random }: { readonly clock: Clock; readonly random: Random }): Pauses {
  let until = 0;
  let failures = 0;
  let displacements = 0;
  let displacedAtMs = Number.NEGATIVE_INFINITY;

  const pause = (times: number, atLeastMs = 0): void => {
    const growing = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(times - 1, 10), LONGEST_PAUSE_MS);
    until = clock.monotonic() + Math.max(growing * (1 + random.next() / 5), atLeastMs);
  };

  return {
    get until() {
      return until;
    },
    worked: () => {
      failures = 0;
    },
    failed: (atLeastMs) => {
      failures += 1;
      pause(failures, atLeastMs);
    },
    conflict: () => {
      failures += 1;
      if (failures > QUICK_CONFLICTS) pause(failures);
    },
    displaced: () => {
      displacements = clock.monotonic() - displacedAtMs < CALM_MS ? displacements + 1 : 0;
      displacedAtMs = clock.monotonic();
      if (displacements > 0) pause(displacements);
    },
    stale: () => {
      until = clock.monotonic() + STALE_PAUSE_MS;
    },
    clear: () => {
      failures = 0;
      until = 0;
    },
  };
}
