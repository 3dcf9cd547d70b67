export type TerminalReason =
  /** Another replica holds the lease, or it could not be renewed in time. */
  | 'LEASE_LOST'
  /** The driver has been gone for longer than the limit. */
  | 'DRIVER_LOST'
  /** The socket answers with another driver's name than before. */
  | 'DRIVER_CHANGED'
  /** The driver lacks what the role needs, or refuses to say. */
  | 'DRIVER_UNUSABLE'
  /** The API server was restored from a backup: what this process remembers is void. */
  | 'HISTORY_CHANGED'
  /** Custom resource definitions are missing and the time to wait for them is over. */
  | 'RESOURCES_MISSING'
  /** The API server cannot be reached or refuses this program. */
  | 'API_UNUSABLE';

/**
 * The process cannot go on in this incarnation and ends with exit code 1, in good order: its supervisor
 * starts the next one. Never retried within the process.
 */
export class TerminalError extends Error {
  readonly code = 'TERMINAL_ERROR';
  readonly reason: TerminalReason;

  constructor(reason: TerminalReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TerminalError';
    this.reason = reason;
  }
}

export function historyChanged(resource: string): TerminalError {
  return new TerminalError(
    'HISTORY_CHANGED',
    `the API server was restored to an earlier state, as from a backup (seen at ${resource}): ` +
      'this process may remember changes that are undone, so it exits and starts again with a fresh view. Nothing has to be done',
  );
}
