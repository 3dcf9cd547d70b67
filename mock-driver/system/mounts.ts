/**
 * Publishing on this machine: mounts where we may mount, symbolic links where we may not (a laptop without root, csi-sanity
 * in CI). A link cannot be read-only and takes no mount flags. A file is mounted as a loop device where there are any, or
 * else as it is: then a block volume is a file at its target path.
 */
import { execFile } from 'node:child_process';
import type { BigIntStats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import type { Publisher } from '../publisher.ts';
import { walk } from './copy.ts';
import { PROBE } from './disk-records.ts';
import { growMounted, growUnmounted } from './ext4.ts';
import { attach, detachAll, deviceNumber, loopProblem, loopsOf, takeNewSize } from './loops.ts';
import { mountAt } from './mount-table.ts';

const run = promisify(execFile);

/** The flags that a single mount takes; the others belong to file systems that are not there, and are left out. */
const MOUNT_FLAGS = ['ro', 'noexec', 'nosuid', 'nodev', 'noatime', 'nodiratime', 'relatime'];

export type PublishMode = 'auto' | 'bind' | 'symlink';

export interface Publishing {
  readonly publisher: Publisher;
  /** Why files are not shown as loop devices; undefined where they are. */
  readonly noLoops: string | undefined;
}

/** `auto` tries a mount once, in the state directory. */
export async function publishingFor(mode: PublishMode, stateDir: string): Promise<Publishing> {
  if (mode === 'symlink' || (mode === 'auto' && !(await canMount(stateDir))))
    return { publisher: symlinks(stateDir), noLoops: 'volumes are published as symbolic links' };
  await fs.mkdir(stateDir, { recursive: true });
  const noLoops = await loopProblem(stateDir);
  return { publisher: mounts(stateDir, noLoops === undefined), noLoops };
}

async function canMount(stateDir: string): Promise<boolean> {
  const probe = join(stateDir, `${PROBE}mount-${process.pid}`);
  await fs.mkdir(probe, { recursive: true });
  try {
    await run('mount', ['--bind', probe, probe]);
    await run('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    await fs.rmdir(probe);
  }
}

function symlinks(stateDir: string): Publisher {
  return {
    stages: false,
    ensure: async (request) => {
      await giveToGroup(request.source, request.group);
      const there = await statOf(request.target);
      if (there?.isSymbolicLink() && (await fs.readlink(request.target)) === request.source) return;
      if (there?.isDirectory()) await fs.rmdir(request.target);
      else if (there !== undefined) throw new Error(`${request.target} exists and is not ours`);
      await fs.symlink(request.source, request.target);
    },
    remove: (target, { keepDirectory }) => removeAny(target, { keepDirectory, stateDir }),
    release: () => Promise.resolve(),
    grow: () => Promise.resolve(),
    usage: () => Promise.resolve(undefined),
  };
}

function mounts(stateDir: string, loops: boolean): Publisher {
  return {
    stages: true,
    ensure: async (request) => {
      const { source, target, block, readonly, mountFlags, group } = request;
      const isFile = (await fs.stat(source)).isFile();
      if (block) await fs.writeFile(target, '', { flag: 'a' });
      else await fs.mkdir(target, { recursive: true });
      if (isFile && !block) await mountExt4(source, target);
      else await bind(isFile && loops ? await attach(source, { readonly }) : source, target);
      await giveToGroup(target, group);
      // The kernel takes flags of a single mount only in a second step; a repeated call makes good a missing one.
      const flags = [...new Set([...mountFlags.filter((flag) => MOUNT_FLAGS.includes(flag)), ...(readonly ? ['ro'] : [])])];
      if (flags.length > 0) await run('mount', ['-o', ['remount', 'bind', ...flags].join(','), '--', target]);
    },
    remove: (target, { keepDirectory }) => removeAny(target, { keepDirectory, stateDir }),
    release: async (source) => {
      if (loops && (await fs.stat(source)).isFile()) await detachAll(source);
    },
    grow: async ({ source, block }) => {
      if (!loops || !(await fs.stat(source)).isFile()) return;
      const devices = await takeNewSize(source);
      const { size } = await fs.stat(source, { bigint: true });
      if (!block) for (const { path } of devices) await growMounted(path, size);
    },
    usage: async ({ source, at }) => {
      if (!(await fs.stat(source)).isFile()) return undefined;
      const { blocks, bfree, bsize, files, ffree } = await fs.statfs(at, { bigint: true });
      return { totalBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize, totalInodes: files, usedInodes: files - ffree };
    },
  };
}

async function bind(source: string, target: string): Promise<void> {
  if ((await mountAt(target)) === undefined) return void (await run('mount', ['--bind', '--', source, target]));
  const [there, wanted] = [await fs.stat(target), await fs.stat(source)];
  const isSame = wanted.isBlockDevice() ? there.rdev === wanted.rdev : there.ino === wanted.ino && there.dev === wanted.dev;
  if (!isSame) throw new Error(`something else is mounted at ${target}`);
}

/** The file system in a file. Its device goes with the last of its mounts, also if this process does not live to see it. */
async function mountExt4(file: string, target: string): Promise<void> {
  const there = await mountAt(target);
  const devices = await loopsOf(file);
  if (there !== undefined) {
    const numbers = await Promise.all(devices.map(({ path }) => deviceNumber(path)));
    if (!numbers.includes(there.device)) throw new Error(`something else is mounted at ${target}`);
    return;
  }
  if (devices.length === 0) await growUnmounted(file);
  const device = await attach(file, { readonly: false });
  try {
    await run('mount', ['-t', 'ext4', '--', device, target]);
  } finally {
    await detachAll(file);
  }
}

/** VOLUME_MOUNT_GROUP: the group owns all that is there, and what will be made in it. */
async function giveToGroup(root: string, group: string): Promise<void> {
  if (group === '') return;
  if (!/^[0-9]{1,10}$/.test(group)) throw new Error(`volume_mount_group ${JSON.stringify(group)} is not a group number`);
  const found: { readonly path: Buffer; readonly stats: BigIntStats }[] = [];
  await walk(Buffer.from(root), (path, stats) => found.push({ path, stats }));
  for (const { path, stats } of found) {
    await fs.lchown(path, Number(stats.uid), Number(group));
    if (stats.isSymbolicLink()) continue;
    await fs.chmod(path, Number(stats.mode & 0o7777n) | (stats.isDirectory() ? 0o2770 : 0o660));
  }
}

/** Takes away what `ensure` made, in whichever mode that was, and nothing else. */
async function removeAny(target: string, { keepDirectory, stateDir }: { keepDirectory: boolean; stateDir: string }): Promise<void> {
  while ((await mountAt(target)) !== undefined) await run('umount', ['--', target]);
  const there = await statOf(target);
  if (there === undefined) return;
  if (there.isSymbolicLink()) {
    const source = await fs.readlink(target);
    if (!resolve(source).startsWith(resolve(stateDir) + sep)) throw new Error(`${target} is a link to somewhere else`);
    await fs.unlink(target);
  } else if (there.isDirectory()) {
    if (!keepDirectory) await fs.rmdir(target);
  } else if (there.isFile() && there.size === 0n) await fs.unlink(target);
  else throw new Error(`${target} is not ours`);
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await fs.lstat(path, { bigint: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
