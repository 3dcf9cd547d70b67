/**
 * Publishing on this machine: bind mounts where we may mount, symbolic links where we may not (a laptop
 * without root, csi-sanity in CI). A link cannot be read-only and takes no mount flags.
 */
import { execFile } from 'node:child_process';
import type { BigIntStats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import type { Publisher, PublishRequest } from '../publisher.ts';

const run = promisify(execFile);

/** The flags a bind mount takes; the others belong to file systems that are not there, and are left out. */
const BIND_FLAGS = ['ro', 'noexec', 'nosuid', 'nodev', 'noatime', 'nodiratime', 'relatime'];

export type PublishMode = 'auto' | 'bind' | 'symlink';

/** `auto` tries a mount once, in the state directory. */
export async function publisherFor(mode: PublishMode, stateDir: string): Promise<Publisher> {
  if (mode === 'symlink') return symlinks(stateDir);
  if (mode === 'bind' || (await canMount(stateDir))) return binds(stateDir);
  return symlinks(stateDir);
}

async function canMount(stateDir: string): Promise<boolean> {
  const probe = join(stateDir, `.mount-probe-${process.pid}`);
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
      await giveToGroup(request);
      const there = await statOf(request.target);
      if (there?.isSymbolicLink() && (await fs.readlink(request.target)) === request.source) return;
      if (there?.isDirectory()) await fs.rmdir(request.target);
      else if (there !== undefined) throw new Error(`${request.target} exists and is not ours`);
      await fs.symlink(request.source, request.target);
    },
    remove: (target, { keepDirectory }) => removeAny(target, { keepDirectory, stateDir }),
  };
}

function binds(stateDir: string): Publisher {
  return {
    stages: true,
    ensure: async (request) => {
      const { source, target, block, readonly, mountFlags } = request;
      await giveToGroup(request);
      if (await isMounted(target)) {
        const [there, wanted] = [await fs.stat(target), await fs.stat(source)];
        if (there.ino !== wanted.ino || there.dev !== wanted.dev) throw new Error(`something else is mounted at ${target}`);
      } else {
        if (block) await fs.writeFile(target, '', { flag: 'a' });
        else await fs.mkdir(target, { recursive: true });
        await run('mount', ['--bind', '--', source, target]);
      }
      // The kernel takes flags of a bind mount only in a second step; a repeated call makes good a missing one.
      const flags = [...new Set([...mountFlags.filter((flag) => BIND_FLAGS.includes(flag)), ...(readonly ? ['ro'] : [])])];
      if (flags.length > 0) await run('mount', ['-o', ['remount', 'bind', ...flags].join(','), '--', target]);
    },
    remove: (target, { keepDirectory }) => removeAny(target, { keepDirectory, stateDir }),
  };
}

/** VOLUME_MOUNT_GROUP: the group owns the directory and what will be made in it. */
async function giveToGroup({ source, group, block }: PublishRequest): Promise<void> {
  if (group === '') return;
  if (!/^[0-9]{1,10}$/.test(group)) throw new Error(`volume_mount_group ${JSON.stringify(group)} is not a group number`);
  const { uid } = await fs.stat(source);
  await fs.chown(source, uid, Number(group));
  await fs.chmod(source, block ? 0o660 : 0o2775);
}

/** Takes away what `ensure` made, in whichever mode that was, and nothing else. */
async function removeAny(target: string, { keepDirectory, stateDir }: { keepDirectory: boolean; stateDir: string }): Promise<void> {
  while (await isMounted(target)) await run('umount', ['--', target]);
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

/** Whether a path is a mount point, by the kernel's own list. Nowhere else (macOS) do we mount. */
async function isMounted(path: string): Promise<boolean> {
  let table: string;
  try {
    table = await fs.readFile('/proc/self/mountinfo', 'utf8');
  } catch {
    return false;
  }
  const real = resolve(path);
  // Field 5 is the mount point, with blanks and backslashes in octal.
  const points = table
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
  return points.includes(real);
}
