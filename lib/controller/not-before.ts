/**
 * The not-before times of one object: per back-off, when its effects may be executed again.
 *
 * Polls and errors share no counter: a poll clears the failures, a failure doubles its own wait. Only
 * changed inputs clear a time; no event does.
 */
import type { Effect } from './step.ts';

interface Held {
  /** Of the executed (or blocked) step; undefined where the rest came without one: then any step may pass. */
  readonly inputs: string | undefined;
  readonly failures: number;
  readonly notBeforeMs: number;
  /** The effect that threw: one success of it clears the failures. Answers that say "failed" are counted by the reconciler's own rests. */
  readonly thrownBy: Thrower | undefined;
}

/** Others that share the back-off succeed on the way to it, and clear nothing. */
type Thrower = Pick<Effect, 'kind' | 'action'>;

export interface HeldEffect {
  readonly backoff: string;
  readonly failures: number;
  /** On the monotonic clock. */
  readonly notBeforeMs: number;
}

export interface Backoff {
  readonly startMs: number;
  readonly maxMs: number;
}

export class NotBefore {
  /** Most keys never hold anything back: none is made for them. */
  #held: Map<string, Held> | undefined;

  get size(): number {
    return this.#held?.size ?? 0;
  }

  /** Milliseconds for which the step must not be executed; 0: it may be. Other inputs than held clear the time. */
  blockedMs(step: { readonly backoff: string; readonly inputs: string }, now: number): number {
    const held = this.#held?.get(step.backoff);
    if (held === undefined) return 0;
    if (held.inputs !== step.inputs) {
      this.#held?.delete(step.backoff);
      return 0;
    }
    return Math.max(0, held.notBeforeMs - now);
  }

  /** The step was executed without an exception. */
  succeeded({ backoff, kind, action }: Thrower & { readonly backoff: string }): void {
    const thrower = this.#held?.get(backoff)?.thrownBy;
    if (thrower !== undefined && thrower.kind === kind && thrower.action === action) this.#held?.delete(backoff);
  }

  /** Look again at a steady pace. */
  poll(backoff: string, afterMs: number, look: Look): Wait {
    const held = this.#held?.get(backoff);
    // Events between two looks must not push the next look away.
    if (held !== undefined && isBetween(held, look)) return { ms: held.notBeforeMs - look.now, attempt: false };
    this.#hold(backoff, { inputs: look.inputs ?? held?.inputs, failures: 0, notBeforeMs: look.now + afterMs, thrownBy: undefined });
    return { ms: afterMs, attempt: true };
  }

  /** It failed. */
  retry(backoff: string, failure: Failure): Wait {
    const { inputs, now, curve } = failure;
    const held = this.#held?.get(backoff);
    // Without a fresh attempt this is the failure that is already counted.
    if (held !== undefined && isBetween(held, failure)) return { ms: held.notBeforeMs - now, attempt: false };
    const isOther = inputs !== undefined && held?.inputs !== undefined && held.inputs !== inputs;
    const failures = (isOther ? 0 : (held?.failures ?? 0)) + 1;
    const wait = Math.min(curve.startMs * 2 ** Math.min(failures - 1, 40), curve.maxMs);
    const ms = Math.max(wait, failure.atLeastMs ?? 0);
    this.#hold(backoff, { inputs: inputs ?? held?.inputs, failures, notBeforeMs: now + ms, thrownBy: failure.thrownBy });
    return { ms, attempt: true };
  }

  #hold(backoff: string, held: Held): void {
    this.#held ??= new Map();
    this.#held.set(backoff, held);
  }

  list(): readonly HeldEffect[] {
    return [...(this.#held ?? [])].map(([backoff, { failures, notBeforeMs }]) => ({ backoff, failures, notBeforeMs }));
  }
}

/** Nothing was executed, and the time of the last attempt with these inputs has not passed. */
function isBetween({ inputs: heldInputs, notBeforeMs }: Held, { inputs, executed, now }: Look): boolean {
  return !executed && notBeforeMs > now && (inputs === undefined || heldInputs === undefined || heldInputs === inputs);
}

export interface Look {
  /** True where this run executed an effect of the back-off. */
  readonly executed: boolean;
  /** Of that effect, or of the one that the rest stands in for; undefined: not said. */
  readonly inputs: string | undefined;
  readonly now: number;
}

export interface Failure extends Look {
  readonly curve: Backoff;
  readonly atLeastMs?: number | undefined;
  readonly thrownBy?: Thrower | undefined;
}

export interface Wait {
  readonly ms: number;
  /** False: the wait of an earlier attempt goes on. */
  readonly attempt: boolean;
}
