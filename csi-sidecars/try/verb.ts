/**
 * `csi-sidecars try --csi-address=unix:///PATH | --driver-command='…'`: a CSI driver tried from end to end without a
 * cluster, and a verdict on every clause of the specification that could be put to the test.
 */
import { ConfigError } from '../../lib/errors/config-error.ts';
import type { Flag } from '../../lib/process/flag.ts';
import type { OptionsOf } from '../../lib/process/flags.ts';
import { startProgress } from '../frame/progress.ts';
import type { VerbInput, VerbResult } from '../frame/verb.ts';
import { defineVerb } from '../frame/verb.ts';
import { openFolder, writeReports } from './report/folder.ts';
import { reportAsJson } from './report/json.ts';
import { reportLines } from './report/text.ts';
import { errorText } from '../../lib/errors/error-text.ts';

const FLAGS = [
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
    help: 'basic: no crashes, no bad connections, no orders of deletion.',
    origin: 'ours',
  },
  { name: 'report', type: 'string', default: '', help: 'Folder for report.html, report.txt, report.json and junit.xml.', origin: 'ours' },
  { name: 'timeout', type: 'duration', default: '30s', min: 100, help: 'How long each step may take.', origin: 'ours' },
] as const satisfies readonly Flag[];

type Input = VerbInput<OptionsOf<typeof FLAGS>>;

export const TRY = defineVerb({
  name: 'try',
  about: 'tries a CSI driver from end to end without a cluster, and judges it by the specification',
  example: 'csi-sidecars try --csi-address=unix:///run/csi/socket',
  schemaVersion: 1,
  flags: FLAGS,
  run: tryDriver,
});

async function tryDriver(input: Input): Promise<VerbResult> {
  const { doors, options, screen, signal } = input;
  if (options.csiAddress === '' && options.driverCommand === '')
    throw new ConfigError('name the driver: --csi-address=unix:///PATH, or --driver-command to start one', { exitCode: 2 });
  // Loaded when it is asked for: a process that only runs roles needs no control plane in its memory.
  const { runTry } = await import('./run.ts');
  const { readClassFile } = await import('./world/classes.ts');
  if (options.report !== '') await openFolder(options.report);
  const progress = startProgress(screen, doors.clock);
  try {
    const report = await runTry({
      doors,
      csiAddress: options.csiAddress,
      command: options.driverCommand,
      classFile: options.class === '' ? [] : readClassFile(await textOf(doors.files, options.class), options.class),
      profile: options.profile === 'basic' ? 'basic' : 'full',
      stepLimitMs: options.timeoutMs,
      begun: ({ title }) => progress.say(title),
      signal,
    });
    const page = options.report === '' ? undefined : await writeReports(options.report, report);
    const pointer = page === undefined ? [] : [`The whole story: ${page}`];
    return { found: !report.ok, json: reportAsJson(report), lines: (paint) => [...reportLines(report, paint), ...pointer] };
  } finally {
    progress.end();
  }
}

async function textOf(files: Input['doors']['files'], path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await files.read(path));
  } catch (error) {
    throw new ConfigError(`--class=${path} cannot be read: ${errorText(error)}`, { cause: error });
  }
}
