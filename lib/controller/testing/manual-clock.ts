/** A clock that stands still until a test moves it. Timers fire in order of time, then of their setting. */
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import type { Clock } from '../../doors/clock.ts';

interface Timer {
  readonly at: number;
  readonly sequence: number;
  readonly fire: () => void;
}

export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #elapsed = 0;
  #sequence = 0;
  /** Added to the wall clock only: a wall clock that was set, or a process that was suspended. */
  wallOffset = 0;
  readonly #epoch: number;

  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#elapsed + this.wallOffset;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    this.#sequence += 1;
    const timer = { at: this.#elapsed + Math.max(0, delayMs), sequence: this.#sequence, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets every promise that can settle now settle. */
  async settle(): Promise<void> {
    await turnOfEventLoop();
  }

  /** Time passes while the process stands still: nothing fires until time moves again. */
  passUnseen(ms: number): void {
    this.#elapsed += ms;
  }

  /** Moves time, firing what becomes due on the way, and lets everything settle after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    await this.settle();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.fire();
      await this.settle();
    }
    this.#elapsed = until;
  }

  #next(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.sequence < first.sequence)) first = timer;
    }
    return first;
  }
}
