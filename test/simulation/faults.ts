import type { SeededRandom } from './seeded-random.ts';

/** Chances of what can go wrong with one door call; all zero once the faults stop. */
export interface FaultRates {
  /** The request never arrives. */
  readonly lost: number;
  /** The request is applied, its answer never arrives. */
  readonly lateAnswer: number;
  /** The connection breaks, and the write is applied up to a minute later: it was under way all the time. */
  readonly limbo: number;
  /** The server answers 429 or 500 without doing anything. */
  readonly refused: number;
  readonly conflict: number;
  /** A watch breaks, per delivered chunk. */
  readonly cutWatch: number;
  /** A watch goes silent (half-open), per delivered chunk. */
  readonly silentWatch: number;
  /** Watch chunks arrive seconds late: a stale cache. */
  readonly staleWatch: number;
  /** The driver answers an error code (and has done nothing). */
  readonly driverError: number;
  /** The driver does it, and answers DEADLINE_EXCEEDED or UNAVAILABLE. */
  readonly driverDoneButError: number;
  /** The driver takes longer than any deadline, and succeeds. */
  readonly driverSlow: number;
  /** The driver dies before, in, or after the call, and comes back after a while. */
  readonly driverCrash: number;
  /** The driver does it, and its answer lacks something or is out of bounds. */
  readonly driverOdd: number;
}

export const NO_FAULTS: FaultRates = {
  lost: 0,
  lateAnswer: 0,
  limbo: 0,
  refused: 0,
  conflict: 0,
  cutWatch: 0,
  silentWatch: 0,
  staleWatch: 0,
  driverError: 0,
  driverDoneButError: 0,
  driverSlow: 0,
  driverCrash: 0,
  driverOdd: 0,
};

/** A mix drawn by the seed: most kinds rare or absent in one run, so that runs differ in character. */
export function drawFaults(random: SeededRandom): FaultRates {
  const level = (max: number): number => (random.chance(0.5) ? 0 : random.next() * max);
  return {
    lost: level(0.1),
    lateAnswer: level(0.1),
    limbo: level(0.04),
    refused: level(0.15),
    conflict: level(0.15),
    cutWatch: level(0.2),
    silentWatch: level(0.03),
    staleWatch: level(0.3),
    driverError: level(0.3),
    driverDoneButError: level(0.2),
    driverSlow: level(0.15),
    driverCrash: level(0.2),
    driverOdd: level(0.2),
  };
}
