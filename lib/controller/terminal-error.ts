/** An error after which the process has to end (exit code 1): its supervisor starts the next incarnation. */
export class TerminalError extends Error {
  readonly code = 'TERMINAL_ERROR';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TerminalError';
  }
}

/** By code, so that the process's own terminal errors count as well. */
export function isTerminal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'TERMINAL_ERROR';
}
