/**
 * Something a person has to mend before the program can run: the message names the thing and the remedy.
 * Same shape and `code` as the process's own error, which this folder may not import.
 */
export class ConfigError extends Error {
  readonly code = 'CONFIG_ERROR';
  readonly faults: readonly string[];
  readonly exitCode = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConfigError';
    this.faults = [message];
  }
}
