/**
 * The shell of the watcher: does what the reducer says over the API client, feeds the answers back, and
 * hands the outputs to a sink. It ends only when its signal fires, and never throws.
 */
import { errorText } from '../errors/error-text.ts';
import type { Clock } from '../doors/clock.ts';
import type { Random } from '../doors/random.ts';
import { sleep } from '../doors/sleep.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, Resource } from '../kube/objects.ts';
import { startWatchdog } from './watchdog.ts';
import type { Moment, WatcherAction, WatcherInput, WatcherOutput } from './watcher.ts';
import { initialState, PAGE_SIZE, stepWatcher } from './watcher.ts';

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly resource: Resource<T>;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly optional: boolean;
  readonly sink: (output: WatcherOutput<T>) => void;
  /** Every failure, for the log. */
  readonly failed: (error: ApiError, retryInMs: number) => void;
}

export async function runReflector<T extends KubeObject>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> {
  const { clock, random } = options;
  let state = initialState(options.optional);
  const step = (input: WatcherInput<T>): WatcherAction => {
    // Events need no chance, and a busy watch would use up much of it.
    const moment: Moment = { now: clock.monotonic(), chance: input.kind === 'event' ? 0 : random.next() };
    const turn = stepWatcher(state, input, moment);
    state = turn.state;
    for (const output of turn.outputs) options.sink(output);
    if (input.kind === 'failed') options.failed(input.error, turn.action.kind === 'wait' ? turn.action.ms : 0);
    return turn.action;
  };
  let action = step({ kind: 'start' });
  while (!signal.aborted) {
    const input = await perform(options, action, { signal, step });
    if (signal.aborted) return;
    action = step(input);
  }
}

interface Run<T extends KubeObject> {
  readonly signal: AbortSignal;
  readonly step: (input: WatcherInput<T>) => WatcherAction;
}

async function perform<T extends KubeObject>(options: ReflectorOptions<T>, action: WatcherAction, run: Run<T>): Promise<WatcherInput<T>> {
  try {
    switch (action.kind) {
      case 'list':
        return { kind: 'page', page: await listPage(options, action, run.signal) };
      case 'watch':
        return await readWatch(options, action, run);
      case 'wait':
        await sleep(options.clock, action.ms, run.signal);
        return { kind: 'waited' };
      case 'read':
        // Only an open watch is read on, and that happens inside readWatch.
        return { kind: 'ended' };
      default:
        return action satisfies never;
    }
  } catch (error) {
    return { kind: 'failed', error: asApiError(error) };
  }
}

function selection<T extends KubeObject>(options: ReflectorOptions<T>) {
  return {
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
}

function listPage<T extends KubeObject>(
  options: ReflectorOptions<T>,
  action: WatcherAction & { readonly kind: 'list' },
  signal: AbortSignal,
) {
  return options.client.list(options.resource, {
    ...selection(options),
    limit: PAGE_SIZE,
    ...(action.continueToken === undefined ? {} : { continueToken: action.continueToken }),
    ...(action.version === undefined ? {} : { resourceVersion: action.version, resourceVersionMatch: 'NotOlderThan' as const }),
    signal,
  });
}

/** Reads one watch to its end. Answers how it ended; a failure is thrown. */
async function readWatch<T extends KubeObject>(
  options: ReflectorOptions<T>,
  action: WatcherAction & { readonly kind: 'watch' },
  { signal, step }: Run<T>,
): Promise<WatcherInput<T>> {
  const watchdog = startWatchdog(options.clock, action.silenceMs, signal);
  try {
    const events = options.client.watch(options.resource, {
      ...selection(options),
      resourceVersion: action.version,
      timeoutSeconds: action.timeoutSeconds,
      signal: watchdog.signal,
    });
    for await (const event of events) {
      if (signal.aborted) break;
      const next = step({ kind: 'event', event });
      watchdog.heard(next.kind === 'read' ? next.silenceMs : undefined);
    }
    return { kind: 'ended' };
  } catch (error) {
    if (watchdog.barked()) return { kind: 'silent' };
    throw error;
  } finally {
    watchdog.stop();
  }
}

/** The client throws nothing else but where a credential can not be read: that heals too, so it is waited out. */
function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = errorText(error);
  return new ApiError({ status: 0, reason: 'Unreachable', message, request: 'watch', cause: error });
}
