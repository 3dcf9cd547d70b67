/**
 * Virtual time. Everything that happens in a simulated world is an event of this queue; one event runs,
 * then all microtasks it set free run, then the next. With the same seed the
 * same events run in the same order, so a run is a value: its trace digest.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import { SeededRandom } from './seeded-random.ts';

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly label: string;
  readonly run: () => void;
  cancelled: boolean;
}

/** Wall clock of the simulated world when a run begins. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

export class Scheduler {
  /** Microseconds since the start, so that distinct latencies rarely tie. */
  private time = 0;
  private sequence = 0;
  private readonly heap: Scheduled[] = [];
  private digest = 0x811c9dc5;
  events = 0;
  readonly trace: string[] | undefined;
  /** Told of every line of the trace, kept or not. */
  onNote: ((line: string) => void) | undefined;
  readonly random: SeededRandom;

  constructor(seed: number, options: { readonly keepTrace: boolean }) {
    this.random = new SeededRandom(seed, 1);
    this.trace = options.keepTrace ? [] : undefined;
  }

  /** Milliseconds since the start of the run. */
  get elapsedMs(): number {
    return this.time / 1000;
  }

  now(): number {
    return EPOCH_MS + Math.floor(this.time / 1000);
  }

  /** Runs `run` after `delayMs` of virtual time. */
  after(delayMs: number, label: string, run: () => void): () => void {
    this.sequence += 1;
    const event: Scheduled = {
      at: this.time + Math.max(0, Math.ceil(delayMs * 1000)),
      order: this.sequence,
      label,
      run,
      cancelled: false,
    };
    this.push(event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Events that are still to come. */
  pending(): number {
    return this.heap.filter(({ cancelled }) => !cancelled).length;
  }

  /** A clock for parts of the world that never die (sandbox, driver). */
  clock(label: string): Clock {
    return {
      now: () => this.now(),
      monotonic: () => this.time / 1000,
      setTimer: (delayMs, fire) => this.after(delayMs, `${label} timer`, fire),
    };
  }

  note(line: string): void {
    const text = `${this.time} ${line}`;
    for (let i = 0; i < text.length; i += 1) {
      this.digest ^= text.charCodeAt(i);
      this.digest = Math.imul(this.digest, 0x01000193);
    }
    this.trace?.push(text);
    this.onNote?.(text);
  }

  traceDigest(): string {
    return (this.digest >>> 0).toString(16).padStart(8, '0');
  }

  /** Runs events until `stop` says so (asked after each) or `untilMs` is reached. Throws if the run does not end. */
  async run(untilMs: number, stop: () => boolean, maxEvents: number): Promise<void> {
    const until = untilMs * 1000;
    // What was started before the first event gets as far as it can without one.
    await turn();
    for (;;) {
      const next = this.pop();
      if (next === undefined || next.at > until) {
        if (next !== undefined) this.push(next);
        this.time = Math.max(this.time, until);
        return;
      }
      this.time = next.at;
      this.events += 1;
      if (this.events > maxEvents) throw new Error(`the run did not end within ${maxEvents} events; last: ${next.label}`);
      this.note(next.label);
      next.run();
      await settled();
      if (stop()) return;
    }
  }

  private push(event: Scheduled): void {
    const heap = this.heap;
    heap.push(event);
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent] as Scheduled)) break;
      heap[i] = heap[parent] as Scheduled;
      i = parent;
    }
    heap[i] = event;
  }

  private pop(): Scheduled | undefined {
    for (;;) {
      const top = this.heap[0];
      const last = this.heap.pop();
      if (top === undefined || last === undefined) return undefined;
      if (top !== last) this.sink(last);
      if (!top.cancelled) return top;
    }
  }

  private sink(event: Scheduled): void {
    const heap = this.heap;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Scheduled, heap[child] as Scheduled)) child += 1;
      if (!before(heap[child] as Scheduled, event)) break;
      heap[i] = heap[child] as Scheduled;
      i = child;
    }
    heap[i] = event;
  }
}

/** One real turn of the event loop: every microtask has run when it is over, and a rejection that nobody handles is told. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Every microtask has run when it is over: Node runs the ticks once none is left. Costs a fraction of a real turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

function before(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
