/**
 * The vocabulary of the reconcile loop: gather → decide → execute → absorb, one Step at a time.
 *
 * `decide` is pure and synchronous and answers exactly one of: an effect (one API write, one RPC or one
 * live read, executed next, then decided again) or a rest (the loop ends). Every crash point is
 * therefore a value: the step that was about to be executed. The API server is the program counter;
 * after a crash, gathering again is enough.
 */
import type { EventReason } from './event-table.ts';
import type { KubeObject } from '../kube/objects.ts';

/** A core/v1 Event to record. Never in the way of object writes; the recorder aggregates repeats. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  readonly message: string;
  readonly regarding: KubeObject;
  /** Who says it, where that is not the role as a whole. */
  readonly component?: string;
}

/** An effect: one API write, one RPC or one live read. `B`: the names of the reconciler's back-offs. */
export interface Effect<B extends string = string> {
  /** Names the effect in the reconciler's own tagged union. */
  readonly kind: string;
  /** Which of several writes, reads and calls it is, where the effect takes more than one. */
  readonly action?: string;
  /** Whose not-before time holds it back. Steps on the way to one call share the back-off of the call. */
  readonly backoff: B;
  /**
   * What the effect depends on, as a fingerprint: spec, class, deletionTimestamp, annotations other than
   * our own bookkeeping. A failed or polled effect is not executed again before its time, whatever
   * events come, unless this string differs. Effects that share a back-off share their inputs.
   */
  readonly inputs: string;
  /** It writes down what the effect before it has made: a process that is being ended does it, too, while it leads. */
  readonly finishes?: true;
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

/** "Not ready yet": look again at a steady period. Clears the failures of the back-off. */
export interface Poll<B extends string = string> {
  readonly kind: 'poll';
  /** No effect of this back-off is executed again before. */
  readonly backoff: B;
  readonly afterMs: number;
  readonly reason: string;
  /** Of the effect that this rest stands in for, where the run executed none of this back-off. */
  readonly inputs?: string;
  /** Recorded once per look, however often events wake the key between two looks. */
  readonly events?: readonly EventNote[];
}

/** It failed: again after its own back-off. */
export interface Retry<B extends string = string> {
  readonly kind: 'retry';
  readonly backoff: B;
  readonly reason: string;
  /** As in Poll: a failure that was found without executing anything is held back, and told, by these. */
  readonly inputs?: string;
  /** Recorded once per attempt, however often events wake the key between two attempts. */
  readonly events?: readonly EventNote[];
  /** The shortest wait, where the answer gave one. */
  readonly atLeastMs?: number;
}

export type Rest<B extends string = string> = Done | Poll<B> | Retry<B>;

/**
 * Thrown by an effect that was not executed since this process may no longer be the leader: it is decided
 * anew a second later, when the lease is renewed or lost. Nothing is counted, told or backed off.
 */
export class StaleLease extends Error {
  readonly code = 'STALE_LEASE';
  constructor() {
    super('the lease was not renewed in time');
    this.name = 'StaleLease';
  }
}

/**
 * One object's loop. `S` is what was gathered plus what the answers of this run have added; it is a
 * value: absorb answers a new one. `E` is the reconciler's union of effects.
 */
export interface Reconciler<S, E extends Effect, A> {
  /** Only reads: stores, and live objects only where a stale cache could leak or destroy. Undefined: the key is gone. */
  gather(key: string, signal: AbortSignal): Promise<S | undefined> | S | undefined;
  /** Pure, to its last import. */
  decide(state: S): E | Rest<E['backoff']>;
  /**
   * Does one effect. Throws ApiError as it comes (the loop requeues a precondition silently and backs off
   * for the rest); RPC failures are answers, not exceptions, since they must be written down.
   */
  execute(step: E, state: S, signal: AbortSignal): Promise<A>;
  /** Folds the answer in. Pure. */
  absorb(state: S, step: E, answer: A): S;
  /** What was gathered, before it is first decided upon: the place for notes and metrics, so that gather only reads. */
  observed?(key: string, state: S): void;
  /**
   * The run came to rest. `attempt`: true where the rest ends an attempt of its own, false where events woke
   * the key between two attempts: failures are counted once per attempt.
   */
  settled?(key: string, state: S, end: { readonly rest: Rest<E['backoff']>; readonly attempt: boolean }): void;
  /**
   * A read or write failed with an exception that is no write conflict: what the user has to hear, by the peer's type and
   * reason. `step`: the one that failed; undefined where gathering failed. Recorded once per attempt.
   */
  failed?(key: string, failure: { readonly error: unknown; readonly state: S; readonly step: E }): readonly EventNote[];
}

export function isRest<B extends string>(step: Effect<B> | Rest<B>): step is Rest<B> {
  return step.kind === 'done' || step.kind === 'poll' || step.kind === 'retry';
}
