/**
 * `csi-sidecars try --csi-address=unix:///PATH | --driver-command='…'`: a CSI driver tried from end to end without a
 * cluster, and a verdict on every clause of the specification that could be put to the test.
 *
 * Exit 0: the driver did all that was asked of it. 1: it did not, or none answers. 2: usage.
 */
import { ConfigError } from '../../lib/errors/config-error.ts';
import { formatHelp } from '../../lib/process/flag-help.ts';
import { scanFlags } from '../../lib/process/flag-syntax.ts';
import type { Flag } from '../../lib/process/flag.ts';
import type { OptionsOf } from '../../lib/process/flags.ts';
import { readFlags, readOptions } from '../../lib/process/flags.ts';
import type { VerbInput } from '../install-crds/verb.ts';
import type { TryReport } from './record.ts';
import { reportAsJson } from './report/json.ts';
import { stepLine, summaryLines } from './report/text.ts';
import { runTry } from './run.ts';
import { STEPS } from './steps.ts';
import { readClassFile } from './world/classes.ts';

export const TRY_FLAGS = [
  { name: 'csi-address', type: 'string', default: '', help: 'Socket of the driver, unix:///PATH.', origin: 'ours' },
  {
    name: 'driver-command',
    type: 'string',
    default: '',
    help: 'Line for the shell that starts the driver on $CSI_ENDPOINT (or on --csi-address); $CSI_DIR is a folder of its own.',
    origin: 'ours',
  },
  {
    name: 'class',
    type: 'string',
    default: '',
    help: 'YAML file with the StorageClass, VolumeSnapshotClass, VolumeAttributesClass and Secrets to try with.',
    origin: 'ours',
  },
  {
    name: 'profile',
    type: 'string',
    default: 'full',
    choices: ['basic', 'full'],
    help: 'basic: no restarts, no bad connections, no orders of deletion.',
    origin: 'ours',
  },
  { name: 'timeout', type: 'duration', default: '30s', min: 100, help: 'How long each step may take.', origin: 'ours' },
  {
    name: 'output',
    type: 'string',
    default: 'text',
    choices: ['text', 'json'],
    help: 'json: text on stderr, one JSON object on stdout.',
    origin: 'ours',
  },
] as const satisfies readonly Flag[];

type TryFlags = OptionsOf<typeof TRY_FLAGS>;

export async function runTryVerb(input: VerbInput): Promise<number> {
  const scanned = scanFlags(input.words, 'pflag', TRY_FLAGS);
  if (scanned.help) {
    const flags = TRY_FLAGS.map((flag) => ({ ...flag, origin: 'peer' as const }));
    input.out(formatHelp({ program: 'csi-sidecars try', syntax: 'pflag', flags }).trimEnd());
    return 0;
  }
  const values = readFlags(TRY_FLAGS, scanned.given);
  const faults = [...scanned.faults, ...scanned.rest.map((word) => `${word} is no flag: try takes flags only`), ...values.faults];
  if (values.faults.length === 0 && values.get('csi-address') === '' && values.get('driver-command') === '')
    faults.push('name the driver: --csi-address=unix:///PATH, or --driver-command to start one');
  if (faults.length > 0) {
    for (const fault of faults) input.err(`try: ${fault}`);
    return 2;
  }
  const options = readOptions(TRY_FLAGS, values);
  const say = options.output === 'json' ? input.err : input.out;
  try {
    const report = await tryDriver(input, options, say);
    for (const line of summaryLines(report)) say(line);
    if (options.output === 'json') input.out(reportAsJson(report));
    return report.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) input.err(`try: ${fault}`);
    if (options.output === 'json') input.out(JSON.stringify({ ok: false, error: error.message }));
    return error.exitCode;
  }
}

async function tryDriver({ doors, signal }: VerbInput, options: TryFlags, say: (line: string) => void): Promise<TryReport> {
  const width = Math.max(...STEPS.map(({ title }) => title.length));
  return runTry({
    doors,
    csiAddress: options.csiAddress,
    command: options.driverCommand,
    classFile: options.class === '' ? [] : readClassFile(await textOf(doors.files, options.class), options.class),
    profile: options.profile === 'basic' ? 'basic' : 'full',
    stepLimitMs: options.timeoutMs,
    begun: () => undefined,
    ended: (result) => say(stepLine(result, width)),
    signal,
  });
}

async function textOf(files: VerbInput['doors']['files'], path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await files.read(path));
  } catch (error) {
    throw new ConfigError(`--class=${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
