/**
 * Credentials from an exec plugin (client.authentication.k8s.io). Starting a process is a door's work: a
 * program that wants it hands one over.
 */
import { errorText } from '../errors/error-text.ts';
import type { Clock } from '../doors/clock.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { Credentials } from './credentials.ts';

export interface ExecSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
}

/** Runs the plugin and answers what it wrote to stdout. Rejects with what it wrote to stderr. */
export type ExecCredentialDoor = (spec: ExecSpec) => Promise<string>;

export interface ExecCredential {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

/** Checks the `exec` section of a kubeconfig user. */
export function readExecSpec(section: unknown, where: string): ExecSpec {
  const { command, args, env, apiVersion } = (section ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof command !== 'string' || command === '') throw new ConfigError(`${where}.command is missing: name the credential plugin`);
  const pairs = Array.isArray(env) ? (env as readonly { readonly name?: unknown; readonly value?: unknown }[]) : [];
  return {
    command,
    args: Array.isArray(args) ? args.map(String) : [],
    env: Object.fromEntries(pairs.map(({ name, value }) => [String(name), String(value ?? '')])),
    apiVersion: typeof apiVersion === 'string' ? apiVersion : 'client.authentication.k8s.io/v1',
  };
}

export async function runExec(door: ExecCredentialDoor, spec: ExecSpec, where: string): Promise<ExecCredential> {
  let output: string;
  try {
    output = await door(spec);
  } catch (cause) {
    const why = errorText(cause);
    throw new ConfigError(`${where}: ${spec.command} failed (${why}): run it by hand and mend what it says`, { cause });
  }
  try {
    const { status } = JSON.parse(output) as { status?: ExecCredential };
    if (status === undefined || status === null) throw new Error('no status');
    return status;
  } catch (cause) {
    throw new ConfigError(`${where}: ${spec.command} did not print an ExecCredential with a status: check its version`, { cause });
  }
}

/** Tokens of the plugin, run again when the last one has expired or was refused. */
export function execCredentials(options: {
  readonly door: ExecCredentialDoor;
  readonly spec: ExecSpec;
  readonly where: string;
  readonly clock: Clock;
  /** From the first run, which also gave the client certificate. */
  readonly first: ExecCredential;
}): Credentials {
  let present = options.first;
  return async (refresh) => {
    const expires = Date.parse(present.expirationTimestamp ?? '');
    const expired = !Number.isNaN(expires) && expires <= options.clock.now();
    if (expired || refresh !== undefined) present = await runExec(options.door, options.spec, options.where);
    return present.token === undefined ? {} : { authorization: `Bearer ${present.token}` };
  };
}
