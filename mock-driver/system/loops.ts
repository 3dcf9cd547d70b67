/**
 * Loop devices: how a file of a volume becomes a device of this machine. Nothing is remembered here: the kernel knows which
 * file a device shows, also for a driver that was started again. Every call is idempotent.
 */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { isAbsent, PROBE } from './disk-records.ts';
import { readMounts } from './mount-table.ts';

const run = promisify(execFile);
const PROBE_BYTES = 4096;

export interface LoopDevice {
  /** `/dev/loop3` */
  readonly path: string;
  readonly readonly: boolean;
}

/** Why this process can have none, tried once with a file below `folder`; undefined where it can. */
export async function loopProblem(folder: string): Promise<string | undefined> {
  const file = join(folder, `${PROBE}loop-${process.pid}`);
  try {
    await fs.writeFile(file, Buffer.alloc(PROBE_BYTES));
    await attach(file, { readonly: false });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  } finally {
    await detachAll(file).catch(() => undefined);
    await fs.rm(file, { force: true });
  }
}

/**
 * The devices that show a file; none where there is no program to ask. Compared by device and inode: a path may be another
 * one in another container.
 */
export async function loopsOf(file: string): Promise<readonly LoopDevice[]> {
  const asked = ['--list', '--noheadings', '--raw', '--output=NAME,RO', '--associated', file];
  const { stdout } = await run('losetup', asked).catch((error: unknown) => {
    if (isAbsent(error)) return { stdout: '' };
    throw error;
  });
  return stdout.split('\n').flatMap((line) => {
    const [path = '', readonly = ''] = line.trim().split(/\s+/);
    return path === '' ? [] : [{ path, readonly: readonly === '1' }];
  });
}

/** The device of a file, a new one where there is none of this kind yet. */
export async function attach(file: string, { readonly }: { readonly readonly: boolean }): Promise<string> {
  const there = (await loopsOf(file)).find((device) => device.readonly === readonly);
  if (there !== undefined) return there.path;
  const { stdout } = await run('losetup', ['--find', '--show', ...(readonly ? ['--read-only'] : []), '--', file]);
  return stdout.trim();
}

/** A device that is open or mounted goes with its last user; the kernel sees to that. */
export async function detachAll(file: string): Promise<void> {
  for (const { path } of await loopsOf(file)) await run('losetup', ['--detach', path]);
}

/** A file that has grown shows its new size only when asked to. */
export async function takeNewSize(file: string): Promise<readonly LoopDevice[]> {
  const devices = await loopsOf(file);
  for (const { path } of devices) await run('losetup', ['--set-capacity', path]);
  return devices;
}

/** `7:3`, as the list of mounts names a device. */
export async function deviceNumber(path: string): Promise<string> {
  return (await fs.readFile(`/sys/block/${basename(path)}/dev`, 'utf8')).trim();
}

/** Brings what was written to the devices of a file, and to file systems on them, into the file: a copy of it is then as of now. */
export async function flush(file: string): Promise<void> {
  for (const { path, readonly } of await loopsOf(file)) {
    const number = await deviceNumber(path);
    const mounted = (await readMounts()).find(({ device }) => device === number);
    if (mounted !== undefined) await run('sync', ['--file-system', '--', mounted.point]);
    if (!readonly) await syncDevice(path);
  }
}

async function syncDevice(path: string): Promise<void> {
  const handle = await fs.open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
