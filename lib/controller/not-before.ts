/**
 * The not-before times of one object: per effect, when it may be executed again (design §3 "The loop").
 *
 * Polls and errors share no counter: a poll clears the failures, a failure doubles its own wait. Only
 * changed inputs clear a time; no event does.
 */
import type { HeldEffect } from './controller.ts';

interface Held {
  /** Of the executed (or blocked) step; undefined where the rest came without one: then any step may pass. */
  readonly inputs: string | undefined;
  readonly failures: number;
  readonly notBeforeMs: number;
  /** Set by an exception: one success clears it. Answers that say "failed" are counted by the reconciler's own rests. */
  readonly thrown: boolean;
}

export interface Backoff {
  readonly startMs: number;
  readonly maxMs: number;
}

export class NotBefore {
  readonly #held = new Map<string, Held>();

  get size(): number {
    return this.#held.size;
  }

  /** Milliseconds for which the step must not be executed; 0: it may be. Other inputs than held clear the time. */
  blockedMs(step: { readonly kind: string; readonly inputs: string }, now: number): number {
    const held = this.#held.get(step.kind);
    if (held === undefined) return 0;
    if (held.inputs !== step.inputs) {
      this.#held.delete(step.kind);
      return 0;
    }
    return Math.max(0, held.notBeforeMs - now);
  }

  /** The step was executed without an exception. */
  succeeded(effect: string): void {
    if (this.#held.get(effect)?.thrown === true) this.#held.delete(effect);
  }

  /**
   * Look again at a steady pace. `inputs`: of the step of that effect that this run executed; undefined if it
   * executed none. Answers the milliseconds to wait.
   */
  poll(effect: string, afterMs: number, { inputs, now }: { readonly inputs: string | undefined; readonly now: number }): number {
    const held = this.#held.get(effect);
    // Events between two looks must not push the next look away.
    if (inputs === undefined && held !== undefined && held.notBeforeMs > now) return held.notBeforeMs - now;
    this.#held.set(effect, { inputs: inputs ?? held?.inputs, failures: 0, notBeforeMs: now + afterMs, thrown: false });
    return afterMs;
  }

  /** The effect failed. Answers the milliseconds to wait. */
  retry(effect: string, failure: Failure): number {
    const { inputs, now, backoff } = failure;
    const held = this.#held.get(effect);
    // Without a fresh attempt this is the failure that is already counted.
    if (inputs === undefined && held !== undefined && held.notBeforeMs > now) return held.notBeforeMs - now;
    const failures = (held?.failures ?? 0) + 1;
    const curve = Math.min(backoff.startMs * 2 ** Math.min(failures - 1, 40), backoff.maxMs);
    const waitMs = Math.max(curve, failure.atLeastMs ?? 0);
    this.#held.set(effect, { inputs: inputs ?? held?.inputs, failures, notBeforeMs: now + waitMs, thrown: failure.thrown === true });
    return waitMs;
  }

  list(): readonly HeldEffect[] {
    return [...this.#held].map(([effect, { failures, notBeforeMs }]) => ({ effect, failures, notBeforeMs }));
  }
}

export interface Failure {
  readonly inputs: string | undefined;
  readonly now: number;
  readonly backoff: Backoff;
  readonly atLeastMs?: number | undefined;
  readonly thrown?: boolean;
}
