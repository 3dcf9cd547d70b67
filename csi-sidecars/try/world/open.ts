/** Opens everything a trial needs, and takes it all down again in the opposite order. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressFaults, socketPath } from '../../../lib/csi/driver-address.ts';
import type { Clock } from '../../../lib/doors/clock.ts';
import type { Doors } from '../../../lib/doors/doors.ts';
import { sleep } from '../../../lib/doors/sleep.ts';
import { ConfigError } from '../../../lib/errors/config-error.ts';
import { startNode } from '../../../sandbox/node/node.ts';
import { createCallJournal } from '../journal/call-journal.ts';
import type { Observation } from '../record.ts';
import { KUBECONFIG, KUBECONFIG_PATH, openCluster, SERVER } from './cluster.ts';
import type { DriverProcess } from './driver-command.ts';
import { startDriverCommand } from './driver-command.ts';
import { driverCalls } from './driver.ts';
import { createSidecars } from './sidecars.ts';
import { openSocketProxy } from './socket-proxy.ts';
import { quiet, SILENT } from '../../driver/silent.ts';
import { socketFault } from '../../driver/socket-fault.ts';
import { createTrap } from './trap.ts';
import type { Notes, TryWorld } from './world.ts';

export interface OpenOptions {
  readonly doors: Doors;
  /** Of a driver that runs; empty: `command` starts one. */
  readonly csiAddress: string;
  readonly command: string;
  readonly classFile: readonly object[];
  /** When the trial began, by the monotonic clock. */
  readonly startedMs: number;
  /** Limit of each RPC. */
  readonly callLimitMs: number;
  readonly signal: AbortSignal;
}

export interface OpenWorld {
  /** All but the signal, which each step has its own of. */
  readonly world: Omit<TryWorld, 'signal'>;
  readonly address: string;
  readonly observations: readonly Observation[];
  close(): Promise<void>;
}

const NODE = 'try-node';
const NODE_DRAIN_MS = 5_000;

/** Rejects with ConfigError where no driver answers. */
export async function openWorld(options: OpenOptions): Promise<OpenWorld> {
  const { doors: outer, signal, callLimitMs } = options;
  const dir = await mkdtemp(join(tmpdir(), 'csi-try-'));
  const closers: (() => Promise<void> | void)[] = [
    // What is still mounted there stays: a trial whose driver does not let go has said so already.
    () => rm(dir, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined),
  ];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const path = await driverSocket(options, dir, (driver) => closers.push(() => driver.stop()));
    const notes: Notes = { checksums: new Map() };
    const journal = createCallJournal(outer.clock, options.startedMs);
    const trap = createTrap();
    const cluster = await openCluster(outer, signal);
    closers.push(() => cluster.close());
    const doors: Doors = { ...outer, files: withKubeconfig(outer), http: () => cluster.open() };
    const proxy = await openSocketProxy(join(dir, 'proxy.sock'), path);
    closers.push(() => proxy.close());
    const sidecars = createSidecars({
      doors: { ...doors, rpc: (address) => trap.watch(journal.watch(outer.rpc(address), 'sidecars')) },
      address: proxy.address,
      timeoutMs: callLimitMs,
      snapshots: () => notes.driver?.identity.controller.has('CREATE_DELETE_SNAPSHOT') === true,
    });
    closers.push(() => sidecars.stop());
    const door = outer.rpc(`unix://${path}`);
    closers.push(() => door.close());
    const context = { door: journal.watch(door, 'try'), clock: doors.clock, log: SILENT, timeoutMs: callLimitMs, observe: quiet };
    const observations: Observation[] = [];
    const world: OpenWorld['world'] = {
      doors,
      run: doors.random.uuid().slice(0, 8),
      dir,
      calls: driverCalls(context),
      journal,
      cluster,
      sidecars,
      proxy,
      trap,
      notes,
      classFile: options.classFile,
      observe: (clause, breach, calls = []) => void observations.push({ clause, breach, calls }),
      startNode: (driver) => {
        const ending = new AbortController();
        const running = startNode({
          doors: { ...doors, rpc: (address) => journal.watch(outer.rpc(address), 'node'), host: { ...doors.host, writeLog: quiet } },
          server: SERVER,
          nodeName: NODE,
          drivers: new Map([[driver, `unix://${path}`]]),
          dir: join(dir, 'node'),
          signal: ending.signal,
        }).catch(() => undefined);
        closers.push(async () => {
          ending.abort();
          await Promise.race([running, pause(doors.clock, NODE_DRAIN_MS)]);
        });
      },
    };
    return { world, address: `unix://${path}`, observations, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function driverSocket(
  { csiAddress, command, doors, callLimitMs, signal }: OpenOptions,
  dir: string,
  started: (driver: DriverProcess) => void,
): Promise<string> {
  const given = csiAddress === '' ? join(dir, 'csi.sock') : socketPath(csiAddress);
  if (given === undefined) throw new ConfigError(addressFaults(csiAddress), { exitCode: 2 });
  if (command !== '') {
    started(await startDriverCommand({ command, socket: given, dir: join(dir, 'driver'), doors, limitMs: callLimitMs, signal }));
    return given;
  }
  const fault = await socketFault(doors, given);
  if (fault !== undefined) throw new ConfigError(fault);
  return given;
}

function withKubeconfig({ files }: Doors): Doors['files'] {
  return {
    ...files,
    read: (path) => (path === KUBECONFIG_PATH ? Promise.resolve(new TextEncoder().encode(KUBECONFIG)) : files.read(path)),
  };
}

function pause(clock: Clock, ms: number): Promise<void> {
  return sleep(clock, ms, new AbortController().signal);
}
