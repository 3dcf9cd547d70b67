/**
 * What the person who runs the program gave it is wrong: a flag, a file, a kubeconfig. Never retried, a
 * person has to change something; so every fault names the thing and the remedy.
 */
export class ConfigError extends Error {
  readonly code = 'CONFIG_ERROR';
  readonly faults: readonly string[];
  /** 2: the command line itself is wrong, as Go's flag packages have it; 1: what it names is unusable. */
  readonly exitCode: 1 | 2;

  constructor(faults: string | readonly string[], options: { readonly exitCode?: 1 | 2; readonly cause?: unknown } = {}) {
    const all = typeof faults === 'string' ? [faults] : faults;
    super(all.join('; '), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ConfigError';
    this.faults = all;
    this.exitCode = options.exitCode ?? 1;
  }
}
