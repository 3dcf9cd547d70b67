/**
 * The loop of one key: gather → decide → execute → absorb, until a rest (contract: step.ts).
 *
 * Invariants: an effect is executed only if its not-before time has passed or its inputs differ, and only
 * while the lease is fresh; once `stop` has fired nothing is executed but what finishes the effect before it;
 * every way out either forgets the key, rests it, or says when to come back; no exception leaves (but a
 * terminal one goes to `fatal`), so one odd object never stops the others.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { ApiError, isPrecondition } from '../kube/api-error.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Backoff } from './not-before.ts';
import { NotBefore } from './not-before.ts';
import type { Effect, EventNote, Reconciler, Rest } from './step.ts';
import { isRest, StaleLease } from './step.ts';
import { TerminalError } from '../errors/terminal-error.ts';

/** A reconciler that does more in one run does not converge: it is stopped, and said. */
export const MAX_STEPS = 50;
/** How soon a lease that was not renewed in time is looked at again: it is renewed or lost within seconds. */
const STALE_LEASE_MS = 1_000;
const CONFLICT_START_MS = 50;
const CONFLICT_MAX_MS = 5_000;
/** Names under which failures outside an effect are counted. No reconciler's effect is called so. */
const GATHER = { kind: '(gather)', backoff: '(gather)' } as const;
const DECIDE = { kind: '(decide)', backoff: '(decide)' } as const;

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

/** `stop`: begin nothing further. `cancel`: give up what is being executed, too. */
export interface RunSignals {
  readonly stop: AbortSignal;
  readonly cancel: AbortSignal;
}

/** What one key remembers between runs. */
export interface KeyMemory {
  readonly notBefore: NotBefore;
  /** Consecutive write conflicts. */
  conflicts: number;
  /** Being executed; monotonic ms. */
  underWay: { readonly effect: string; readonly sinceMs: number } | undefined;
}

export function newMemory(): KeyMemory {
  return { notBefore: new NotBefore(), conflicts: 0, underWay: undefined };
}

/** How a run ended. `forget`: the key needs no memory. */
export type RunEnd = { readonly kind: 'forget' } | { readonly kind: 'again'; readonly afterMs: number } | { readonly kind: 'stopped' };

export async function runKey<S, E extends Effect, A>(
  options: LoopOptions<S, E, A>,
  { key, memory }: { readonly key: string; readonly memory: KeyMemory },
  signals: RunSignals,
): Promise<RunEnd> {
  /** Inputs of the steps that this run executed, by back-off. */
  let executed: Map<string, string> | undefined;
  /** What is under way, for what an exception is counted under. */
  let present: Present<S, E> = { at: GATHER };
  const { reconciler } = options;
  try {
    const gathered = await reconciler.gather(key, signals.cancel);
    if (gathered === undefined) return { kind: 'forget' };
    let state = gathered as S;
    memory.notBefore.succeeded(GATHER);
    reconciler.observed?.(key, state);
    for (let steps = 0; steps < MAX_STEPS; steps += 1) {
      if (signals.stop.aborted && steps === 0) return { kind: 'stopped' };
      present = { at: DECIDE };
      const step = reconciler.decide(state);
      if (signals.stop.aborted && (isRest(step) || step.finishes !== true)) return { kind: 'stopped' };
      memory.notBefore.succeeded(DECIDE);
      if (isRest(step)) return rest(options, step, { key, memory, executed, state });
      const blockedMs = memory.notBefore.blockedMs(step, options.clock.monotonic());
      if (blockedMs > 0) {
        options.log.debug(5, 'effect is held back', { object: key, effect: step.kind, forMs: Math.round(blockedMs) });
        return { kind: 'again', afterMs: blockedMs };
      }
      // A process that was stopped wakes with decisions of its past, and another may lead by now.
      if (!options.leaseIsFresh()) throw new StaleLease();
      present = { at: step, effect: { step, state } };
      record(options.events, step.before);
      options.log.debug(4, 'step', { object: key, effect: step.kind });
      memory.underWay = { effect: step.kind, sinceMs: options.clock.monotonic() };
      const answer = await reconciler.execute(step, state, signals.cancel);
      memory.underWay = undefined;
      memory.notBefore.succeeded(step);
      executed ??= new Map();
      executed.set(step.backoff, step.inputs);
      record(options.events, step.after);
      state = reconciler.absorb(state, step, answer);
    }
    throw new Error(`no rest after ${MAX_STEPS} steps, the last one ${present.at.kind}`);
  } catch (error) {
    return failed(options, error, { key, memory, present, signals });
  }
}

interface Present<S, E extends Effect> {
  readonly at: Pick<Effect, 'kind' | 'action' | 'backoff'>;
  /** The effect that is executed, and the state that it was decided on. */
  readonly effect?: { readonly step: E; readonly state: S };
}

interface RestedRun<S> {
  readonly key: string;
  readonly memory: KeyMemory;
  readonly executed: ReadonlyMap<string, string> | undefined;
  readonly state: S;
}

function rest<S, E extends Effect, A>(
  { clock, events, log, backoff, reconciler }: LoopOptions<S, E, A>,
  step: Rest<E['backoff']>,
  { key, memory, executed, state }: RestedRun<S>,
): RunEnd {
  memory.conflicts = 0;
  log.debug(5, 'at rest', { object: key, rest: step.kind, reason: step.reason });
  if (step.kind === 'done') {
    record(events, step.events);
    reconciler.settled?.(key, state, { rest: step, attempt: true });
    return { kind: 'forget' };
  }
  const look = {
    executed: executed?.has(step.backoff) === true,
    inputs: executed?.get(step.backoff) ?? step.inputs,
    now: clock.monotonic(),
  };
  const { ms, attempt } =
    step.kind === 'poll'
      ? memory.notBefore.poll(step.backoff, step.afterMs, look)
      : memory.notBefore.retry(step.backoff, { ...look, curve: backoff, atLeastMs: step.atLeastMs });
  if (attempt) record(events, step.events);
  reconciler.settled?.(key, state, { rest: step, attempt });
  return { kind: 'again', afterMs: ms };
}

interface FailedRun<S, E extends Effect> {
  readonly key: string;
  readonly memory: KeyMemory;
  readonly present: Present<S, E>;
  readonly signals: RunSignals;
}

function failed<S, E extends Effect, A>(options: LoopOptions<S, E, A>, error: unknown, run: FailedRun<S, E>): RunEnd {
  const { key, memory, present, signals } = run;
  memory.underWay = undefined;
  if (error instanceof TerminalError) {
    options.fatal(error);
    return { kind: 'stopped' };
  }
  if (signals.cancel.aborted) return { kind: 'stopped' };
  if (error instanceof StaleLease) {
    options.log.debug(4, 'effect is held back, the lease was not renewed in time', { object: key, effect: present.at.kind });
    return { kind: 'again', afterMs: STALE_LEASE_MS };
  }
  if (isPrecondition(error)) {
    // Somebody else wrote first: not a failure, and of no interest to the user. Read again and decide again.
    const ms = Math.min(CONFLICT_START_MS * 2 ** Math.min(memory.conflicts, 20), CONFLICT_MAX_MS);
    memory.conflicts += 1;
    options.log.debug(4, 'write conflict, gathering again', { object: key, effect: present.at.kind, conflicts: memory.conflicts });
    return { kind: 'again', afterMs: ms * (0.5 + options.random.next() / 2) };
  }
  memory.conflicts = 0;
  const { ms } = memory.notBefore.retry(present.at.backoff, {
    executed: true,
    inputs: present.effect?.step.inputs,
    now: options.clock.monotonic(),
    curve: options.backoff,
    atLeastMs: error instanceof ApiError ? error.retryAfterMs : undefined,
    thrownBy: present.at,
  });
  if (present.effect !== undefined) record(options.events, options.reconciler.failed?.(key, { error, ...present.effect }));
  options.log.error('reconcile failed, will be tried again', error, {
    object: key,
    effect: present.at.kind,
    retryInMs: Math.round(ms),
  });
  return { kind: 'again', afterMs: ms };
}

function record(events: EventRecorder, notes: readonly EventNote[] | undefined): void {
  for (const note of notes ?? []) events.record(note);
}
