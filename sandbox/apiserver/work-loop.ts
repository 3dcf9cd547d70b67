/**
 * A controller's queue inside the sandbox: keys are woken by writes and worked off one step per turn of
 * the clock, so clients see every state in between, as they would with a controller in another process.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import { StatusError } from './status.ts';

const RETRY_MS = 1000;
/** Enough that thousands of claims are bound in seconds; few enough that requests get their turn in between. */
const KEYS_PER_TURN = 64;

/** No timer stands while nothing waits: a settled sandbox is silent. */
export class WorkLoop {
  readonly #clock: Clock;
  readonly #work: (key: string) => void;
  readonly #waiting = new Set<string>();
  readonly #cancels = new Set<() => void>();
  #state: 'new' | 'running' | 'stopped' = 'new';
  #scheduled = false;

  /** `work` does at most one write for a key; that write wakes the key again if there is more to do. */
  constructor(clock: Clock, work: (key: string) => void) {
    this.#clock = clock;
    this.#work = work;
  }

  /** Before the start keys are gathered; waking a key that waits changes nothing. */
  wake(key: string): void {
    this.#waiting.add(key);
    this.#schedule();
  }

  /** For retries and pauses; forgotten at the stop. */
  wakeAfter(key: string, delayMs: number): void {
    this.#timer(delayMs, () => this.wake(key));
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    this.#schedule();
  }

  stop(): void {
    this.#state = 'stopped';
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  #timer(delayMs: number, fire: () => void): void {
    if (this.#state === 'stopped') return;
    const cancel = this.#clock.setTimer(delayMs, () => {
      this.#cancels.delete(cancel);
      fire();
    });
    this.#cancels.add(cancel);
  }

  #schedule(): void {
    if (this.#scheduled || this.#state !== 'running' || this.#waiting.size === 0) return;
    this.#scheduled = true;
    this.#timer(0, () => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    if (this.#state !== 'running') return;
    // Keys that this turn's own writes wake wait for the next one.
    const keys = [...this.#waiting].slice(0, KEYS_PER_TURN);
    for (const key of keys) this.#waiting.delete(key);
    for (const key of keys) this.#attempt(key);
    this.#schedule();
  }

  #attempt(key: string): void {
    try {
      this.#work(key);
    } catch (error) {
      // The server refused a write: what was read has changed, or will have to. Anything else is a bug.
      if (!(error instanceof StatusError)) throw error;
      this.wakeAfter(key, RETRY_MS);
    }
  }
}
