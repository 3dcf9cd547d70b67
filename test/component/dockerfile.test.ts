/**
 * The Dockerfile without Docker: its build and start steps, carried out in temporary trees. What a base
 * image would give (Node, npm, a shell) is this machine's. The programs then run as the manifests run them:
 * another user without rights, on a tree that cannot be written.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../harness/wait.ts';
import { parseDockerfile, type Stage } from '../../images/dockerfile.ts';
import { entriesOf, type Layer } from '../../images/layer.ts';
import { targetsOf } from '../../images/targets.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const TARGETS = ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner', 'csi-sidecars', 'mock-driver'];
const NOBODY = 65_532;
const STAGES = parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));

/** Trees of finished stages, by name. */
const trees = new Map<string, string>();
let folder = '';

function stage(name: string): Stage {
  const found = STAGES.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the Dockerfile has no stage ${name}`);
  return found;
}

/** The files that `docker build` would send. */
function contextFiles(): string[] {
  const ignored = new Set(
    readFileSync(join(ROOT, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.includes('*')),
  );
  return readdirSync(ROOT).filter((name) => !ignored.has(name) && !name.endsWith('.log'));
}

/** An absolute path of the image, in the tree that stands for it. */
const within = (tree: string, path: string, workdir: string): string => join(tree, path.startsWith('/') ? path : join(workdir, path));

function build(name: string): string {
  const done = trees.get(name);
  if (done !== undefined) return done;
  const { from, steps } = stage(name);
  const tree = join(folder, name);
  // A stage on another one starts with its files; a stage on a base image with what this machine has.
  if (STAGES.some((each) => each.name === from)) cpSync(build(from), tree, { recursive: true, verbatimSymlinks: true });
  else mkdirSync(tree);
  trees.set(name, tree);
  let workdir = '/';
  for (const step of steps) {
    if (step.kind === 'workdir') {
      workdir = step.path;
      mkdirSync(within(tree, workdir, '/'), { recursive: true });
    } else if (step.kind === 'copy') copy({ step, tree, workdir });
    else if (step.kind === 'run') run({ command: step.command, tree, workdir });
  }
  return tree;
}

function copy({
  step,
  tree,
  workdir,
}: {
  step: { readonly from?: string; readonly sources: readonly string[]; readonly target: string };
  tree: string;
  workdir: string;
}): void {
  const target = within(tree, step.target, workdir);
  for (const source of step.sources) {
    const origin = step.from === undefined ? join(ROOT, source) : within(build(step.from), source, '/');
    if (source === '.') for (const name of contextFiles()) cpSync(join(ROOT, name), join(target, name), { recursive: true });
    else cpSync(origin, step.target.endsWith('/') && statSync(origin).isFile() ? join(target, source) : target, { recursive: true });
  }
}

/** Absolute paths in a command mean the image. */
function run({ command, tree, workdir }: { command: string; tree: string; workdir: string }): void {
  const moved = command.replace(/(?<=\s)\/(?=[\w.-])/g, `${tree}/`);
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', npm_config_prefer_offline: 'true' };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', moved], {
    cwd: within(tree, workdir, '/'),
    encoding: 'utf8',
    env,
    timeout: 600_000,
  });
  expect({ command, status, output: status === 0 ? '' : stdout + stderr }).toEqual({ command, status: 0, output: '' });
}

/** Path → digest of what is there, links followed: the trees have their links into themselves. */
function contentOf(layers: readonly Layer[]): Readonly<Record<string, string>> {
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const entries = layers.flatMap((layer) => entriesOf(layer));
  const files = entries.flatMap((entry) => (entry.kind === 'file' ? [[entry.path, digest(entry.read())] as const] : []));
  const known = new Map(files);
  const links = entries.flatMap((entry) =>
    entry.kind === 'link' ? [[entry.path, known.get(entry.target.slice(1)) ?? 'nothing'] as const] : [],
  );
  return Object.fromEntries([...files, ...links].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const isRoot = process.getuid?.() === 0;
const canDrop = isRoot && spawnSync('setpriv', ['--version']).status === 0;

/** Starts an entry point as the manifests do: no home, no rights, a working directory that cannot be written. */
function start(target: string, words: readonly string[]): ChildProcess {
  const [entry = ''] = stage(target).entrypoint ?? [];
  const program = join(build(target), entry);
  const drop = [
    '--reuid',
    String(NOBODY),
    '--regid',
    String(NOBODY),
    '--clear-groups',
    '--inh-caps=-all',
    '--bounding-set=-all',
    '--no-new-privs',
  ];
  const [command, ...first] = canDrop ? ['setpriv', ...drop, program] : [program];
  return spawn(command ?? program, [...first, ...words], {
    cwd: build(target),
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function finished(child: ChildProcess): Promise<Ended> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** Takes the right to write from everything; the trees' owner is not the user that runs. */
function makeReadOnly(tree: string): void {
  spawnSync('chmod', ['-R', 'a-w,a+rX', tree]);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'csi-image-'));
  chmodSync(folder, 0o755);
  for (const target of TARGETS) build(target);
  for (const target of TARGETS) makeReadOnly(build(target));
  if (!canDrop) console.log('not root, or no setpriv: the programs run as this user instead of as uid 65532 without capabilities');
  // npm ci and a build: a hang guard, not a bound.
}, 600_000);

afterAll(() => {
  spawnSync('chmod', ['-R', 'u+w', folder]);
  rmSync(folder, { recursive: true, force: true });
});

describe('the Dockerfile', () => {
  test('has a target for every program, whose entry point is the program at its peer’s path', () => {
    for (const target of TARGETS) expect(stage(target).entrypoint).toEqual([`/${target}`]);
  });

  test('leaves the user to the manifests, and builds on a Node release line that is alive', () => {
    const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
    expect(text).not.toMatch(/^USER/m);
    const major = Number(/^ARG NODE_IMAGE=node:(\d+)/m.exec(text)?.[1]);
    expect(major % 2).toBe(0);
    expect(major).toBeGreaterThanOrEqual(24);
  });

  test('puts into an image its program, the shared chunks and the licences, and no source', () => {
    for (const target of TARGETS) {
      const tree = build(target);
      expect(readdirSync(join(tree, 'app/dist')).filter((name) => name.endsWith('.mjs'))).toEqual([`${target}.mjs`]);
      expect(existsSync(join(tree, 'app/LICENSE'))).toBe(true);
      expect(readFileSync(join(tree, 'app/LICENSES.txt'), 'utf8')).toContain('@grpc/grpc-js');
      expect(readdirSync(tree).sort()).toEqual(['app', target].sort());
    }
  });

  test('carried out gives the files that `npm run images` reads off it', () => {
    const targets = targetsOf(ROOT);
    expect(targets.map(({ name }) => name).toSorted()).toEqual(TARGETS.toSorted());
    for (const { name, entrypoint, layers } of targets) {
      expect(entrypoint).toEqual(stage(name).entrypoint);
      expect(contentOf(layers), name).toEqual(contentOf([{ title: name, files: { '/': build(name) } }]));
    }
  });
});

describe('a container', () => {
  const sidecars = TARGETS.filter((target) => target !== 'mock-driver');

  test('of every sidecar starts on a read-only tree and prints its version', async () => {
    for (const target of sidecars) {
      expect(await finished(start(target, ['--version']))).toEqual({
        code: 0,
        stdout: expect.stringMatching(new RegExp(`^${target} \\d`)),
        stderr: '',
      });
    }
  });

  test('of a sidecar serves health and metrics before it has an API server, and ends with 0 on SIGTERM', async () => {
    const kubeconfig = join(folder, 'kubeconfig');
    const cluster = { name: 'c', cluster: { server: 'http://127.0.0.1:1' } };
    const context = { name: 'x', context: { cluster: 'c', user: 'u' } };
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [cluster],
        users: [{ name: 'u', user: {} }],
        contexts: [context],
        'current-context': 'x',
      }),
    );
    chmodSync(kubeconfig, 0o644);
    for (const target of sidecars) {
      const child = start(target, [`--kubeconfig=${kubeconfig}`, '--http-endpoint=127.0.0.1:0']);
      const end = once(child, 'close');
      try {
        const port = await portOf(child);
        expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status, target).toBe(200);
        expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), target).toContain('process_start_time_seconds');
      } finally {
        child.kill('SIGTERM');
      }
      expect(await end, target).toEqual([0, null]);
    }
  });

  test('of csi-sidecars carries the custom resource definitions that install-crds applies', () => {
    expect(readdirSync(join(build('csi-sidecars'), 'app/deploy/crds'))).toHaveLength(6);
  });

  test('of the mock driver serves on its socket from a state directory of its own', async () => {
    const state = join(folder, 'state');
    mkdirSync(state);
    if (canDrop) chownSync(state, NOBODY, NOBODY);
    const socket = join(state, 'csi.sock');
    const child = start('mock-driver', [
      `--endpoint=unix://${socket}`,
      `--state-dir=${join(state, 'volumes')}`,
      '--node-id=n1',
      '--publish=symlink',
    ]);
    const end = finished(child);
    const ended = end.then(({ stderr }) => {
      throw new Error(`the driver ended: ${stderr}`);
    });
    ended.catch(() => undefined);
    try {
      await Promise.race([eventually('the socket', () => (existsSync(socket) ? true : undefined)), ended]);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await end).toMatchObject({ code: 0 });
  });
});

/** The port that the log names. */
async function portOf(child: ChildProcess): Promise<number> {
  const lines: string[] = [];
  if (child.stderr === null) throw new Error('no stderr');
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    const port = /"Serving metrics and health".* port=(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stderr.resume();
    return Number(port);
  }
  throw new Error(`no port in the log:\n${lines.join('\n')}`);
}
