/**
 * The end of a program, in one documented order (see `program.ts` for the list). Each step has a limit of
 * its own, so that one that hangs cannot keep the lease from being given back or the process from ending.
 */
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import { deadline } from '../doors/sleep.ts';

export interface ShutdownStep {
  readonly name: string;
  readonly limitMs: number;
  /** The signal fires at the limit; what goes on after it is left behind. */
  readonly run: (signal: AbortSignal) => Promise<void> | void;
}

export interface ShutdownOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** A second SIGTERM or SIGINT: every step is cut short. */
  readonly force: AbortSignal;
}

/** Never rejects: a step that fails is logged and the next one runs. */
export async function runShutdown(steps: readonly ShutdownStep[], { clock, log, force }: ShutdownOptions): Promise<void> {
  for (const { name, limitMs, run } of steps) {
    const limit = deadline(clock, limitMs, force);
    const cut = new Promise<'cut'>((resolve) => {
      if (limit.signal.aborted) resolve('cut');
      else limit.signal.addEventListener('abort', () => resolve('cut'));
    });
    try {
      const end = await Promise.race([run(limit.signal), cut]);
      if (end === 'cut' && !force.aborted) log.warn('Shutdown step took too long and is left behind', { step: name, limitMs });
    } catch (error) {
      log.error('Shutdown step failed', error, { step: name });
    } finally {
      limit.clear();
    }
  }
}
