/** What only a running process knows of the keys in its hands. Names of objects, volumes and effects; no content of any. */

export interface KeyInspection {
  readonly key: string;
  /** The effect that is being executed: a call of the driver, or of the API server. */
  readonly underWay: { readonly effect: string; readonly sinceMs: number } | undefined;
  /** Times are on the monotonic clock. */
  readonly heldBack: readonly { readonly effect: string; readonly failures: number; readonly untilMs: number }[];
}

/** An entry of a journal: something that was asked of the driver, or is about to be, may exist, and no object names it yet. */
export interface EntryInspection {
  /** The uid that it is filed under. */
  readonly key: string;
  /** `namespace/name` of the object that asked for it. */
  readonly about: string;
  readonly driver: string;
  /** Name of what the driver was asked to make. */
  readonly makes: string;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** `opening`, `open`, `created`: see provisioner/intent/operation.ts. */
  readonly phase: string;
  /** How many different requests may have made it. */
  readonly requests: number;
  /** When an outcome was unknown first, on the wall clock. */
  readonly undecidedSinceMs: number | undefined;
}

export interface Inspectable {
  readonly controller: string;
  /** Keys of which there is something to say. */
  readonly inspect: () => readonly KeyInspection[];
}
