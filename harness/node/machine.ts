/**
 * What a node leaves on the machine, looked at from outside: it runs in namespaces of its own, but cgroups, loop devices
 * and the kernel's settings are everybody's.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The kubelet sets these for the whole machine. */
const SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
  'net/ipv4/ip_forward',
];
const CGROUPS = '/sys/fs/cgroup';
const KUBELET_FOLDER = '/var/lib/kubelet';
/** Debian's packages that a node is made of. */
const PACKAGES = ['runc', 'containerd', 'containernetworking-plugins', 'busybox-static', 'e2fsprogs', 'conntrack', 'iptables', 'nftables'];

export interface MachineState {
  readonly settings: Readonly<Record<string, string>>;
  readonly mounts: readonly string[];
  readonly loops: readonly string[];
  readonly cgroups: readonly string[];
  readonly folders: readonly string[];
  /** `4711 containerd`, of those that are in other process namespaces than this one. */
  readonly processes: readonly string[];
}

export function readMachine(): MachineState {
  const settings = SETTINGS.flatMap((name) => {
    const file = join('/proc/sys', name);
    return existsSync(file) ? [[name, readFileSync(file, 'utf8').trim()] as const] : [];
  });
  return {
    settings: Object.fromEntries(settings),
    mounts: readFileSync('/proc/mounts', 'utf8').split('\n').filter(Boolean).toSorted(),
    loops: execFileSync('losetup', ['--list', '--noheadings', '--output=NAME,BACK-FILE'], { encoding: 'utf8' }).split('\n').filter(Boolean),
    cgroups: podCgroups(),
    folders: existsSync(KUBELET_FOLDER) ? [KUBELET_FOLDER] : [],
    processes: namespacedProcesses(),
  };
}

/** Puts back what a node changed. Answers, as lines, what is still not as it was; it may be asked again. */
export function restoreMachine(before: MachineState): readonly string[] {
  for (const [name, value] of Object.entries(before.settings)) {
    const file = join('/proc/sys', name);
    if (readFileSync(file, 'utf8').trim() !== value) writeFileSync(file, value);
  }
  for (const cgroup of podCgroups().toReversed()) if (!before.cgroups.includes(cgroup)) removeFolder(cgroup);
  if (before.folders.length === 0) removeFolder(KUBELET_FOLDER);
  const after = readMachine();
  return (['mounts', 'loops', 'cgroups', 'folders', 'processes'] as const).flatMap((kind) =>
    after[kind].filter((line) => !before[kind].includes(line)).map((line) => `${kind}: ${line}`),
  );
}

/** One that is in use or has anything within stays, and is told. */
function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!['EBUSY', 'ENOENT', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function namespacedProcesses(): string[] {
  const own = readlinkSync('/proc/self/ns/pid');
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`) === own ? [] : [`${pid} ${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()}`];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

function podCgroups(): string[] {
  const found: string[] = [];
  const walk = (folder: string, depth: number): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const path = join(folder, entry.name);
      const isPods = /^(kubepods|k8s\.io)/.test(entry.name);
      if (isPods || found.some((other) => path.startsWith(`${other}/`))) found.push(path);
      if (depth > 0) walk(path, depth - 1);
    }
  };
  walk(CGROUPS, 8);
  return found;
}

/** Why no node can be had here; undefined where it can. Installs Debian's packages where root may, and says so. */
export function nodeProblem(report: (line: string) => void): string | undefined {
  const missing = rootProblem() === undefined ? missingPackages() : [];
  if (missing.length > 0) {
    report(`node: installing ${missing.join(', ')}`);
    spawnSync('apt-get', ['update', '-qq']);
    const installed = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { encoding: 'utf8' });
    if (installed.status !== 0) return `the packages ${missing.join(', ')} cannot be installed: ${(installed.stderr ?? '').slice(-300)}`;
  }
  return nodeMissing();
}

/** The same without changing anything: packages that are not there are a reason. */
export function nodeMissing(): string | undefined {
  const problem = rootProblem();
  if (problem !== undefined) return problem;
  const missing = missingPackages();
  if (missing.length > 0) return `a node needs the packages ${missing.join(', ')}`;
  const namespaces = spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'true'], { encoding: 'utf8' });
  return namespaces.status === 0 ? undefined : `namespaces cannot be made: ${namespaces.stderr.trim()}`;
}

function rootProblem(): string | undefined {
  if (process.platform !== 'linux') return 'a node needs Linux';
  return process.getuid?.() === 0 ? undefined : 'a node needs root';
}

function missingPackages(): readonly string[] {
  return PACKAGES.filter((name) => spawnSync('dpkg', ['-s', name]).status !== 0);
}
