/**
 * csi-sanity, the outside judge of CSI drivers, on the mock driver: one run per way of being a driver.
 * Every spec it skips is reported with the judge's own reason.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createConnection, createServer as createSocketServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { switchableNames } from '../../mock-driver/capabilities.ts';
import { startDriverProcess } from '../component/mock-driver-process.ts';
import type { Stage } from '../../harness/stage.ts';
import { binary } from '../../harness/real/binaries.ts';

export interface SanityConfiguration {
  readonly name: string;
  /** Flags of the driver. */
  readonly driver: readonly string[];
  /** Flags of csi-sanity. */
  readonly sanity: readonly string[];
  /** A new process of the driver for every spec. */
  readonly restarts: boolean;
  /** How many specs must have run. */
  readonly atLeast: number;
}

export interface SanityResult {
  readonly ran: number;
  readonly passed: number;
  readonly all: number;
  readonly failed: readonly string[];
  /** `spec: reason`. */
  readonly skipped: readonly string[];
  readonly restarts: number;
}

/** Tells what came of a run. True if nothing failed and as much was run as had to be. */
export function judgeSanity({ name, atLeast }: SanityConfiguration, result: SanityResult, log: (line: string) => void): boolean {
  const { ran, all, failed, skipped } = result;
  log(`csi-sanity, ${name}: ${ran} of ${all} specs run, ${failed.length} failed, ${skipped.length} skipped`);
  for (const line of failed) log(`  failed ${line}`);
  return failed.length === 0 && ran >= atLeast;
}

/** Everything but what is named. */
const only = (...kept: string[]): string =>
  `--disable=${switchableNames()
    .filter((name) => !kept.includes(name) && !name.includes('.'))
    .join(',')}`;

const LIMIT = '--max-volumes-per-node=8';
const TOPOLOGY = '--topology=topology.example/zone=a';
const block = ['-csi.testvolumeaccesstype=block'];

/** What is on and how many specs of 103 that leaves. SECRETS is written to the run's folder. */
export const CONFIGURATIONS: readonly SanityConfiguration[] = [
  { name: 'everything', driver: [LIMIT, TOPOLOGY], sanity: [], restarts: false, atLeast: 95 },
  { name: 'without topology', driver: [LIMIT], sanity: [], restarts: false, atLeast: 95 },
  { name: 'block volumes', driver: [LIMIT, TOPOLOGY], sanity: block, restarts: false, atLeast: 95 },
  {
    name: 'secrets required',
    driver: [LIMIT, '--require-secrets=token=open'],
    sanity: ['-csi.secrets=SECRETS'],
    restarts: false,
    atLeast: 95,
  },
  {
    name: 'groups only',
    driver: [only('CONTROLLER_SERVICE', 'CREATE_DELETE_VOLUME', 'GROUP_CONTROLLER_SERVICE', 'CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT')],
    sanity: [],
    restarts: false,
    atLeast: 33,
  },
  { name: 'the minimum', driver: [only('CONTROLLER_SERVICE', 'CREATE_DELETE_VOLUME')], sanity: [], restarts: false, atLeast: 27 },
  { name: 'restarted for every spec', driver: [LIMIT, TOPOLOGY], sanity: [], restarts: true, atLeast: 95 },
];

const SECRET_FIELDS = [
  ...['CreateVolumeSecret', 'DeleteVolumeSecret', 'ControllerPublishVolumeSecret', 'ControllerUnpublishVolumeSecret'],
  ...['ControllerValidateVolumeCapabilitiesSecret', 'NodeStageVolumeSecret', 'NodePublishVolumeSecret', 'CreateSnapshotSecret'],
  ...['DeleteSnapshotSecret', 'ControllerExpandVolumeSecret', 'ListSnapshotsSecret', 'ControllerModifyVolumeSecret'],
];

/** `stateDir`: of a driver that ran before; a new one otherwise. */
export async function runSanity(stage: Stage, configuration: SanityConfiguration, stateDir?: string): Promise<SanityResult> {
  const folder = join(stage.dir, configuration.name.replaceAll(' ', '-'));
  mkdirSync(folder);
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const spec = { nodeId: 'node-a', stateDir: stateDir ?? join(folder, 'state'), args: configuration.driver };
  let driver = await startDriverProcess(stage, spec);
  let restarts = 0;
  const door = await frontDoor(stage, { path: join(folder, 'front.sock'), target: driver.socket });
  const hooks = configuration.restarts
    ? await restartHook(stage, folder, async () => {
        await driver.program.stop();
        driver = await startDriverProcess(stage, spec);
        door.hangUp();
        restarts += 1;
      })
    : [];
  const report = join(folder, 'junit.xml');
  const secrets = file('secrets.yaml', SECRET_FIELDS.map((name) => `${name}: {token: open}\n`).join(''));
  const { code, stdout } = await stage.run({
    name: 'csi-sanity',
    file: await binary('csi-sanity'),
    args: [
      `-csi.endpoint=unix://${door.path}`,
      `-csi.mountdir=${join(folder, 'mount')}`,
      `-csi.stagingdir=${join(folder, 'staging')}`,
      `-csi.testvolumemutableparameters=${file('mutable.yaml', 'iops: "3000"\n')}`,
      '-csi.testnodevolumeattachlimit',
      ...configuration.sanity.map((flag) => flag.replace('SECRETS', secrets)),
      ...hooks,
      `--ginkgo.junit-report=${report}`,
      '--ginkgo.no-color',
    ],
    timeoutMs: 550_000,
  });
  await driver.program.stop();
  const result = { ...readReport(readFileSync(report, 'utf8')), restarts };
  if (code !== 0 && result.failed.length === 0) throw new Error(`csi-sanity ended with ${code}:\n${stdout}`);
  return result;
}

/**
 * csi-sanity lets a command make the mount directory, once per spec and before its first call: ours asks this
 * process for a new driver first. A command for checking paths must then be given too.
 */
async function restartHook(stage: Stage, folder: string, restart: () => Promise<void>): Promise<readonly string[]> {
  const socket = join(folder, 'hook');
  const server = createServer((_, response) => {
    restart().then(
      () => response.end(),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(socket, resolve);
  });
  stage.defer(() => {
    server.close();
  });
  const script = (name: string, lines: readonly string[]): string => {
    const path = join(folder, name);
    writeFileSync(path, [`#!${process.execPath}`, ...lines, ''].join('\n'));
    chmodSync(path, 0o755);
    return path;
  };
  const make = script('make-mount.cjs', [
    `require('node:http').get({ socketPath: ${JSON.stringify(socket)} }, ({ statusCode }) => {`,
    '  if (statusCode !== 200) process.exit(1);',
    '  require("node:fs").mkdirSync(process.argv[2]);',
    '  console.log(process.argv[2]);',
    // Else the kept-alive connection would hold the judge up for seconds.
    '  process.exit(0);',
    '});',
  ]);
  const check = script('check-path.cjs', [
    'const stats = require("node:fs").statSync(process.argv[2], { throwIfNoEntry: false });',
    'console.log(stats === undefined ? "not_found" : stats.isDirectory() ? "directory" : stats.isFile() ? "file" : "other");',
  ]);
  return [`-csi.createmountpathcmd=${make}`, `-csi.checkpathcmd=${check}`];
}

interface FrontDoor {
  readonly path: string;
  /** Closes what is open: the caller connects anew, to the driver of now. */
  hangUp(): void;
}

/**
 * Stands before the driver's socket while drivers come and go. Without it the judge would find no socket
 * for a moment, back off, and fail specs for a reason that is not the driver's.
 */
async function frontDoor(stage: Stage, { path, target }: { path: string; target: string }): Promise<FrontDoor> {
  const open = new Set<Socket>();
  const server = createSocketServer((caller) => {
    const driver = createConnection(target);
    open.add(caller);
    caller
      .on('error', () => driver.destroy())
      .on('close', () => {
        open.delete(caller);
        driver.destroy();
      });
    driver
      .on('error', () => caller.destroy())
      .on('close', () => {
        // Only `hangUp` tells the caller: a driver that is gone has no successor yet.
        driver.unpipe(caller);
      });
    caller.pipe(driver);
    driver.pipe(caller, { end: false });
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  const hangUp = (): void => {
    for (const caller of open) caller.destroy();
  };
  stage.defer(() => {
    server.close();
    hangUp();
  });
  return { path, hangUp };
}

/** The counts and names of a JUnit report as ginkgo writes it. */
export function readReport(xml: string): Omit<SanityResult, 'restarts'> {
  const specs = [...xml.matchAll(/<testcase name="\[It\] ([^"]*)"[^>]* status="([a-z]+)"[^>]*>([\s\S]*?)<\/testcase>/g)].map(
    ([, name = '', status = '', inside = '']) => ({
      name,
      status,
      reason: /<skipped message="(?:skipped - )?([^"]*)"/.exec(inside)?.[1] ?? '',
    }),
  );
  const skipped = specs.filter(({ status }) => status === 'skipped' || status === 'pending');
  const passed = specs.filter(({ status }) => status === 'passed').length;
  const failed = specs.filter((spec) => spec.status !== 'passed' && !skipped.includes(spec)).map(({ name }) => name);
  return {
    all: specs.length,
    ran: passed + failed.length,
    passed,
    failed,
    skipped: skipped.map(({ name, reason }) => `${name}: ${reason}`),
  };
}
