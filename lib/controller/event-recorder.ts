/**
 * Records core/v1 Events: asynchronous, aggregated, bounded, and never in the way of object writes.
 *
 * Invariants: `record` returns at once and never throws; events of one object are written in order, two
 * objects at a time; when the API server is slow the newest are dropped and counted, nothing waits.
 */
import { errorText } from '../errors/error-text.ts';
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { sleep } from '../doors/sleep.ts';
import { ApiError, isAlreadyExists, isForbidden, isNotFound } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, ObjectReference } from '../kube/objects.ts';
import { EVENTS } from '../kube/resources.ts';
import type { Correlation, RecordedEvent } from './event-correlator.ts';
import { createEventCorrelator } from './event-correlator.ts';
import type { EventNote } from './step.ts';

export interface EventRecorder {
  /** Returns at once. Repeats of the same (object, reason, message) become a count. */
  record(note: EventNote): void;
}

export interface RunningEventRecorder extends EventRecorder {
  /** Resolves when everything recorded so far is written (or given up), or at once when the signal fires. */
  flush(signal: AbortSignal): Promise<void>;
  /** Events that were not written: queue full, spam, refused. */
  dropped(): number;
}

export interface EventRecorderOptions {
  /** Best a client of its own, so that its rate limit is not the object writes'. */
  readonly client: KubeClient;
  readonly doors: { readonly clock: Clock; readonly random: Random };
  readonly component: string;
  readonly host?: string;
  readonly log: Logger;
  readonly maxQueue?: number;
  /** Per object: events at once, and the time for one more. */
  readonly burst?: number;
  readonly refillMs?: number;
}

const LANES = 2;
const MAX_TRIES = 6;
const RETRY_START_MS = 1_000;
const RETRY_MAX_MS = 10_000;
const MAX_NAME = 253;

export function createEventRecorder(options: EventRecorderOptions): RunningEventRecorder {
  const { client, log, component, host, maxQueue = 1000 } = options;
  const { clock, random } = options.doors;
  const correlator = createEventCorrelator({ host, ...pick(options) });
  const waiting: RecordedEvent[] = [];
  /** Objects with an event under way: their next one waits, so that counts are written in order. */
  const busy = new Set<string>();
  const flushing = new Set<() => void>();
  const ending = new AbortController();
  // Two recorders (of two roles, or of the process before) must not make the same name in one millisecond.
  let sequence = Math.floor(random.next() * 1_000_000);
  let dropped = 0;
  let forbiddenSaid = false;

  const giveUp = (correlation: Correlation, error: unknown): void => {
    dropped += 1;
    if (correlation.kind !== 'spam') correlator.forget(correlation.memory);
    // A namespace that is being deleted refuses events too, with 403 and a cause of its own: nothing to grant there.
    const terminating = error instanceof ApiError && error.causes.some((cause) => cause.reason === 'NamespaceTerminating');
    if (isForbidden(error) && !terminating) {
      if (!forbiddenSaid) log.warn('events are refused', { reason: error.message, remedy: 'grant create and patch on events' });
      forbiddenSaid = true;
    } else log.debug(2, 'event was not written', { error: errorText(error) });
  };

  const send = async (correlation: Correlation): Promise<void> => {
    if (correlation.kind === 'spam') {
      dropped += 1;
      return;
    }
    const { event } = correlation;
    if (correlation.kind === 'repeat') {
      try {
        const { name, namespace, patch } = correlation;
        await client.patch(EVENTS, { name, namespace }, { patch: { type: 'merge', body: patch }, signal: ending.signal });
        return;
      } catch (error) {
        // Events live an hour: a repeat after that starts a new one.
        if (!isNotFound(error)) throw error;
        correlator.forget(correlation.memory);
      }
    }
    try {
      await client.create(EVENTS, event, { signal: ending.signal });
    } catch (error) {
      // The name is ours alone: an earlier try whose answer was lost.
      if (!isAlreadyExists(error)) throw error;
    }
  };

  const deliver = async (event: RecordedEvent): Promise<void> => {
    const nowMs = clock.now();
    sequence += 1;
    const correlation = correlator.correlate(event, { nowMs, name: eventName(event.regarding, nowMs, sequence) });
    for (let tries = 1; !ending.signal.aborted; tries += 1) {
      try {
        await send(correlation);
        return;
      } catch (error) {
        const lost = error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
        if (!lost || tries >= MAX_TRIES) {
          giveUp(correlation, error);
          return;
        }
        const backoff = Math.min(RETRY_START_MS * 2 ** (tries - 1), RETRY_MAX_MS) * (1 + random.next());
        await sleep(clock, Math.max(backoff, error.retryAfterMs ?? 0), ending.signal);
      }
    }
  };

  const pump = (): void => {
    while (busy.size < LANES && !ending.signal.aborted) {
      const at = waiting.findIndex((event) => !busy.has(identity(event.regarding)));
      const event = waiting[at];
      if (event === undefined) break;
      waiting.splice(at, 1);
      busy.add(identity(event.regarding));
      void deliver(event).then(() => {
        busy.delete(identity(event.regarding));
        pump();
      });
    }
    if (waiting.length === 0 && busy.size === 0) for (const done of [...flushing]) done();
  };

  return {
    record: ({ type, reason, message, regarding, component: own }) => {
      if (waiting.length >= maxQueue || ending.signal.aborted) {
        dropped += 1;
        return;
      }
      // The API refuses a note of more than 1 kB.
      waiting.push({ type, reason, message: truncate(message, 1024), regarding: referenceTo(regarding), component: own ?? component });
      queueMicrotask(pump);
    },
    flush: (signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          flushing.delete(done);
          signal.removeEventListener('abort', abandon);
          resolve();
        };
        const abandon = (): void => {
          dropped += waiting.splice(0).length;
          ending.abort();
          done();
        };
        if (waiting.length === 0 && busy.size === 0) {
          resolve();
          return;
        }
        flushing.add(done);
        if (signal.aborted) abandon();
        else signal.addEventListener('abort', abandon, { once: true });
      }),
    dropped: () => dropped,
  };
}

function pick({ burst, refillMs }: EventRecorderOptions): { readonly burst?: number; readonly refillMs?: number } {
  return { ...(burst === undefined ? {} : { burst }), ...(refillMs === undefined ? {} : { refillMs }) };
}

export function referenceTo(object: KubeObject): ObjectReference {
  const { name, namespace, uid, resourceVersion } = object.metadata ?? {};
  return {
    ...(object.kind === undefined ? {} : { kind: object.kind }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(uid === undefined ? {} : { uid }),
    ...(object.apiVersion === undefined ? {} : { apiVersion: object.apiVersion }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function identity(reference: ObjectReference): string {
  return `${reference.kind ?? ''}|${reference.namespace ?? ''}|${reference.name ?? ''}|${reference.uid ?? ''}`;
}

/** `<object>.<hex of time and counter>`, as client-go names events, within the length of a name. */
function eventName(regarding: ObjectReference, nowMs: number, sequence: number): string {
  const suffix = (BigInt(Math.trunc(nowMs)) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16);
  const object = (regarding.name ?? '').slice(0, MAX_NAME - 1 - suffix.length).replace(/[.-]+$/, '');
  return `${object}.${suffix}`;
}

function truncate(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
