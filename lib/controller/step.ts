/**
 * The vocabulary of the reconcile loop: gather → decide → execute → absorb, one Step at a time.
 *
 * `decide` is pure and synchronous and answers exactly one of: an effect (one API write, one RPC or one
 * live read, executed next, then decided again) or a rest (the loop ends). Every crash point is
 * therefore a value: the step that was about to be executed. The API server is the program counter;
 * after a crash, gathering again is enough.
 */
import type { KubeObject } from '../kube/objects.ts';

/** A core/v1 Event to record. Never in the way of object writes; the recorder aggregates repeats. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly regarding: KubeObject;
}

/**
 * An effect. `kind` names it in the reconciler's own tagged union and is the name of its not-before time.
 */
export interface Effect {
  readonly kind: string;
  /**
   * What the effect depends on, as a fingerprint: spec, class, deletionTimestamp, annotations other than
   * our own bookkeeping. A failed or polled effect is not executed again before its time, whatever
   * events come, unless this string differs. Two attempts with the same inputs share one back-off.
   */
  readonly inputs: string;
  /** Recorded just before the effect is executed. */
  readonly before?: readonly EventNote[];
  /** Recorded once the effect was executed without an error. */
  readonly after?: readonly EventNote[];
}

/** Nothing to do until an event comes: finished, not ours, or waiting for somebody else. */
export interface Done {
  readonly kind: 'done';
  /** Why, for a person: shown by `explain` and in the log at -v=5. */
  readonly reason: string;
  readonly events?: readonly EventNote[];
}

/** "Not ready yet": look again at a steady period. Resets the effect's error count. */
export interface Poll {
  readonly kind: 'poll';
  /** The kind of the effect that must not be executed again before. */
  readonly effect: string;
  readonly afterMs: number;
  readonly reason: string;
  readonly events?: readonly EventNote[];
}

/** The effect failed (and the failure is written down where users look): again after its own back-off. */
export interface Retry {
  readonly kind: 'retry';
  readonly effect: string;
  readonly reason: string;
  readonly events?: readonly EventNote[];
  /** A floor for this wait, where the answer gave one. */
  readonly atLeastMs?: number;
}

export type Rest = Done | Poll | Retry;

/**
 * One object's loop. `S` is what was gathered plus what the answers of this run have added; it is a
 * value: absorb answers a new one. `E` is the reconciler's union of effects.
 */
export interface Reconciler<S, E extends Effect, A> {
  /** Reads stores (and live objects only where a stale cache could leak or destroy). Undefined: the key is gone. */
  gather(key: string, signal: AbortSignal): Promise<S | undefined> | S | undefined;
  decide(state: S): E | Rest;
  /**
   * Does one effect. Throws ApiError as it comes (the loop requeues a precondition silently and backs off
   * for the rest); RPC failures are answers, not exceptions, since they must be written down.
   */
  execute(step: E, state: S, signal: AbortSignal): Promise<A>;
  /** Folds the answer in. Pure. */
  absorb(state: S, step: E, answer: A): S;
}

export function isRest(step: Effect | Rest): step is Rest {
  return step.kind === 'done' || step.kind === 'poll' || step.kind === 'retry';
}
