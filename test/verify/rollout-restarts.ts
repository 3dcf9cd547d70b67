/** Programs that are ended and started again in turn, for as long as it is asked. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Program, Stage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';

export interface RestartableSpec {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** How many roles work in it. */
  readonly roles: number;
}

export interface Restartable {
  readonly name: string;
  /** How often it was ended. */
  readonly restarts: number;
  /** Ends it and starts it again at once. */
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Every role of the present process leads and works. */
  working(stop: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export function startRestartable(stage: Stage, spec: RestartableSpec): Restartable {
  const start = (): Program => stage.start({ name: spec.name, file: process.execPath, args: [spec.file, ...spec.args], mayEnd: true });
  let present = start();
  let restarts = 0;
  return {
    name: spec.name,
    get restarts() {
      return restarts;
    },
    restart: async (signal) => {
      restarts += 1;
      if (signal === 'SIGKILL') await present.kill();
      else await present.stop();
      present = start();
    },
    working: async (stop) => {
      await eventually(
        `${spec.name} to work`,
        () => {
          const log = present.log();
          if (!present.running()) throw new Error(`${spec.name} ended by itself:\n${log.slice(-3000)}`);
          return log.split('"Working"').length > spec.roles ? true : undefined;
        },
        { everyMs: 100, signal: stop },
      );
    },
    stop: async () => void (await present.stop()),
  };
}

export interface RestartingOptions {
  readonly signal: 'SIGTERM' | 'SIGKILL';
  /** Between the moment a program works again and the end of the next one. */
  readonly calmMs: number;
  readonly stop: AbortSignal;
}

/**
 * One at a time, and the next not before the last one leads again: a roll-out goes on like that, and what an operation
 * may have to wait for is one absence, not the sum of several.
 */
export async function keepRestarting(programs: readonly Restartable[], { signal, calmMs, stop }: RestartingOptions): Promise<void> {
  for (let turn = 0; !stop.aborted; turn += 1) {
    const program = programs[turn % programs.length];
    if (program === undefined) return;
    await program.restart(signal);
    await program.working(stop).catch((error: unknown) => {
      if (!stop.aborted) throw error;
    });
    await pause(calmMs, undefined, { signal: stop }).catch(() => undefined);
  }
}
