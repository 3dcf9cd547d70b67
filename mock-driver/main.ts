/**
 * The driver as a process: flags, disk, sockets, signals. `ledger` only reads and may be run beside a
 * living driver. Exit codes: 0 ended as asked, 1 cannot run, 2 the command line is wrong.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadCodec } from './codec.ts';
import { createDriver } from './driver.ts';
import { parseScenario } from './faults/parse.ts';
import { ledgerJson, ledgerOf, ledgerText } from './ledger.ts';
import { helpText, type MainOptions, parseCommand, UsageError } from './options.ts';
import { systemClock, systemRandom } from './system/clock.ts';
import type { Records } from './model/records.ts';
import { checkFormat, loadAll } from './system/disk-records.ts';
import { DiskStore } from './system/disk-store.ts';
import { serveControl } from './system/control.ts';
import { mayGrowMounted, MINIMUM_EXT4_BYTES } from './system/ext4.ts';
import { publishingFor } from './system/mounts.ts';
import { requireFree, serve, socketPath } from './system/server.ts';

/** Lines kept for `GET /journal`. */
const JOURNAL_LINES = 10_000;
const LEDGER_ATTEMPTS = 5;

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  switch (command.kind) {
    case 'help':
      process.stdout.write(helpText());
      return;
    case 'version':
      process.stdout.write(`mock-driver ${version()}\n`);
      return;
    case 'ledger':
      return printLedger(command.stateDir, command.json);
    case 'serve':
      return run(command.options);
    default: {
      const never: never = command;
      throw new Error(`unknown command ${JSON.stringify(never)}`);
    }
  }
}

/** Resolves once all of it is written: a pipe takes no more at once than its reader leaves room for. */
function printLedger(stateDir: string, json: boolean): Promise<void> {
  const ledger = ledgerOf(readBeside(stateDir), systemClock.now());
  return new Promise((resolve, reject) => {
    process.stdout.write(json ? `${ledgerJson(ledger)}\n` : ledgerText(ledger), (error) => (error ? reject(error) : resolve()));
  });
}

/** Reads a state that a living driver may change: what goes between being listed and being read is no damage. */
function readBeside(stateDir: string): Records {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (checkFormat(stateDir) === 'absent') throw new Error(`${stateDir} is no state directory`);
      return loadAll(stateDir);
    } catch (error) {
      if (attempt === LEDGER_ATTEMPTS) throw error;
    }
  }
}

async function run(options: MainOptions): Promise<void> {
  // From here on: a signal during the start is obeyed as soon as there is something to stop.
  const end = signalled();
  const path = socketPath(options.endpoint);
  const controlPath = options.control === undefined ? undefined : socketPath(options.control);
  // Before the state is touched: a second driver by mistake must not become a second instance.
  await requireFree(path);
  const rules = options.scenario === undefined ? [] : parseScenario(readFileSync(options.scenario, 'utf8'), options.scenario);
  const stateDir = resolve(options.stateDir);
  const journal = journalTo(options.journal);
  const codec = loadCodec();
  const { publisher, noLoops } = await publishingFor(options.publish, stateDir);
  const ext4 = options.volumeFormat === 'ext4';
  if (ext4 && noLoops !== undefined) throw new Error(`--volume-format=ext4 needs loop devices: ${noLoops}`);
  const store = new DiskStore({ root: stateDir, nodeId: options.nodeId, clock: systemClock, format: options.volumeFormat });
  const driver = await createDriver({
    name: options.driverName,
    nodeId: options.nodeId,
    clock: systemClock,
    random: systemRandom,
    store,
    topology: options.topology,
    disabled: ext4 && !(await mayGrowMounted()) ? new Set([...options.disabled, 'VOLUME_EXPANSION_ONLINE']) : options.disabled,
    publisher,
    pools: options.pools,
    maxVolumesPerNode: options.maxVolumesPerNode,
    ...(ext4 ? { minVolumeBytes: MINIMUM_EXT4_BYTES } : {}),
    ...(options.maxVolumeBytes === undefined ? {} : { maxVolumeBytes: options.maxVolumeBytes }),
    ...(options.requireSecrets === undefined ? {} : { requireSecrets: options.requireSecrets }),
    vendorVersion: version(),
    codec,
    journal: (entry) => journal.write(`${JSON.stringify(entry)}\n`),
    // Nothing is flushed or tidied: that is what a crash is.
    crash: () => process.kill(process.pid, 'SIGKILL'),
  });
  driver.faults.add(rules);
  const control = controlPath === undefined ? undefined : await serveControl({ path: controlPath, driver, journal: journal.lines });
  const server = await serve(driver, codec, path);
  process.stderr.write(`mock-driver ${options.driverName} serves node ${options.nodeId} on ${path}, state in ${stateDir}\n`);
  await end;
  await server.stop();
  await control?.stop();
  journal.close();
}

/** The journal in a file, if one was asked for, and its tail in memory for the control socket. */
interface JournalFile {
  write(line: string): void;
  lines(): readonly string[];
  close(): void;
}

/** Each line is in the file before the call is answered. */
function journalTo(file: string | undefined): JournalFile {
  const descriptor = file === undefined ? undefined : openSync(file, 'a', 0o640);
  let lines: string[] = [];
  return {
    write: (line) => {
      lines.push(line);
      if (lines.length > 2 * JOURNAL_LINES) lines = lines.slice(-JOURNAL_LINES);
      if (descriptor !== undefined) writeSync(descriptor, line);
    },
    lines: () => lines.slice(-JOURNAL_LINES),
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}

/** The first SIGTERM or SIGINT asks for an orderly end; a second one is the operating system's own. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

/** Of the package this runs from; the driver works without knowing it. */
function version(): string {
  try {
    const value: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    return typeof value === 'object' && value !== null && 'version' in value ? String(value.version) : 'unknown';
  } catch {
    return 'unknown';
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    const lines = (error instanceof Error ? error.message : String(error)).split('\n');
    process.stderr.write(lines.map((line) => `mock-driver: ${line}\n`).join(''));
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
