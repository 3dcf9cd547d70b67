/**
 * The loop of one key: gather → decide → execute → absorb, until a rest (contract: step.ts).
 *
 * Invariants: an effect is executed only if its not-before time has passed or its inputs differ, and only
 * while the lease is fresh; nothing is executed once `stop` has fired; every way out either forgets the
 * key, rests it, or says when to come back; no exception leaves (but a terminal one goes to `fatal`), so one
 * odd object never stops the others.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { ApiError, isPrecondition } from '../kube/api-error.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Backoff } from './not-before.ts';
import { NotBefore } from './not-before.ts';
import type { Effect, EventNote, Reconciler, Rest } from './step.ts';
import { isRest } from './step.ts';
import { TerminalError } from '../errors/terminal-error.ts';

/** A reconciler that does more in one run does not converge: it is stopped, and said. */
export const MAX_STEPS = 50;
/** How soon a lease that was not renewed in time is looked at again: it is renewed or lost within seconds. */
const STALE_LEASE_MS = 1_000;
const CONFLICT_START_MS = 50;
const CONFLICT_MAX_MS = 5_000;
/** Names under which failures outside an effect are counted. No reconciler's effect is called so. */
const GATHER = '(gather)';
const DECIDE = '(decide)';

export interface LoopOptions<S, E extends Effect, A> {
  readonly reconciler: Reconciler<S, E, A>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly backoff: Backoff;
  readonly leaseIsFresh: () => boolean;
  readonly fatal: (error: unknown) => void;
}

/** `stop`: execute nothing further. `cancel`: give up what is being executed, too. */
export interface RunSignals {
  readonly stop: AbortSignal;
  readonly cancel: AbortSignal;
}

/** What one key remembers between runs. */
export interface KeyMemory {
  readonly notBefore: NotBefore;
  /** Consecutive write conflicts. */
  conflicts: number;
}

export function newMemory(): KeyMemory {
  return { notBefore: new NotBefore(), conflicts: 0 };
}

/** How a run ended. `forget`: the key needs no memory. */
export type RunEnd = { readonly kind: 'forget' } | { readonly kind: 'again'; readonly afterMs: number } | { readonly kind: 'stopped' };

export async function runKey<S, E extends Effect, A>(
  options: LoopOptions<S, E, A>,
  { key, memory }: { readonly key: string; readonly memory: KeyMemory },
  signals: RunSignals,
): Promise<RunEnd> {
  /** Inputs of the steps that this run executed, by effect. */
  const executed = new Map<string, string>();
  /** The effect under way, for what an exception is counted under. */
  let present: { readonly effect: string; readonly inputs: string | undefined } = { effect: GATHER, inputs: undefined };
  try {
    const gathered = await options.reconciler.gather(key, signals.cancel);
    if (gathered === undefined) return { kind: 'forget' };
    let state = gathered as S;
    memory.notBefore.succeeded(GATHER);
    for (let steps = 0; steps < MAX_STEPS; steps += 1) {
      if (signals.stop.aborted) return { kind: 'stopped' };
      present = { effect: DECIDE, inputs: undefined };
      const step = options.reconciler.decide(state);
      memory.notBefore.succeeded(DECIDE);
      if (isRest(step)) return rest(options, step, { key, memory, executed });
      const blockedMs = memory.notBefore.blockedMs(step, options.clock.monotonic());
      if (blockedMs > 0) {
        options.log.debug(5, 'effect is held back', { object: key, effect: step.kind, forMs: Math.round(blockedMs) });
        return { kind: 'again', afterMs: blockedMs };
      }
      // A process that was stopped wakes with decisions of its past, and another may lead by now.
      if (!options.leaseIsFresh()) {
        options.log.debug(4, 'effect is held back, the lease was not renewed in time', { object: key, effect: step.kind });
        return { kind: 'again', afterMs: STALE_LEASE_MS };
      }
      present = { effect: step.kind, inputs: step.inputs };
      record(options.events, step.before);
      options.log.debug(4, 'step', { object: key, effect: step.kind });
      const answer = await options.reconciler.execute(step, state, signals.cancel);
      memory.notBefore.succeeded(step.kind);
      executed.set(step.kind, step.inputs);
      record(options.events, step.after);
      state = options.reconciler.absorb(state, step, answer);
    }
    throw new Error(`no rest after ${MAX_STEPS} steps, the last one ${present.effect}`);
  } catch (error) {
    return failed(options, error, { key, memory, present, signals });
  }
}

function rest<S, E extends Effect, A>(
  { clock, events, log, backoff }: LoopOptions<S, E, A>,
  step: Rest,
  { key, memory, executed }: { readonly key: string; readonly memory: KeyMemory; readonly executed: ReadonlyMap<string, string> },
): RunEnd {
  memory.conflicts = 0;
  record(events, step.events);
  log.debug(5, 'at rest', { object: key, rest: step.kind, reason: step.reason });
  if (step.kind === 'done') return { kind: 'forget' };
  const now = clock.monotonic();
  const inputs = executed.get(step.effect);
  const afterMs =
    step.kind === 'poll'
      ? memory.notBefore.poll(step.effect, step.afterMs, { inputs, now })
      : memory.notBefore.retry(step.effect, { inputs, now, backoff, atLeastMs: step.atLeastMs });
  return { kind: 'again', afterMs };
}

interface FailedRun {
  readonly key: string;
  readonly memory: KeyMemory;
  readonly present: { readonly effect: string; readonly inputs: string | undefined };
  readonly signals: RunSignals;
}

function failed<S, E extends Effect, A>(options: LoopOptions<S, E, A>, error: unknown, run: FailedRun): RunEnd {
  const { key, memory, present, signals } = run;
  if (error instanceof TerminalError) {
    options.fatal(error);
    return { kind: 'stopped' };
  }
  if (signals.cancel.aborted) return { kind: 'stopped' };
  if (isPrecondition(error)) {
    // Somebody else wrote first: not a failure, and of no interest to the user. Read again and decide again.
    const ms = Math.min(CONFLICT_START_MS * 2 ** Math.min(memory.conflicts, 20), CONFLICT_MAX_MS);
    memory.conflicts += 1;
    options.log.debug(4, 'write conflict, gathering again', { object: key, effect: present.effect, conflicts: memory.conflicts });
    return { kind: 'again', afterMs: ms * (0.5 + options.random.next() / 2) };
  }
  memory.conflicts = 0;
  const afterMs = memory.notBefore.retry(present.effect, {
    inputs: present.inputs,
    now: options.clock.monotonic(),
    backoff: options.backoff,
    atLeastMs: error instanceof ApiError ? error.retryAfterMs : undefined,
    thrown: true,
  });
  options.log.error('reconcile failed, will be tried again', error, {
    object: key,
    effect: present.effect,
    retryInMs: Math.round(afterMs),
  });
  return { kind: 'again', afterMs };
}

function record(events: EventRecorder, notes: readonly EventNote[] | undefined): void {
  for (const note of notes ?? []) events.record(note);
}
