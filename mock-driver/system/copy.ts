/**
 * Copies of data that is in use. A source must hold still while it is copied, all sources of a group at
 * once: what changed on the way shows in inode, size or change time, and then the copy is made again.
 * Files are cloned where the file system can share blocks; holes stay holes.
 */
import { isUtf8 } from 'node:buffer';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Clock } from '../../lib/doors/clock.ts';
import { sleep } from '../../lib/doors/sleep.ts';
import { StoreError } from '../store/store.ts';

/** Change times tick in steps of up to 10 ms: a change this recent could hide another one. */
const SETTLE_MS = 20;
const ATTEMPTS = 10;
const CHUNK = 1 << 20;

const run = promisify(execFile);

export interface CopyPair {
  readonly from: string;
  /** Must not exist; its parent must. */
  readonly to: string;
}

/** Copies all pairs as of one instant. Rejects with StoreError `busy` if the sources never held still. */
export async function copyStill(pairs: readonly CopyPair[], clock: Clock): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await look(pairs);
    if (before.newestMs > clock.now() - SETTLE_MS) {
      await sleep(clock, SETTLE_MS, new AbortController().signal);
      continue;
    }
    try {
      for (const pair of pairs) await copyAny(Buffer.from(pair.from), Buffer.from(pair.to));
      const after = await look(pairs);
      if (after.digest === before.digest) return;
    } catch (error) {
      // A file that was removed while we were on our way to it is just another change.
      if (!isGone(error)) throw error;
    }
    for (const pair of pairs) await fs.rm(pair.to, { recursive: true, force: true });
  }
  throw new StoreError('busy', 'the volume is being written without a pause: no consistent copy could be made');
}

interface Look {
  readonly digest: string;
  /** The latest change, or minus infinity where there is nothing that could have been changed. */
  readonly newestMs: number;
}

async function look(pairs: readonly CopyPair[]): Promise<Look> {
  const hash = createHash('sha256');
  let newest = 0n;
  let entries = 0;
  for (const { from } of pairs) {
    await walk(Buffer.from(from), (path, stats, depth) => {
      const { ino, size, blocks, mtimeNs, ctimeNs } = stats;
      // An untouched root (an empty directory, a file that is one hole) hides nothing: anything written there shows by itself.
      const untouched = depth === 0 && (stats.isDirectory() || blocks === 0n);
      if (!untouched) entries += 1;
      if (ctimeNs > newest) newest = ctimeNs;
      hash.update(path).update(`\0${ino} ${size} ${blocks} ${mtimeNs} ${ctimeNs}\n`);
    });
  }
  return { digest: hash.digest('hex'), newestMs: entries === 0 ? Number.NEGATIVE_INFINITY : Number(newest / 1_000_000n) };
}

/** Visits a tree in a fixed order. Names are bytes: a workload need not write UTF-8. */
export async function walk(path: Buffer, visit: (path: Buffer, stats: BigIntStats, depth: number) => void, depth = 0): Promise<void> {
  const stats = await fs.lstat(path, { bigint: true });
  visit(path, stats, depth);
  if (!stats.isDirectory()) return;
  const names = await fs.readdir(path, { encoding: 'buffer' });
  for (const name of names.sort(Buffer.compare)) await walk(join(path, name), visit, depth + 1);
}

const join = (directory: Buffer, name: Buffer): Buffer => Buffer.concat([directory, Buffer.from('/'), name]);

async function copyAny(from: Buffer, to: Buffer): Promise<void> {
  const stats = await fs.lstat(from, { bigint: true });
  if (stats.isDirectory()) {
    await fs.mkdir(to, { mode: 0o700 });
    for (const name of await fs.readdir(from, { encoding: 'buffer' })) await copyAny(join(from, name), join(to, name));
  } else if (stats.isSymbolicLink()) {
    await fs.symlink(await fs.readlink(from, { encoding: 'buffer' }), to);
  } else if (stats.isFile()) {
    await copyFile(from, to, stats);
  } else {
    // Sockets, pipes and devices hold no data of the volume.
    return;
  }
  await copyOwner(to, stats);
}

async function copyOwner(to: Buffer, stats: BigIntStats): Promise<void> {
  if (process.getuid?.() === 0) await fs.lchown(to, Number(stats.uid), Number(stats.gid));
  if (stats.isSymbolicLink()) return;
  await fs.chmod(to, Number(stats.mode & 0o7777n));
  await fs.utimes(to, Number(stats.atimeNs) / 1e9, Number(stats.mtimeNs) / 1e9);
}

async function copyFile(from: Buffer, to: Buffer, stats: BigIntStats): Promise<void> {
  try {
    await fs.copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return;
  } catch (error) {
    if (!cannotClone(error)) throw error;
    await fs.rm(to, { force: true });
  }
  const sparse = stats.blocks * 512n < stats.size;
  if (sparse) await copySparse(from, to, stats);
  else await fs.copyFile(from, to, constants.COPYFILE_EXCL);
}

/** Node cannot ask where the holes of a file are; cp can, where there is a GNU one. */
async function copySparse(from: Buffer, to: Buffer, stats: BigIntStats): Promise<void> {
  if (stats.blocks > 0n && (await copyWithCp(from, to))) return;
  const output = await fs.open(to, 'w', 0o600);
  try {
    await output.truncate(Number(stats.size));
    if (stats.blocks > 0n) await copyNonZero(from, output);
  } finally {
    await output.close();
  }
}

async function copyWithCp(from: Buffer, to: Buffer): Promise<boolean> {
  // Arguments of a program are text here: other names take the slow way.
  if (!isUtf8(from) || !isUtf8(to)) return false;
  try {
    await run('cp', ['--reflink=auto', '--sparse=always', '--', from.toString(), to.toString()]);
    return true;
  } catch {
    return false;
  }
}

/** Reads all and writes only what is not zero: right everywhere, slow for a large file with little in it. */
async function copyNonZero(from: Buffer, output: fs.FileHandle): Promise<void> {
  const input = await fs.open(from, 'r');
  try {
    const buffer = Buffer.alloc(CHUNK);
    const zeros = Buffer.alloc(CHUNK);
    for (let position = 0; ; ) {
      const { bytesRead } = await input.read(buffer, 0, CHUNK, position);
      if (bytesRead === 0) return;
      const chunk = buffer.subarray(0, bytesRead);
      if (!chunk.equals(zeros.subarray(0, bytesRead))) await output.write(chunk, 0, bytesRead, position);
      position += bytesRead;
    }
  } finally {
    await input.close();
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));
const cannotClone = (error: unknown): boolean =>
  ['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY', 'EPERM'].includes(codeOf(error));
