/**
 * What the demo runs on: a control plane, the mock driver, the sidecars and a node, as real processes on
 * one stage (beside a real control plane the node is a client in this one). Closing the world takes all of it down, also after a
 * failure, and the stage's reaper does it even after a crash of this process.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { readCrds } from '../csi-sidecars/install-crds/crd-files.ts';
import type { CrdReport } from '../csi-sidecars/install-crds/install.ts';
import { installCrds } from '../csi-sidecars/install-crds/install.ts';
import { CSI_NODES } from '../lib/kube/resources.ts';
import { createKubeClient } from '../lib/kube/kube-client.ts';
import { loadCluster } from '../lib/kube/kubeconfig.ts';
import { openDoors } from '../lib/process/doors/open-doors.ts';
import { startNode } from '../sandbox/node/node.ts';
import type { Kube } from '../harness/kube.ts';
import { openKube } from '../harness/kube.ts';
import { openRawClient } from '../harness/raw-http.ts';
import { repositoryRoot } from '../harness/repository.ts';
import type { Program, Stage } from '../harness/stage.ts';
import { openStage } from '../harness/stage.ts';
import { eventually } from '../harness/wait.ts';
import { startControlPlane } from '../harness/real/control-plane.ts';
import { createFrom } from './manifests.ts';

export const DRIVER = 'mock.csi.example';
const NODE = 'node-1';
export const SIDECARS = ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner'] as const;

export interface World {
  readonly stage: Stage;
  readonly kube: Kube;
  readonly kubeconfig: string;
  /** Where the node publishes volumes. */
  readonly nodeDir: string;
  /** Registers a node that publishes the volumes of its Pods; the driver must be there. */
  startNode(): Promise<void>;
  /** Applies a manifest file: with kubectl on a real control plane, else as kubectl would. */
  apply(file: string): Promise<void>;
  close(): Promise<void>;
}

/** What the driver holds. */
export interface Ledger {
  readonly volumes: number;
  readonly snapshots: number;
}

/** The kubelet, or who stands in for it, has written the driver into the node's CSINode. */
export async function untilNodeHasDriver(kube: Kube): Promise<void> {
  await kube.until(CSI_NODES, { name: NODE }, { what: 'with the driver', test: ({ spec }) => (spec?.drivers ?? []).length > 0 });
}

export function programFile(name: string): string {
  return join(repositoryRoot(), 'dist', `${name}.mjs`);
}

function socketOf({ stage }: Pick<World, 'stage'>): string {
  return join(stage.dir, 'csi.sock');
}

export interface StartOptions {
  /** Flags beside the usual ones. */
  readonly flags?: readonly string[];
  /** True if its end is expected; else it breaks the stage. */
  readonly mayEnd?: boolean;
}

export function startProgram(stage: Stage, name: string, { flags = [], mayEnd = false }: StartOptions): Program {
  return stage.start({ name, file: process.execPath, args: [programFile(name), ...flags], mayEnd });
}

/** The sandbox in a process of its own. */
export async function openSandboxWorld(name = 'demo'): Promise<World> {
  const stage = openStage(name);
  try {
    const kubeconfig = join(stage.dir, 'kubeconfig');
    const nodeDir = join(stage.dir, 'node');
    const csiAddress = `--csi-address=${DRIVER}=unix://${socketOf({ stage })}`;
    startProgram(stage, 'sandbox', {
      flags: [`--kubeconfig-out=${kubeconfig}`, `--node-name=${NODE}`, `--node-dir=${nodeDir}`, csiAddress],
    });
    await eventually('the kubeconfig of the sandbox', () => (existsSync(kubeconfig) ? true : undefined), { signal: stage.broken });
    const raw = openRawClient({ server: serverOf(kubeconfig) });
    stage.defer(() => raw.close());
    const kube = openKube(raw);
    // The sandbox has a node of its own, which waits for the driver.
    const startNode = (): Promise<void> => Promise.resolve();
    return { stage, kube, kubeconfig, nodeDir, startNode, apply: (file) => createFrom(kube, file), close: () => stage.close() };
  } catch (error) {
    await stage.close();
    throw error;
  }
}

/** etcd, kube-apiserver, kube-controller-manager and kube-scheduler; built with Go where they are not there yet. */
export async function openRealWorld(report: (line: string) => void): Promise<World> {
  const { stage, kube, kubeconfig, kubectl, stop } = await startControlPlane({ scheduler: true, report });
  const apply = async (file: string): Promise<void> => {
    const { code, stderr } = await kubectl(['apply', '-f', file]);
    if (code !== 0) throw new Error(`kubectl apply -f ${file}: ${stderr.trim()}`);
  };
  const nodeDir = join(stage.dir, 'node');
  return { stage, kube, kubeconfig, nodeDir, startNode: () => startNodeHere({ stage, kubeconfig, nodeDir }), apply, close: stop };
}

export function serverOf(kubeconfig: string): string {
  const config = load(readFileSync(kubeconfig, 'utf8')) as { clusters?: { cluster?: { server?: string } }[] };
  const server = config.clusters?.[0]?.cluster?.server;
  if (server === undefined) throw new Error(`${kubeconfig} names no server`);
  return server;
}

export async function startDriver(world: Pick<World, 'stage'>, { flags = [], ...options }: StartOptions = {}): Promise<Program> {
  const socket = socketOf(world);
  const usual = [
    `--endpoint=unix://${socket}`,
    `--state-dir=${join(world.stage.dir, 'driver')}`,
    `--node-id=${NODE}`,
    `--driver-name=${DRIVER}`,
    // No mounts: nothing is left behind however this ends, and nobody has to be root.
    '--publish=symlink',
  ];
  // A killed driver leaves its socket behind: with it gone, a socket means that this one serves.
  rmSync(socket, { force: true });
  const driver = startProgram(world.stage, 'mock-driver', { ...options, flags: [...usual, ...flags] });
  await eventually('the socket of the driver', () => (existsSync(socket) ? true : undefined), { signal: world.stage.broken });
  return driver;
}

export async function installWorldCrds(world: Pick<World, 'kubeconfig'>, signal: AbortSignal): Promise<CrdReport[]> {
  const doors = openDoors();
  const { target, credentials } = await loadCluster(doors, { kubeconfig: world.kubeconfig });
  const door = doors.http(target);
  try {
    const client = createKubeClient({ door, clock: doors.clock, random: doors.random, credentials, userAgent: 'demo' });
    const crds = await readCrds(doors.files, join(repositoryRoot(), 'deploy', 'crds'));
    const reports = await installCrds({ client, clock: doors.clock, crds, check: false, signal });
    const bad = reports.find(({ usable }) => !usable);
    if (bad !== undefined) throw new Error(`${bad.name}: ${bad.problem ?? ''}`);
    return reports;
  } finally {
    door.close();
  }
}

export interface SidecarsOptions {
  readonly oneProcess: boolean;
  /** More flags, for every program. */
  readonly flags?: readonly string[];
}

export function startSidecars(world: Pick<World, 'stage' | 'kubeconfig'>, { oneProcess, flags = [] }: SidecarsOptions): Program[] {
  const common = [`--kubeconfig=${world.kubeconfig}`, ...flags];
  const withDriver = [...common, `--csi-address=${socketOf(world)}`];
  if (oneProcess) return [startProgram(world.stage, 'csi-sidecars', { flags: [`--roles=${SIDECARS.join(',')}`, ...withDriver] })];
  return SIDECARS.map((name) => startProgram(world.stage, name, { flags: name === 'snapshot-controller' ? common : withDriver }));
}

async function startNodeHere({ stage, kubeconfig, nodeDir }: Pick<World, 'stage' | 'kubeconfig' | 'nodeDir'>): Promise<void> {
  const doors = openDoors();
  const server = await loadCluster(doors, { kubeconfig });
  const stop = new AbortController();
  const drivers = new Map([[DRIVER, `unix://${socketOf({ stage })}`]]);
  const running = startNode({ doors, server, nodeName: NODE, drivers, dir: nodeDir, signal: stop.signal });
  running.catch(() => undefined);
  stage.defer(async () => {
    stop.abort();
    await running;
  });
}

/** Asks the driver's own books, not its answers. */
export async function readLedger({ stage }: Pick<World, 'stage'>): Promise<Ledger> {
  const args = [programFile('mock-driver'), 'ledger', `--state-dir=${join(stage.dir, 'driver')}`, '--json'];
  const { code, stdout, stderr } = await stage.run({ name: 'ledger', file: process.execPath, args });
  if (code !== 0) throw new Error(`mock-driver ledger: ${stderr.trim()}`);
  const ledger = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { volumes: unknown[]; snapshots: unknown[] };
  return { volumes: ledger.volumes.length, snapshots: ledger.snapshots.length };
}
