/** Time. Everything that waits or measures asks this door; the simulation owns a virtual one. */
export interface Clock {
  /** Wall-clock milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never goes back; only differences mean anything. */
  monotonic(): number;
  /** Calls `fire` once after `delayMs`. The answer cancels; cancelling twice is harmless. */
  setTimer(delayMs: number, fire: () => void): () => void;
}
