/**
 * Which failed requests may be sent again, and when: a pure function of the failure.
 *
 * 429, and 503 with Retry-After, say that the request was not executed, so every verb may repeat it. Any
 * other failure of a write is left to the caller: nobody knows whether it was applied. Reads repeat 5xx
 * and broken connections a few times, so that a rolling API server is not seen above.
 */
import type { ApiError } from './api-error.ts';

export interface Attempt {
  readonly error: ApiError;
  /** How often this request failed, this time included. */
  readonly failures: number;
  readonly readOnly: boolean;
  /** In [0, 1), for jitter. */
  readonly chance: number;
}

const MAX_REFUSALS = 10;
const MAX_READ_FAILURES = 4;
const START_MS = 200;
const MAX_MS = 5_000;
/** A server that asks for more is answered by the caller's own back-off. */
const LONGEST_WAIT_MS = 60_000;

/** Milliseconds until the next try; undefined: give the error to the caller. */
export function retryDelay({ error, failures, readOnly, chance }: Attempt): number | undefined {
  const backoff = Math.min(START_MS * 2 ** (failures - 1), MAX_MS) * (1 + chance);
  const asked = error.retryAfterMs;
  if (error.status === 429 || (error.status === 503 && asked !== undefined)) {
    if (failures > MAX_REFUSALS || (asked ?? 0) > LONGEST_WAIT_MS) return undefined;
    // Spread by a tenth above what was asked for, so that all clients do not come back at once.
    return asked === undefined ? backoff : Math.max(asked * (1 + chance / 10), backoff / 2);
  }
  const transient = error.status >= 500 || error.reason === 'Unreachable' || error.reason === 'Timeout';
  return readOnly && transient && failures <= MAX_READ_FAILURES ? Math.max(backoff, asked ?? 0) : undefined;
}
