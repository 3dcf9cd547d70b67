/**
 * The programs the real layer runs, built from the Go modules under `modules/` and kept per user, keyed
 * by what decides their content, so that a fresh clone builds nothing twice.
 *
 * `KUBEBUILDER_ASSETS` (the ecosystem's name for a folder with kube-apiserver, etcd and kubectl) is
 * taken binary by binary; what it lacks is built, and a version other than ours is named in the report.
 *
 * `KUBERNETES_RELEASE=1.30` takes control plane and node of that release instead of the newest, for all that
 * is run with it: tests, verifications, `npm run demo -- --node`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';
import { lock } from '../lock.ts';

const GO_NEEDED: readonly [number, number] = [1, 26];

type ModuleName =
  | ('control-plane' | 'node' | 'kubernetes-1.30' | 'e2e' | 'sanity')
  | ('snapshotter' | 'provisioner' | 'provisioner-6.3' | 'volumes');

/** The newest Kubernetes there is for the layer, and the oldest that is promised to work. */
const RELEASES = {
  '1.36': { version: 'v1.36.3', etcd: '3.6.8', controlPlane: 'control-plane', node: 'node' },
  '1.30': { version: 'v1.30.14', etcd: '3.5.21', controlPlane: 'kubernetes-1.30', node: 'kubernetes-1.30' },
} as const satisfies Record<string, { version: string; etcd: string; controlPlane: ModuleName; node: ModuleName }>;
type ReleaseName = keyof typeof RELEASES;
const NEWEST: ReleaseName = '1.36';

const KUBERNETES_RELEASE = releaseAsked(process.env['KUBERNETES_RELEASE']);
const RELEASE = RELEASES[KUBERNETES_RELEASE];
export const KUBERNETES_VERSION = RELEASE.version;
/** What the sandbox imitates word by word, and has VolumeAttributesClasses in storage.k8s.io/v1. */
export const IS_NEWEST_KUBERNETES = KUBERNETES_RELEASE === NEWEST;

interface Recipe {
  readonly module: ModuleName;
  readonly package: string;
  /** The package is a suite of tests, and the program runs them. */
  readonly tests?: true;
  readonly linkerFlags?: string;
  /** How a binary of KUBEBUILDER_ASSETS tells its version, and which one ours is. */
  readonly version?: { readonly args: readonly string[]; readonly expected: string };
}

// Without these the server calls itself v0.0.0, and kubectl warns of a version skew.
const STAMP = stampOf(RELEASE.version);

const RECIPES = {
  'kube-apiserver': {
    module: RELEASE.controlPlane,
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    linkerFlags: STAMP,
    version: { args: ['--version'], expected: KUBERNETES_VERSION },
  },
  etcd: { module: RELEASE.controlPlane, package: 'go.etcd.io/etcd/server/v3', version: { args: ['--version'], expected: RELEASE.etcd } },
  kubectl: {
    module: RELEASE.controlPlane,
    package: 'k8s.io/kubernetes/cmd/kubectl',
    linkerFlags: STAMP,
    version: { args: ['version', '--client'], expected: KUBERNETES_VERSION },
  },
  'kube-controller-manager': { module: RELEASE.controlPlane, package: 'k8s.io/kubernetes/cmd/kube-controller-manager', linkerFlags: STAMP },
  'kube-scheduler': { module: RELEASE.controlPlane, package: 'k8s.io/kubernetes/cmd/kube-scheduler', linkerFlags: STAMP },
  kubelet: { module: RELEASE.node, package: 'k8s.io/kubernetes/cmd/kubelet', linkerFlags: STAMP },
  'kube-proxy': { module: RELEASE.node, package: 'k8s.io/kubernetes/cmd/kube-proxy', linkerFlags: STAMP },
  pause: { module: 'node', package: './pause' },
  'e2e.test': {
    module: 'e2e',
    package: 'k8s.io/kubernetes/test/e2e',
    tests: true,
    linkerFlags: `-s -w ${stampOf(RELEASES[NEWEST].version)}`,
  },
  ginkgo: { module: 'e2e', package: 'github.com/onsi/ginkgo/v2/ginkgo' },
  agnhost: { module: 'e2e', package: 'k8s.io/kubernetes/test/images/agnhost', linkerFlags: '-s -w' },
  'csi-attacher': { module: 'volumes', package: 'github.com/kubernetes-csi/external-attacher/v4/cmd/csi-attacher' },
  'csi-resizer': { module: 'volumes', package: 'github.com/kubernetes-csi/external-resizer/v2/cmd/csi-resizer' },
  'csi-sanity': { module: 'sanity', package: 'github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity' },
  'snapshot-controller': { module: 'snapshotter', package: 'github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller' },
  'csi-snapshotter': { module: 'snapshotter', package: 'github.com/kubernetes-csi/external-snapshotter/v8/cmd/csi-snapshotter' },
  'csi-provisioner': { module: 'provisioner', package: 'github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner' },
  'csi-provisioner-6.3': { module: 'provisioner-6.3', package: 'github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner' },
} as const satisfies Record<string, Recipe>;

export type BinaryName = keyof typeof RECIPES;

export interface BinaryOptions {
  /** One line per build and per version that differs. Default: standard error. */
  readonly report?: (line: string) => void;
}

function releaseAsked(name: string | undefined): ReleaseName {
  if (name === undefined || name === '') return NEWEST;
  if (!(name in RELEASES)) throw new Error(`KUBERNETES_RELEASE=${name} is not one of ${Object.keys(RELEASES).join(', ')}`);
  return name as ReleaseName;
}

function stampOf(version: string): string {
  const [major = '', minor = ''] = version.slice(1).split('.');
  const pairs = [`gitVersion=${version}`, `gitMajor=${major}`, `gitMinor=${minor}`];
  return pairs.map((pair) => `-X k8s.io/component-base/version.${pair}`).join(' ');
}

/** The Go programs' releases, as their modules name them. */
export function peerVersions(): Readonly<Record<string, string>> {
  const versions: Record<string, string> = { 'kube-apiserver': KUBERNETES_VERSION };
  for (const module of ['snapshotter', 'provisioner'] as const) versions[`external-${module}`] = releaseOf(module, `external-${module}`);
  return versions;
}

/** `v8.7.0`, of a repository of kubernetes-csi that the module names. */
export function releaseOf(module: ModuleName, repository: string): string {
  const text = readFileSync(join(moduleDir(module), 'go.mod'), 'utf8');
  return new RegExp(`kubernetes-csi/${repository}/v\\d+ (v\\S+)`).exec(text)?.[1] ?? 'unknown';
}

/** Why the real layer cannot run on this machine; undefined if it can. */
export function realLayerProblem(): string | undefined {
  const found = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', cwd: '/' });
  const needed = GO_NEEDED.join('.');
  if (found.status !== 0) return `Go ≥ ${needed} is needed and no go program was found`;
  const [, major = '0', minor = '0'] = /^go(\d+)\.(\d+)/.exec(found.stdout.trim()) ?? [];
  const enough = Number(major) > GO_NEEDED[0] || (Number(major) === GO_NEEDED[0] && Number(minor) >= GO_NEEDED[1]);
  return enough ? undefined : `Go ≥ ${needed} is needed, found ${found.stdout.trim()}`;
}

/** The path of a runnable program; builds it first where no copy is kept. */
export async function binary(name: BinaryName, options: BinaryOptions = {}): Promise<string> {
  const report = options.report ?? ((line: string) => process.stderr.write(`${line}\n`));
  const recipe: Recipe = RECIPES[name];
  const given = fromAssets(name, recipe, report);
  if (given !== undefined) return given;
  const file = keptPath(name, recipe);
  if (existsSync(file)) return file;
  mkdirSync(cacheFolder(), { recursive: true });
  // Two builds together take longer than one after the other, and twice the memory.
  const release = await lock(join(cacheFolder(), 'lock'), () => report('real: another run is building, waiting for it'));
  try {
    if (!existsSync(file)) build({ name, recipe, file }, report);
  } finally {
    release();
  }
  return file;
}

/** Would `binary` answer at once? */
export function isBuilt(name: BinaryName): boolean {
  const recipe: Recipe = RECIPES[name];
  return fromAssets(name, recipe, () => {}) !== undefined || existsSync(keptPath(name, recipe));
}

/** The folder of a module's source in the Go module cache: upstream's CRDs and RBAC manifests are read from there. */
export function moduleFolder(module: ModuleName, path: string): string {
  const folder = (): string =>
    execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', path], { cwd: moduleDir(module), encoding: 'utf8' }).trim();
  const found = folder();
  if (found !== '') return found;
  execFileSync('go', ['mod', 'download', path], { cwd: moduleDir(module), encoding: 'utf8' });
  return folder();
}

function moduleDir(module: ModuleName): string {
  return join(repositoryRoot(), 'harness/real/modules', module);
}

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'csi-sidecars', 'real');
}

function keptPath(name: BinaryName, recipe: Recipe): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleDir(recipe.module), file)));
  if (recipe.package.startsWith('./')) hash.update(readFileSync(join(moduleDir(recipe.module), recipe.package, 'main.go')));
  hash.update(JSON.stringify([recipe, process.platform, process.arch]));
  return join(cacheFolder(), hash.digest('hex').slice(0, 24), name);
}

function fromAssets(name: BinaryName, recipe: Recipe, report: (line: string) => void): string | undefined {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '' || recipe.version === undefined) return undefined;
  const file = join(folder, name);
  if (!existsSync(file)) return undefined;
  const told = spawnSync(file, [...recipe.version.args], { encoding: 'utf8' });
  const version = /v?\d+\.\d+\.\d+\S*/.exec(`${told.stdout}${told.stderr}`)?.[0] ?? 'unknown';
  if (version !== recipe.version.expected)
    report(`real: ${name} ${version} of KUBEBUILDER_ASSETS is used (the suite was written for ${recipe.version.expected})`);
  return file;
}

function build({ name, recipe, file }: { name: BinaryName; recipe: Recipe; file: string }, report: (line: string) => void): void {
  const problem = realLayerProblem();
  if (problem !== undefined) throw new Error(`${name} cannot be built: ${problem}`);
  report(`real: building ${name} …`);
  const started = performance.now();
  const folder = join(file, '..');
  mkdirSync(folder, { recursive: true });
  const half = `${file}.${process.pid}.part`;
  const flags = recipe.linkerFlags === undefined ? [] : ['-ldflags', recipe.linkerFlags];
  const verb = recipe.tests === true ? ['test', '-c'] : ['build'];
  const result = spawnSync('go', [...verb, '-trimpath', ...flags, '-o', half, recipe.package], {
    cwd: moduleDir(recipe.module),
    env: { ...process.env, CGO_ENABLED: '0' },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status !== 0) {
    rmSync(half, { force: true });
    throw new Error(`go ${verb.join(' ')} of ${name} failed:\n${result.stderr.slice(-4000)}`);
  }
  // In place only when whole: a run that dies while building leaves no half program behind.
  renameSync(half, file);
  report(`real: built ${name} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
