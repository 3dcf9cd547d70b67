/**
 * What becomes of one recorded event: a new Event, a higher count on one already written, or nothing.
 * Pure but for its own memory; time is passed in. The rules and numbers are client-go's, since users and
 * tools know how its events look:
 * - same object, reason, type and message within memory: the count of the first one goes up;
 * - more than 10 different messages of one (object, reason, type) within 10 minutes: one event with the
 *   prefix "(combined from similar events): ";
 * - per object a bucket of 25 events that refills by one in 5 minutes: a hot loop fills no etcd.
 */
import { formatTime } from '../kube/time.ts';
import type { CoreEvent, ObjectReference } from '../kube/objects.ts';

export interface RecordedEvent {
  readonly regarding: ObjectReference;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** Who says it. */
  readonly component: string;
}

export type Correlation =
  | { readonly kind: 'create'; readonly memory: string; readonly event: CoreEvent }
  /** Merge-patch of the event written before. `event` is what to create if that one is gone. */
  | {
      readonly kind: 'repeat';
      readonly memory: string;
      readonly name: string;
      readonly namespace: string;
      readonly patch: object;
      readonly event: CoreEvent;
    }
  | { readonly kind: 'spam' };

export interface EventCorrelator {
  /** `name` is used if a new event is made. */
  correlate(event: RecordedEvent, at: { readonly nowMs: number; readonly name: string }): Correlation;
  /** The write of this memory failed for good: the next one starts afresh. */
  forget(memory: string): void;
}

export interface CorrelatorOptions {
  readonly host?: string | undefined;
  /** Objects and messages remembered; the least recently used go first. */
  readonly memorySize?: number;
  readonly burst?: number;
  readonly refillMs?: number;
}

const COMBINED = '(combined from similar events): ';
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW_MS = 10 * 60_000;

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Written {
  readonly name: string;
  readonly firstMs: number;
  count: number;
}

export function createEventCorrelator(options: CorrelatorOptions): EventCorrelator {
  const { host, memorySize = 4096, burst = 25, refillMs = 300_000 } = options;
  const similar = new Recent<Similar>(memorySize);
  const written = new Recent<Written>(memorySize);
  const buckets = new Recent<{ tokens: number; atMs: number }>(memorySize);

  /** A Normal event leaves one to the Warning that may follow it: that an attempt begins is told no longer than how it ends. */
  const admit = (object: string, type: CoreEvent['type'], nowMs: number): boolean => {
    const bucket = buckets.get(object) ?? buckets.set(object, { tokens: burst, atMs: nowMs });
    const refilled = Math.min(burst, bucket.tokens + Math.max(0, nowMs - bucket.atMs) / refillMs);
    const admitted = refilled >= (type === 'Normal' ? 2 : 1);
    bucket.tokens = admitted ? refilled - 1 : refilled;
    bucket.atMs = nowMs;
    return admitted;
  };

  /** The message to show: its own, or the combined one when there are too many of its like. */
  const aggregate = (group: string, message: string, nowMs: number): { readonly message: string; readonly memory: string } => {
    const present = similar.get(group);
    const kept =
      present === undefined || nowMs - present.lastMs > SIMILAR_WINDOW_MS
        ? similar.set(group, { messages: new Set(), lastMs: nowMs })
        : present;
    kept.lastMs = nowMs;
    kept.messages.add(message);
    if (kept.messages.size <= SIMILAR_LIMIT) return { message, memory: `${group}|${message}` };
    // Enough to know that there are too many: the rest is not worth remembering.
    if (kept.messages.size > SIMILAR_LIMIT + 1) kept.messages.delete(message);
    return { message: `${COMBINED}${message}`, memory: group };
  };

  return {
    correlate: ({ regarding, type, reason, message, component }, { nowMs, name }) => {
      const object = [regarding.kind, regarding.namespace, regarding.name, regarding.uid, regarding.apiVersion].join('|');
      const shown = aggregate([component, object, type, reason].join('|'), message, nowMs);
      if (!admit(object, type, nowMs)) return { kind: 'spam' };
      const namespace = regarding.namespace === undefined || regarding.namespace === '' ? 'default' : regarding.namespace;
      const before = written.get(shown.memory);
      const record = before ?? written.set(shown.memory, { name, firstMs: nowMs, count: 0 });
      record.count += 1;
      const event: CoreEvent = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace },
        involvedObject: regarding,
        reason,
        message: shown.message,
        type,
        source: host === undefined ? { component } : { component, host },
        firstTimestamp: formatTime(record.firstMs),
        lastTimestamp: formatTime(nowMs),
        count: record.count,
        reportingComponent: component,
        reportingInstance: host ?? '',
      };
      if (before === undefined) return { kind: 'create', memory: shown.memory, event };
      const patch = { count: record.count, lastTimestamp: event.lastTimestamp, message: shown.message };
      return { kind: 'repeat', memory: shown.memory, name: record.name, namespace, patch, event };
    },
    forget: (memory) => written.delete(memory),
  };
}

/** A map that keeps the most recently used entries. */
class Recent<V> {
  readonly #entries = new Map<string, V>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: V): V {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#size) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    return value;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
