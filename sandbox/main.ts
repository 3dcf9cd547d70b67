/**
 * `sandbox`: a Kubernetes control plane in one process, for trying and testing CSI drivers without a
 * cluster. Plain HTTP on loopback, no authentication. The kubeconfig is renamed into place once the
 * server answers, so whoever waits for the file may start.
 */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { loadAll } from 'js-yaml';
import { openDoors } from '../lib/process/doors/open-doors.ts';
import { ConfigError } from '../lib/errors/config-error.ts';
import type { Given } from '../lib/process/flag-syntax.ts';
import { scanFlags } from '../lib/process/flag-syntax.ts';
import type { Flag } from '../lib/process/flag.ts';
import { VERSION } from '../lib/process/version.ts';
import { readFlags, readOptions } from '../lib/process/flags.ts';
import { startNode } from './node/node.ts';
import type { Sandbox, SandboxPart } from './sandbox.ts';
import { createSandbox } from './sandbox.ts';
import { serveSandbox } from './serve.ts';
import { errorText } from '../lib/errors/error-text.ts';

const FLAGS = [
  {
    name: 'kubeconfig-out',
    type: 'string',
    default: '',
    help: 'File to write a kubeconfig to once the server answers. Required.',
    origin: 'ours',
  },
  { name: 'port', type: 'uint', default: '0', help: 'Port on 127.0.0.1; 0 takes a free one.', origin: 'ours', max: 65_535 },
  {
    name: 'parts',
    type: 'string',
    default: 'binder,scheduler,node',
    help: 'What runs beside the API server: binder (claims to volumes), scheduler (Pods to nodes), node (volumes of Pods).',
    origin: 'ours',
  },
  {
    name: 'csi-address',
    type: 'string',
    default: '',
    help: 'DRIVER=unix:///PATH of a CSI driver that the node serves; may be given more than once.',
    origin: 'ours',
  },
  {
    name: 'crds',
    type: 'string',
    default: '',
    help: 'Folder of YAML files with CustomResourceDefinitions to load at the start.',
    origin: 'ours',
  },
  { name: 'version', type: 'bool', default: 'false', help: 'Print the version and exit.', origin: 'ours' },
  { name: 'node-name', type: 'string', default: 'sandbox-node', help: 'Name of the Node object of the node part.', origin: 'ours' },
  {
    name: 'node-dir',
    type: 'string',
    default: '',
    help: 'Folder for volumes of Pods; by default `node` beside the kubeconfig.',
    origin: 'ours',
  },
] as const satisfies readonly Flag[];

const PARTS = ['binder', 'scheduler', 'node'];
/** How long a node may take to let go of its volumes when the process is told to end. */
const NODE_DRAIN_MS = 5_000;

interface Settings {
  readonly kubeconfigOut: string;
  readonly port: number;
  readonly parts: readonly string[];
  readonly drivers: ReadonlyMap<string, string>;
  readonly crds: string;
  readonly nodeName: string;
  readonly nodeDir: string;
}

function readDrivers(given: readonly Given[], faults: string[]): ReadonlyMap<string, string> {
  const drivers = new Map<string, string>();
  for (const { name, text } of given) {
    if (name !== 'csi-address') continue;
    const [, driver, address] = /^([^=/]+)=((?:unix:\/\/)?\/.+)$/.exec(text) ?? [];
    if (driver === undefined || address === undefined) faults.push(`--csi-address=${text}: write DRIVER=unix:///PATH`);
    else drivers.set(driver, address);
  }
  return drivers;
}

/** Throws ConfigError with every fault of the command line. */
function readSettings(words: readonly string[]): Settings | 'help' | 'version' {
  const { given, help, faults: scanFaults, rest } = scanFlags(words, 'pflag', FLAGS);
  if (help !== undefined) return 'help';
  const values = readFlags(FLAGS, given);
  if (values.faults.length === 0 && values.get('version') === true) return 'version';
  const faults = [...scanFaults, ...rest.map((word) => `${word} is no flag: write --NAME=VALUE`), ...values.faults];
  const drivers = readDrivers(given, faults);
  const parts = String(values.get('parts'))
    .split(',')
    .filter((part) => part !== '');
  for (const part of parts) if (!PARTS.includes(part)) faults.push(`--parts: there is no part ${part}, known are ${PARTS.join(', ')}`);
  if (values.get('kubeconfig-out') === '') faults.push('--kubeconfig-out is missing: write --kubeconfig-out=FILE');
  if (faults.length > 0) throw new ConfigError(faults, { exitCode: 2 });
  const options = readOptions(FLAGS, values);
  const kubeconfigOut = resolve(options.kubeconfigOut);
  const nodeDir = options.nodeDir === '' ? join(dirname(kubeconfigOut), 'node') : resolve(options.nodeDir);
  return { ...options, kubeconfigOut, nodeDir, parts, drivers };
}

function usage(): string {
  const lines = FLAGS.map((flag) => `  --${flag.name}${flag.default === '' ? '' : ` (default ${flag.default})`}\n      ${flag.help}`);
  return `sandbox: a Kubernetes control plane in one process\n\n${lines.join('\n')}\n`;
}

async function loadCrds(sandbox: Sandbox, dir: string): Promise<void> {
  const files = (await readdir(dir)).filter((file) => /\.(ya?ml|json)$/.test(file)).sort();
  for (const file of files) {
    for (const document of loadAll(await readFile(join(dir, file), 'utf8'))) {
      if (typeof document !== 'object' || document === null) continue;
      if (!('kind' in document) || document.kind !== 'CustomResourceDefinition') continue;
      const answer = await sandbox.handle({
        method: 'POST',
        path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
        headers: { 'content-type': 'application/json' },
        body: new TextEncoder().encode(JSON.stringify(document)),
      });
      if (answer.status !== 201) throw new ConfigError([`--crds: ${file} is refused: ${new TextDecoder().decode(answer.body)}`]);
    }
  }
}

/** JSON is YAML: any client reads it. */
function kubeconfig(url: string): string {
  const name = 'sandbox';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

async function publishKubeconfig(file: string, url: string): Promise<void> {
  const draft = `${file}.tmp`;
  await writeFile(draft, kubeconfig(url), { mode: 0o600 });
  await rename(draft, file);
}

/** Says which flag led to an error of the operating system. */
async function because<T>(flag: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`--${flag}: ${errorText(error)}`], { cause: error });
  }
}

async function run(settings: Settings): Promise<void> {
  const doors = openDoors();
  const { host, clock } = doors;
  const sandboxParts = settings.parts.filter((part): part is SandboxPart => part !== 'node');
  const sandbox = createSandbox({ clock, random: doors.random, parts: sandboxParts });
  if (settings.crds !== '') await because('crds', loadCrds(sandbox, settings.crds));
  const server = await because('port', serveSandbox(sandbox, settings.port));
  sandbox.start();
  const stopping = new AbortController();
  const stopped = new Promise<void>((done) => {
    stopping.signal.addEventListener('abort', () => done());
  });
  host.onSignal((signal) => {
    host.writeLog(`sandbox: ${signal}, ending\n`);
    stopping.abort();
  });
  const node = settings.parts.includes('node')
    ? startNode({
        doors,
        server: server.url,
        nodeName: settings.nodeName,
        drivers: settings.drivers,
        dir: settings.nodeDir,
        signal: stopping.signal,
      })
    : Promise.resolve();
  node.catch((error: unknown) => {
    host.writeLog(`sandbox: the node part ended: ${errorText(error)}\n`);
  });
  await because('kubeconfig-out', publishKubeconfig(settings.kubeconfigOut, server.url));
  host.writeLog(`sandbox: serving on ${server.url}, kubeconfig ${settings.kubeconfigOut}\n`);
  await stopped;
  // Order: the clients inside first, then their server.
  await Promise.race([node.catch(() => undefined), new Promise<void>((done) => clock.setTimer(NODE_DRAIN_MS, done))]);
  sandbox.stop();
  await server.close();
}

async function main(): Promise<void> {
  try {
    const settings = readSettings(process.argv.slice(2));
    if (settings === 'help' || settings === 'version') {
      process.stdout.write(settings === 'help' ? usage() : `sandbox ${VERSION}\n`);
      process.exit(0);
    }
    await run(settings);
    process.exit(0);
  } catch (error) {
    const lines = error instanceof ConfigError ? error.faults : [errorText(error)];
    process.stderr.write(lines.map((line) => `sandbox: ${line}\n`).join(''));
    process.exit(error instanceof ConfigError ? error.exitCode : 1);
  }
}

await main();
