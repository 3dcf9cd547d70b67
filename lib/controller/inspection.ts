/** What only a running process knows of the keys in its hands. Names of objects and of effects; no content of any. */

export interface KeyInspection {
  readonly key: string;
  /** The effect that is being executed: a call of the driver, or of the API server. */
  readonly underWay: { readonly effect: string; readonly sinceMs: number } | undefined;
  /** Times are on the monotonic clock. */
  readonly heldBack: readonly { readonly effect: string; readonly failures: number; readonly untilMs: number }[];
}

export interface Inspectable {
  readonly controller: string;
  /** Keys of which there is something to say. */
  readonly inspect: () => readonly KeyInspection[];
}
