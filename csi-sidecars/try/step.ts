/** A step of a trial: what it shows, and what it needs before. */
import type { TryWorld } from './world/world.ts';

export interface Step {
  readonly id: string;
  /** For a person: an imperative. */
  readonly title: string;
  /** Ids of steps without whose success it means nothing. */
  readonly needs?: readonly string[];
  /** Only in the full profile. */
  readonly fullOnly?: boolean;
  /** Capabilities of the controller without which there is nothing to try. */
  readonly offers?: readonly string[];
  /**
   * Answers what was seen, in a few words. Rejects with NotTried where there is nothing to try, with any other error where
   * it went wrong. The world's signal ends it.
   */
  readonly run: (world: TryWorld) => Promise<string>;
}

/** There is nothing to try: the driver does not offer it, or this machine does not allow it. */
export class NotTried extends Error {
  readonly code = 'NOT_TRIED';
  constructor(reason: string) {
    super(reason);
    this.name = 'NotTried';
  }
}
