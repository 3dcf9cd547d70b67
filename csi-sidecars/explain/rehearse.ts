/**
 * What a controller would do next with an object: its own gather, decide and absorb, and of its effects only those
 * that read. At the first write or call of the driver it stops, and that is the answer: nothing is done.
 */
import { type Effect, isRest, type Reconciler, type Rest } from '../../lib/controller/step.ts';
import { MayNotLook } from './looking-client.ts';

export interface Rehearsed<S, E extends Effect> {
  readonly state: S;
  /** What was decided last: an effect that was not done, or a rest. */
  readonly next: E | Rest<E['backoff']>;
  /** The effects that were done: they only read. */
  readonly done: readonly E[];
  /** Why the next effect, a read, could not be made: we may not. */
  readonly blind: string | undefined;
}

/** A run that goes in circles is cut off here; the longest real one is half of it. */
const MOST_READS = 20;

/** Undefined where the object is not there. `reads`: the effects that only look. */
export async function rehearse<S, E extends Effect, A>(
  { gather, decide, execute, absorb }: Pick<Reconciler<S, E, A>, 'gather' | 'decide' | 'execute' | 'absorb'>,
  { key, reads, signal }: { readonly key: string; readonly reads: (step: E) => boolean; readonly signal: AbortSignal },
): Promise<Rehearsed<S, E> | undefined> {
  const first: S | undefined = await gather(key, signal);
  if (first === undefined) return undefined;
  let state: S = first;
  const done: E[] = [];
  for (;;) {
    const next = decide(state);
    if (isRest(next) || !reads(next) || done.length >= MOST_READS) return { state, next, done, blind: undefined };
    try {
      state = absorb(state, next, await execute(next, state, signal));
      done.push(next);
    } catch (error) {
      if (!(error instanceof MayNotLook)) throw error;
      return { state, next, done, blind: error.message };
    }
  }
}
