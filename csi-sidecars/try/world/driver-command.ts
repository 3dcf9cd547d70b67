/** A driver that the trial starts itself, from a line as one would type it in a shell, and ends again. */
import { spawn } from 'node:child_process';
import type { Doors } from '../../../lib/doors/doors.ts';
import { sleep } from '../../../lib/doors/sleep.ts';
import { ConfigError } from '../../../lib/errors/config-error.ts';
import { socketFault } from '../../driver/socket-fault.ts';

export interface DriverProcess {
  /** What it wrote last, both streams. */
  lastLines(): string;
  stop(): Promise<void>;
}

export interface DriverCommand {
  readonly command: string;
  /** Path of the socket that it is to serve. */
  readonly socket: string;
  /** A folder of its own, removed after the trial. */
  readonly dir: string;
  readonly doors: Pick<Doors, 'rpc' | 'clock'>;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

const KEPT = 4_000;
const LINES = 8;
const POLL_MS = 50;
const GRACE_MS = 5_000;

/**
 * Starts it with CSI_ENDPOINT (`unix:///path`) and CSI_DIR in its environment and waits until the socket answers.
 * Rejects with ConfigError if it ends before or takes too long.
 */
export async function startDriverCommand(options: DriverCommand): Promise<DriverProcess> {
  const { command, socket, dir, doors, limitMs, signal } = options;
  const { clock } = doors;
  const child = spawn('/bin/sh', ['-c', command], {
    env: { ...process.env, CSI_ENDPOINT: `unix://${socket}`, CSI_DIR: dir },
    // A group of its own: what the line starts ends with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const hear = (bytes: Buffer): void => {
    said = (said + bytes.toString('utf8')).slice(-KEPT);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  let ended: string | undefined;
  const end = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      ended = error.message;
      resolve();
    });
    child.once('exit', (code, by) => {
      ended = by === null ? `exit code ${code}` : `signal ${by}`;
      resolve();
    });
  });
  const send = (name: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // It is gone.
    }
  };
  const lastLines = (): string => said.trimEnd().split('\n').slice(-LINES).join('\n');
  const stop = async (): Promise<void> => {
    if (ended === undefined) {
      send('SIGTERM');
      await Promise.race([end, sleep(clock, GRACE_MS, new AbortController().signal)]);
    }
    // Also what outlived the line's own process.
    send('SIGKILL');
  };
  const began = clock.monotonic();
  for (;;) {
    const fault = await socketFault(doors, socket);
    if (fault === undefined) return { lastLines, stop };
    const late = clock.monotonic() - began > limitMs;
    if (ended === undefined && !late && !signal.aborted) {
      await sleep(clock, POLL_MS, signal);
      continue;
    }
    await stop();
    const why = ended === undefined ? `did not serve $CSI_ENDPOINT within ${limitMs / 1000} s` : `ended (${ended})`;
    throw new ConfigError(`--driver-command ${why}${said === '' ? '' : `:\n${lastLines()}`}`);
  }
}
