/**
 * Flags as a table. One row (name, type, default, help, origin) gives the parser, `--help`, docs/flags.md
 * and the parity test against the Go programs; there is no other place that knows a flag.
 *
 * A program's table lies beside the program (`snapshotter/controller-options.ts`, …) and is written
 *
 *   export const FLAGS = [
 *     ...KLOG_FLAGS,                                     // rows shared by programs: flag-groups.ts
 *     { name: 'timeout', type: 'duration', default: '1m', help: '…', origin: 'peer', min: 1 },
 *   ] as const satisfies readonly Flag[];
 *   export type Options = OptionsOf<typeof FLAGS>;       // { readonly timeoutMs: number; … }
 *   const options = readOptions(FLAGS, values);          // throws ConfigError with all faults at once
 *
 * Command lines are read in two steps: flag-syntax.ts turns words into (name, text) pairs by the rules of
 * Go's `flag` or of pflag, then this file turns texts into values. Nothing here exits or prints.
 */
import { ConfigError } from '../errors/config-error.ts';
import type { Flag } from './flag.ts';
import type { Given } from './flag-syntax.ts';
import { readValue } from './flag-value.ts';
import type { FlagValue, Gates, ValueOf } from './flag-value.ts';

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
type OptionKey<F extends Flag> = F['type'] extends 'duration' ? `${Camel<F['name']>}Ms` : Camel<F['name']>;

/** `retry-interval-start` (duration) becomes `retryIntervalStartMs: number`. */
export type OptionsOf<T extends readonly Flag[]> = { readonly [F in T[number] as OptionKey<F>]: ValueOf<F['type']> };

/** What was given on a command line, by flag name. A flag that was not given has its default. */
export interface FlagValues {
  /** Every legal value; reading a flag that had a fault throws, so look at `faults` first. */
  get(name: string): FlagValue;
  has(name: string): boolean;
  isSet(name: string): boolean;
  /** One sentence each. */
  readonly faults: readonly string[];
}

/** Texts → values. Later wins; every fault is kept, none throws. */
export function readFlags(flags: readonly Flag[], given: readonly Given[]): FlagValues {
  const values = new Map<string, FlagValue>();
  const set = new Set<string>();
  const faults: string[] = [];
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  for (const flag of flags) values.set(flag.name, defaultValue(flag));
  for (const { name, text } of given) {
    const flag = byName.get(name);
    if (flag === undefined) continue;
    set.add(name);
    const read = readValue(flag, text);
    // A map flag given twice adds up (as in the peers' map values); anything else is replaced.
    if (read.ok) values.set(name, merge(values.get(name), read.value));
    else faults.push(read.fault);
  }
  return {
    faults,
    isSet: (name) => set.has(name),
    has: (name) => values.has(name),
    get: (name) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`no flag ${name} in this table`);
      return value;
    },
  };
}

function defaultValue(flag: Flag): FlagValue {
  const read = readValue({ ...flag, min: Number.NEGATIVE_INFINITY }, flag.default);
  if (!read.ok) throw new Error(`flag table: the default of --${flag.name} is no ${flag.type}: ${read.fault}`);
  return read.value;
}

function merge(old: FlagValue | undefined, next: FlagValue): FlagValue {
  return isGates(old) && isGates(next) ? new Map([...old, ...[...next].filter(([, gate]) => gate.explicit)]) : next;
}

function isGates(value: FlagValue | undefined): value is Gates {
  return value instanceof Map;
}

/** The typed options of a table. Throws ConfigError (exit code 2) naming every fault at once. */
export function readOptions<const T extends readonly Flag[]>(flags: T, values: FlagValues): OptionsOf<T> {
  if (values.faults.length > 0) throw new ConfigError(values.faults, { exitCode: 2 });
  const entries = flags.map((flag) => [optionKey(flag), values.get(flag.name)] as const);
  // The one place where the table's types meet the values read by it: readValue follows flag.type.
  return Object.freeze(Object.fromEntries(entries)) as OptionsOf<T>;
}

function optionKey(flag: Flag): string {
  const camel = flag.name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return flag.type === 'duration' ? `${camel}Ms` : camel;
}

export function gateEnabled(gates: Gates, name: string): boolean {
  const gate = gates.get(name);
  if (gate === undefined) throw new Error(`no feature gate ${name} in this table`);
  return gate.enabled;
}
