/** An ext4 file system in a file: the size of a volume that a workload cannot exceed. Made, grown and looked at without mounting it. */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The superblock, and in it: number of blocks (low, high), block size (0 is 1024), magic. */
const SUPERBLOCK = { at: 1024, bytes: 1024, blocksLow: 0x04, blocksHigh: 0x150, blockSize: 0x18, magic: 0x38 };
const MAGIC = 0xef53;
/** The smallest that mkfs.ext4 makes without special wishes. */
export const MINIMUM_EXT4_BYTES = 1n << 20n;

/** Nothing is left for later (lazy_…): a file that changes by itself could not be copied. No blocks are kept for root. */
export async function makeExt4(file: string): Promise<void> {
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0', '--', file]);
}

/** Bytes that the file system takes of a file or device; undefined where it holds none. */
export async function ext4Bytes(path: string): Promise<bigint | undefined> {
  const handle = await fs.open(path, 'r');
  try {
    const block = Buffer.alloc(SUPERBLOCK.bytes);
    const { bytesRead } = await handle.read(block, 0, SUPERBLOCK.bytes, SUPERBLOCK.at);
    if (bytesRead < SUPERBLOCK.bytes || block.readUInt16LE(SUPERBLOCK.magic) !== MAGIC) return undefined;
    const blocks = BigInt(block.readUInt32LE(SUPERBLOCK.blocksLow)) + (BigInt(block.readUInt32LE(SUPERBLOCK.blocksHigh)) << 32n);
    return blocks * BigInt(1024 << block.readUInt32LE(SUPERBLOCK.blockSize));
  } finally {
    await handle.close();
  }
}

/** Fills the file. For one that is not mounted: resize2fs wants it checked before, which also replays its journal. */
export async function growUnmounted(file: string): Promise<void> {
  if (!(await hasRoom(file, (await fs.stat(file, { bigint: true })).size))) return;
  await run('e2fsck', ['-f', '-p', file]).catch((error: unknown) => {
    // 1: it found something and mended it.
    if (!(error instanceof Error) || !('code' in error) || error.code !== 1) throw error;
  });
  await run('resize2fs', [file]);
}

/** Fills the device under a mounted file system. The kernel lets only CAP_SYS_RESOURCE do it. */
export async function growMounted(device: string, bytes: bigint): Promise<void> {
  if (await hasRoom(device, bytes)) await run('resize2fs', [device]);
}

/** Whether a larger file system fits: less than a block more is no room. */
async function hasRoom(path: string, bytes: bigint): Promise<boolean> {
  const taken = await ext4Bytes(path);
  if (taken === undefined) throw new Error(`${path} holds no ext4 file system`);
  return bytes - taken >= 4096n;
}

const CAP_SYS_RESOURCE = 24n;

/** Whether this process may grow what is mounted. */
export async function mayGrowMounted(): Promise<boolean> {
  const [, rights = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(await fs.readFile('/proc/self/status', 'utf8')) ?? [];
  return ((BigInt(`0x${rights}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}
