export interface WaitOptions {
  /** A hang guard, not a performance bound. Default 120 s. */
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** Ends the wait at once, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Asks `probe` again and again until it answers something; what it throws meanwhile is told when the wait fails. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = 120_000, everyMs = 40, signal } = options;
  const end = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    if (signal?.aborted === true) throw new Error(`gave up waiting for ${what}`, { cause: signal.reason });
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > end) throw new Error(`${what} did not happen within ${timeoutMs} ms`, { cause: lastError });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
