export interface WaitOptions {
  /** A hang guard, not a performance bound. Default 120 s. */
  readonly timeoutMs?: number;
  /** Default: soon at first, then less and less often, so that many waits together do not load the server they ask. */
  readonly everyMs?: number;
  /** Ends the wait at once, with the signal's reason. */
  readonly signal?: AbortSignal;
}

const FIRST_PAUSE_MS = 15;
const LONGEST_PAUSE_MS = 200;

/** Asks `probe` again and again until it answers something; what it throws meanwhile is told when the wait fails. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = 120_000, everyMs, signal } = options;
  const end = performance.now() + timeoutMs;
  let pauseMs = everyMs ?? FIRST_PAUSE_MS;
  let lastError: unknown;
  for (;;) {
    if (signal?.aborted === true) throw new Error(`gave up waiting for ${what}: ${String(signal.reason)}`, { cause: signal.reason });
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > end) throw new Error(`${what} did not happen within ${timeoutMs} ms`, { cause: lastError });
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (everyMs === undefined) pauseMs = Math.min(pauseMs * 1.4, LONGEST_PAUSE_MS);
  }
}
