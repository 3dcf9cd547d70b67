import { formatHelp } from '../lib/process/flag-help.ts';
import { scanFlags } from '../lib/process/flag-syntax.ts';
import type { Flag } from '../lib/process/flag.ts';
import type { OptionsOf } from '../lib/process/flags.ts';
import { readFlags, readOptions } from '../lib/process/flags.ts';

const FLAGS = [
  {
    name: 'json',
    type: 'bool',
    default: 'false',
    help: 'Text on stderr, the result as one JSON object on the last line of stdout.',
    origin: 'ours',
  },
  {
    name: 'keep',
    type: 'bool',
    default: 'false',
    help: 'Do not clean up: print how to reach the cluster, and end on Ctrl-C.',
    origin: 'ours',
  },
  {
    name: 'real',
    type: 'bool',
    default: 'false',
    help: 'On a real Kubernetes control plane (builds it with Go) instead of the sandbox.',
    origin: 'ours',
  },
  {
    name: 'node',
    type: 'bool',
    default: 'false',
    help: 'In Pods on a real node, in namespaces of its own (needs root, Go, and packages of Debian that it installs).',
    origin: 'ours',
  },
  {
    name: 'one-process',
    type: 'bool',
    default: 'false',
    help: 'All three roles in one csi-sidecars process instead of three programs.',
    origin: 'ours',
  },
] as const satisfies readonly Flag[];

export type DemoOptions = OptionsOf<typeof FLAGS>;

export type ReadDemoOptions =
  | { readonly kind: 'run'; readonly options: DemoOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly faults: readonly string[] };

export function readDemoOptions(words: readonly string[]): ReadDemoOptions {
  const scanned = scanFlags(words, 'pflag', FLAGS);
  if (scanned.help !== undefined) {
    // No Go program has these, so there is nothing to mark as "not in the Go program".
    const flags = FLAGS.map((flag) => ({ ...flag, origin: 'peer' as const }));
    return { kind: 'help', text: formatHelp({ program: 'demo', syntax: 'pflag', flags }) };
  }
  const values = readFlags(FLAGS, scanned.given);
  const faults = [...scanned.faults, ...scanned.rest.map((word) => `${word} is no flag: the demo takes flags only`), ...values.faults];
  return faults.length > 0 ? { kind: 'wrong', faults } : { kind: 'run', options: readOptions(FLAGS, values) };
}
