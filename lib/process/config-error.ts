/**
 * The two errors that end a program. Neither is retried: a person has to change something (ConfigError),
 * or the process cannot go on in this incarnation (TerminalError) and its supervisor starts the next one.
 */

/** Input of the person who runs the program is wrong. Every fault names the thing and the remedy. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_ERROR';
  readonly faults: readonly string[];
  /** 2: the command line itself is wrong, as Go's flag packages have it; 1: what it names is unusable. */
  readonly exitCode: 1 | 2;

  constructor(faults: readonly string[], options: { readonly exitCode?: 1 | 2; readonly cause?: unknown } = {}) {
    super(faults.join('; '), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ConfigError';
    this.faults = faults;
    this.exitCode = options.exitCode ?? 1;
  }
}

export type TerminalReason =
  /** Another replica holds the lease, or it could not be renewed in time. */
  | 'LEASE_LOST'
  /** The driver has been gone for longer than the limit. */
  | 'DRIVER_LOST'
  /** The socket answers with another driver's name than before. */
  | 'DRIVER_CHANGED'
  /** The driver lacks what the role needs, or refuses to say. */
  | 'DRIVER_UNUSABLE'
  /** Custom resource definitions are missing and the time to wait for them is over. */
  | 'RESOURCES_MISSING'
  /** The API server cannot be reached or refuses this program. */
  | 'API_UNUSABLE';

/** The process has to end with exit code 1, in good order. */
export class TerminalError extends Error {
  readonly code = 'TERMINAL_ERROR';
  readonly reason: TerminalReason;

  constructor(reason: TerminalReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TerminalError';
    this.reason = reason;
  }
}
