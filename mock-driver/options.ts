/** The command line: one table gives parser, --help and messages. All faults of a command line are reported together. */
import { switchableNames } from './capabilities.ts';
import { sizeOf } from './faults/parse.ts';
import type { Pool, Segment } from './model/records.ts';
import type { SecretRule } from './secrets.ts';
import type { VolumeFormat } from './system/disk-store.ts';
import type { PublishMode } from './system/mounts.ts';

/** The command line after parsing: complete, checked, nothing optional left to defaults elsewhere. */
export interface MainOptions {
  readonly endpoint: string;
  readonly stateDir: string;
  readonly nodeId: string;
  readonly driverName: string;
  readonly topology: readonly Segment[];
  readonly disabled: ReadonlySet<string>;
  readonly publish: PublishMode;
  readonly volumeFormat: VolumeFormat;
  readonly journal: string | undefined;
  readonly scenario: string | undefined;
  readonly control: string | undefined;
  readonly requireSecrets: SecretRule | undefined;
  readonly pools: readonly Pool[];
  readonly maxVolumeBytes: bigint | undefined;
  readonly maxVolumesPerNode: number;
}

export type Command =
  | { readonly kind: 'serve'; readonly options: MainOptions }
  | { readonly kind: 'ledger'; readonly stateDir: string; readonly json: boolean }
  | { readonly kind: 'help' | 'version' };

/** The command line cannot be obeyed; the message has a line for each reason. */
export class UsageError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'UsageError';
  }
}

/** One flag: its name, what its value looks like, and what it does. The parser and --help read the same rows. */
interface FlagRow {
  readonly flag: string;
  readonly value: string;
  readonly help: string;
}

const FLAGS: readonly FlagRow[] = [
  { flag: 'endpoint', value: 'unix:///P', help: 'Socket to serve on. It exists once the driver serves. Required.' },
  { flag: 'state-dir', value: 'D', help: 'Directory that holds volumes and snapshots. Instances may share one. Required.' },
  { flag: 'node-id', value: 'N', help: 'This node, as NodeGetInfo answers it. Required.' },
  { flag: 'driver-name', value: 'NAME', help: 'Default mock.csi.example.' },
  { flag: 'topology', value: 'K=V,K=V', help: 'A segment; may be repeated. The first is where this node is. Switches topology on.' },
  { flag: 'disable', value: 'CAP,…', help: 'Capabilities to switch off; may be repeated. Known are listed below.' },
  { flag: 'publish', value: 'auto|bind|symlink', help: 'How volumes appear at target paths. auto (the default): mounts if possible.' },
  {
    flag: 'volume-format',
    value: 'directory|ext4',
    help: 'What a mounted volume is: a directory (the default), or a file system that ends at its size.',
  },
  { flag: 'pool', value: '[K=V,K=V:]SIZE', help: 'Size of the pool of a segment, or of every pool; may be repeated. Default 128Ti.' },
  { flag: 'max-volume-size', value: 'SIZE', help: 'Largest volume. Default 8Ti.' },
  { flag: 'max-volumes-per-node', value: 'N', help: 'Default 0: no limit.' },
  { flag: 'require-secrets', value: '[K=V,…]', help: 'Calls must carry secrets: any, or these.' },
  { flag: 'scenario', value: 'FILE', help: 'Faults to play, in YAML or JSON.' },
  { flag: 'control', value: 'unix:///P', help: 'Second socket: faults, ledger and journal over HTTP.' },
  { flag: 'journal', value: 'FILE', help: 'Where each call is written as one JSON line.' },
];

export function helpText(): string {
  const rows = FLAGS.map(({ flag, value, help }) => `  --${`${flag}=${value}`.padEnd(30)} ${help}`);
  return [
    'A CSI driver for tests and laptops: real data in directories, every capability switchable, faults on demand.',
    '',
    'Usage: mock-driver --endpoint=unix:///P --state-dir=D --node-id=N [flags]',
    '       mock-driver ledger --state-dir=D [--json]     what exists now',
    '',
    ...rows,
    '',
    `Capabilities: ${switchableNames().join(', ')}.`,
    '',
  ].join('\n');
}

/** Throws UsageError with every problem at once: nobody should have to find them one by one. */
export function parseCommand(args: readonly string[]): Command {
  if (args.some((arg) => arg === '--help' || arg === '-h' || arg === 'help')) return { kind: 'help' };
  if (args.includes('--version')) return { kind: 'version' };
  if (args[0] === 'ledger') return parseLedger(args.slice(1));
  const problems: string[] = [];
  const given = readFlags(
    args,
    FLAGS.map(({ flag }) => flag),
    problems,
  );
  const one = (flag: string): string | undefined => given.get(flag)?.at(-1);
  const required = (flag: string): string => {
    const value = one(flag) ?? '';
    if (value === '') problems.push(`--${flag} is missing`);
    return value;
  };
  const size = (flag: string, text: string): bigint => {
    try {
      return sizeOf(text, `--${flag}`);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return 0n;
    }
  };
  const pairs = (flag: string, text: string): Record<string, string> => {
    const entries = text.split(',').map((pair) => pair.split('='));
    if (entries.some(([key = '', value = '', ...rest]) => key === '' || value === '' || rest.length > 0))
      problems.push(`--${flag}=${text}: write key=value,key=value`);
    return Object.fromEntries(entries.map(([key = '', value = '']) => [key, value]));
  };
  const pool = (text: string): Pool => {
    const at = text.lastIndexOf(':');
    return { segment: at < 0 ? undefined : pairs('pool', text.slice(0, at)), bytes: size('pool', text.slice(at + 1)) };
  };
  // Volumes are compared with nodes key by key: segments of different shapes would never meet.
  const topology = (given.get('topology') ?? []).map((text) => pairs('topology', text));
  if (new Set(topology.map((segment) => Object.keys(segment).sort().join())).size > 1)
    problems.push('--topology: all segments must have the same keys');
  const disabled = new Set((given.get('disable') ?? []).flatMap((text) => text.split(',')).filter((name) => name !== ''));
  const unknown = [...disabled].filter((name) => !switchableNames().includes(name));
  if (unknown.length > 0) problems.push(`--disable: ${unknown.join(', ')} unknown; known are ${switchableNames().join(', ')}`);
  const publish = one('publish') ?? 'auto';
  if (publish !== 'auto' && publish !== 'bind' && publish !== 'symlink')
    problems.push(`--publish=${publish}: choose auto, bind or symlink`);
  const format = one('volume-format') ?? 'directory';
  if (format !== 'directory' && format !== 'ext4') problems.push(`--volume-format=${format}: choose directory or ext4`);
  const limit = one('max-volumes-per-node') ?? '0';
  if (!/^[0-9]{1,6}$/.test(limit)) problems.push(`--max-volumes-per-node=${limit} is not a number`);
  const secrets = one('require-secrets');
  const maxVolumeSize = one('max-volume-size');
  const options: MainOptions = {
    endpoint: required('endpoint'),
    stateDir: required('state-dir'),
    nodeId: required('node-id'),
    driverName: one('driver-name') ?? 'mock.csi.example',
    topology,
    disabled,
    publish: publish === 'bind' || publish === 'symlink' ? publish : 'auto',
    volumeFormat: format === 'ext4' ? 'ext4' : 'directory',
    journal: one('journal'),
    scenario: one('scenario'),
    control: one('control'),
    requireSecrets: secrets === undefined ? undefined : secrets === '' ? {} : pairs('require-secrets', secrets),
    pools: (given.get('pool') ?? []).map(pool),
    maxVolumeBytes: maxVolumeSize === undefined ? undefined : size('max-volume-size', maxVolumeSize),
    maxVolumesPerNode: Number(limit),
  };
  if (!/^[a-zA-Z]([-A-Za-z0-9._]{0,61}[A-Za-z0-9])?$/.test(options.driverName))
    problems.push(`--driver-name=${options.driverName} is no CSI driver name (63 letters, digits, '-', '.' at most)`);
  if (Buffer.byteLength(options.nodeId) > 256) problems.push('--node-id is longer than 256 bytes');
  if (problems.length > 0) throw new UsageError(problems);
  return { kind: 'serve', options };
}

/** `ledger` reads a directory and nothing else, so it takes none of the driver's flags. */
function parseLedger(args: readonly string[]): Command {
  const problems: string[] = [];
  const given = readFlags(args, ['state-dir', 'json'], problems);
  const stateDir = given.get('state-dir')?.at(-1) ?? '';
  if (stateDir === '') problems.push('--state-dir is missing');
  if (problems.length > 0) throw new UsageError(problems);
  return { kind: 'ledger', stateDir, json: given.has('json') && given.get('json')?.at(-1) !== 'false' };
}

/** `--flag=value`, `--flag value` or `-flag=value`; a flag whose value may be left out takes it only with `=`. */
function readFlags(args: readonly string[], known: readonly string[], problems: string[]): ReadonlyMap<string, readonly string[]> {
  const given = new Map<string, string[]>();
  const bare = ['require-secrets', 'json'];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    const [, flag = '', sign, inline = ''] = /^--?([a-z][a-z-]*)(=)?(.*)$/s.exec(arg) ?? [];
    if (flag === '' || !known.includes(flag)) {
      problems.push(`${arg}: unknown; --help lists the flags`);
      continue;
    }
    let value = inline;
    if (sign === undefined && !bare.includes(flag)) {
      index += 1;
      value = args[index] ?? '';
    }
    given.set(flag, [...(given.get(flag) ?? []), value]);
  }
  return given;
}
