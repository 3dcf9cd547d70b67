/**
 * Volumes as directories on a disk. Every commit ends in one rename: what is made is complete in tmp/
 * before it appears, what is deleted disappears into tmp/ before it is taken apart. A process that dies
 * leaves at most something in tmp/, which the next one clears away.
 *
 * Several instances may share a directory. Commits happen under a lock; each is announced as a line in
 * `changes`, and an instance that finds new lines reads the objects they name again. A file that was
 * replaced or is gone means: read everything.
 */
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Change, GroupRecord, NodeRecord, Records, SnapshotRecord, VolumeRecord } from '../model/records.ts';
import { recordText } from '../store/record-text.ts';
import { type CrashPoint, type News, StoreError, type Usage, type VolumeStore } from '../store/store.ts';
import { ChangeFeed } from './change-feed.ts';
import { type CopyPair, copyStill, walk } from './copy.ts';
import {
  checkFormat,
  FORMAT,
  FORMAT_DRAFT,
  groupDir,
  isAbsent,
  loadAll,
  loadGroup,
  loadNodes,
  loadSnapshot,
  loadVolume,
  messageOf,
  nodeFile,
  requireSafe,
  snapshotDir,
  volumeDir,
} from './disk-records.ts';
import { makeExt4 } from './ext4.ts';
import { TicketLock } from './lock.ts';
import { flush } from './loops.ts';

const FOLDERS = ['volumes', 'snapshots', 'groups', 'nodes', 'tmp', 'locks'];

export interface DiskStoreOptions {
  readonly root: string;
  readonly nodeId: string;
  readonly clock: Clock;
  /** What new volumes are that are mounted; those that exist stay as they are. Default: a directory. */
  readonly format?: VolumeFormat;
}

/** A directory has no size of its own, a file system has. */
export type VolumeFormat = 'directory' | 'ext4';

export class DiskStore implements VolumeStore {
  readonly #root: string;
  readonly #options: DiskStoreOptions;
  #lock: TicketLock | undefined;
  #locked = false;
  readonly #feed: ChangeFeed;
  /** Group of each snapshot that has one: where its data lie. */
  readonly #groupOf = new Map<string, string>();

  constructor(options: DiskStoreOptions) {
    this.#options = options;
    this.#root = options.root;
    this.#feed = new ChangeFeed(join(options.root, 'changes'));
  }

  /** Makes a new directory ours, or reads one that is. Refuses before the first write what it does not understand. */
  async open(): Promise<Records> {
    const root = this.#root;
    try {
      await fs.mkdir(root, { recursive: true, mode: 0o750 });
    } catch (error) {
      throw failure(error, `cannot make the state directory ${root}`);
    }
    const found = checkFormat(root);
    try {
      // First, so that a directory that holds anything always says whose it is.
      if (found === 'absent') await this.#writeFormat();
      for (const folder of FOLDERS) await fs.mkdir(join(root, folder), { recursive: true });
      this.#lock = new TicketLock({ directory: join(root, 'locks'), nodeId: this.#options.nodeId, clock: this.#options.clock });
      return await this.exclusive(async () => {
        // Reading first: what cannot be trusted is left as it is, drafts included.
        const records = this.#everything();
        await this.#clear();
        return records;
      });
    } catch (error) {
      throw failure(error, `cannot open the state directory ${root}`);
    }
  }

  /** The lock is the directory's, not the process's: one commit at a time over all instances. */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    const lock = this.#lock;
    if (lock === undefined) throw new StoreError('failed', 'the store is not open');
    const { inherited } = await lock.acquire();
    this.#locked = true;
    try {
      // The holder before us died: what it committed may not be announced, what it began lies in tmp/.
      if (inherited) {
        loadAll(this.#root);
        await this.#clear();
        this.#feed.drop();
      }
      return await work();
    } finally {
      this.#locked = false;
      lock.release();
    }
  }

  /** Cheap where nothing happened, which is nearly always: one stat. */
  async news(): Promise<News> {
    const lines = this.#feed.read();
    if (lines === 'lost') {
      // Without the lock a directory could go between being listed and being read, which looks like damage.
      return this.#locked ? { kind: 'everything', records: this.#everything() } : this.exclusive(() => this.news());
    }
    const changes = lines.flatMap((line) => this.#reread(line));
    for (const change of changes) this.#remember(change);
    return { kind: 'changes', changes };
  }

  async commit(change: Change, crashPoint: CrashPoint): Promise<void> {
    try {
      await this.#commit(change, crashPoint);
      this.#remember(change);
    } catch (error) {
      // It may have failed behind the rename: what is on the disk is what counts, and is read anew.
      this.#feed.lose();
      throw failure(error, 'the change was not made');
    }
  }

  /** What is mounted or linked at target paths: `data`, a directory or a file. */
  path(volumeId: string): string {
    return join(volumeDir(this.#root, volumeId), 'data');
  }

  async usage(volumeId: string): Promise<Usage> {
    let usedBytes = 0n;
    let usedInodes = 0n;
    await walk(Buffer.from(this.path(volumeId)), (_, stats) => {
      usedBytes += stats.blocks * 512n;
      usedInodes += 1n;
    });
    const { ffree } = await fs.statfs(this.#root, { bigint: true });
    return { usedBytes, usedInodes, totalInodes: usedInodes + ffree };
  }

  async #commit(change: Change, crashPoint: CrashPoint): Promise<void> {
    switch (change.op) {
      case 'create-volume':
        return this.#createVolume(change.volume, crashPoint);
      case 'update-volume':
        return this.#updateVolume(change.volume, crashPoint);
      case 'create-snapshot':
        return this.#createSnapshot(change.snapshot, crashPoint);
      case 'create-group':
        return this.#createGroup(change.group, change.snapshots, crashPoint);
      case 'delete-volume':
        return this.#delete(volumeDir(this.#root, change.id), `volume ${change.id}`, crashPoint);
      case 'delete-snapshot':
        return this.#delete(snapshotDir(this.#root, { id: change.id }), `snapshot ${change.id}`, crashPoint);
      case 'delete-group':
        return this.#delete(groupDir(this.#root, change.id), `group ${change.id}`, crashPoint);
      case 'put-node':
        return this.#putNode(change.node);
      default: {
        const never: never = change;
        throw new Error(`unknown change ${JSON.stringify(never)}`);
      }
    }
  }

  /** Steps: 0 nothing yet, 1 data drafted, 2 record drafted, 3 in place, 4 announced. */
  async #createVolume(volume: VolumeRecord, crashPoint: CrashPoint): Promise<void> {
    await this.#make({ final: volumeDir(this.#root, volume.id), line: `volume ${volume.id}`, crashPoint }, async (made) => {
      const data = join(made, 'data');
      if (volume.source !== undefined) {
        const { kind, id } = volume.source;
        const from = kind === 'volume' ? volumeDir(this.#root, id) : snapshotDir(this.#root, { id, groupId: this.#groupOf.get(id) });
        await this.#copy([{ from: join(from, 'data'), to: data }]);
      } else if (volume.block || this.#options.format === 'ext4') await fs.writeFile(data, '', { mode: 0o600 });
      // What runs in a container is rarely root: the directory is open, as an empty file system's root would be.
      else await fs.mkdir(data).then(() => fs.chmod(data, 0o777));
      await growFile(data, volume.bytes);
      if (volume.source === undefined && !volume.block && this.#options.format === 'ext4') await makeExt4(data);
      await crashPoint(1);
      await writeSynced(join(made, 'volume.json'), recordText(volume));
    });
  }

  async #createSnapshot(snapshot: SnapshotRecord, crashPoint: CrashPoint): Promise<void> {
    await this.#make({ final: snapshotDir(this.#root, snapshot), line: `snapshot ${snapshot.id}`, crashPoint }, async (made) => {
      await this.#copy([{ from: this.path(snapshot.sourceVolumeId), to: join(made, 'data') }]);
      await crashPoint(1);
      await writeSynced(join(made, 'snapshot.json'), recordText(snapshot));
    });
  }

  /** The group's directory holds its members': they appear and disappear with it. */
  async #createGroup(group: GroupRecord, snapshots: readonly SnapshotRecord[], crashPoint: CrashPoint): Promise<void> {
    await this.#make({ final: groupDir(this.#root, group.id), line: `group ${group.id}`, crashPoint }, async (made) => {
      for (const { id } of snapshots) await fs.mkdir(join(made, requireSafe(id)));
      const pairs = snapshots.map(({ id, sourceVolumeId }) => ({ from: this.path(sourceVolumeId), to: join(made, id, 'data') }));
      await this.#copy(pairs);
      await crashPoint(1);
      for (const snapshot of snapshots) await writeSynced(join(made, snapshot.id, 'snapshot.json'), recordText(snapshot));
      await writeSynced(join(made, 'group.json'), recordText(group));
    });
  }

  async #copy(pairs: readonly CopyPair[]): Promise<void> {
    for (const { from } of pairs) if ((await fs.stat(from)).isFile()) await flush(from);
    await copyStill(pairs, this.#options.clock);
  }

  /** Makes a directory whole in tmp/, then lets it appear. */
  async #make(what: { final: string; line: string; crashPoint: CrashPoint }, fill: (made: string) => Promise<void>): Promise<void> {
    const made = join(this.#root, 'tmp', what.line.replace(' ', '-'));
    await what.crashPoint(0);
    try {
      await fs.mkdir(made);
      await fill(made);
      await what.crashPoint(2);
      await fs.rename(made, what.final);
    } catch (error) {
      await fs.rm(made, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
    await what.crashPoint(3);
    await syncDirectory(dirname(what.final));
    this.#feed.announce(what.line);
    await what.crashPoint(4);
  }

  /** Steps: 0 nothing yet, 1 data grown, 2 record drafted, 3 in place, 4 announced. */
  async #updateVolume(volume: VolumeRecord, crashPoint: CrashPoint): Promise<void> {
    await crashPoint(0);
    const directory = volumeDir(this.#root, volume.id);
    // Growing the file first: a crash in between leaves room that nobody was promised, not a promise without room.
    await growFile(join(directory, 'data'), volume.bytes);
    await crashPoint(1);
    await this.#replace(join(directory, 'volume.json'), recordText(volume), () => crashPoint(2));
    await crashPoint(3);
    this.#feed.announce(`volume ${volume.id}`);
    await crashPoint(4);
  }

  async #putNode(node: NodeRecord): Promise<void> {
    await this.#replace(nodeFile(this.#root, node.id), recordText(node), () => Promise.resolve());
    this.#feed.announce('node');
  }

  /** Never half a file: written beside, synced, renamed. */
  async #replace(file: string, content: string, beforeRename: () => Promise<void>): Promise<void> {
    const made = join(this.#root, 'tmp', 'record');
    try {
      await writeSynced(made, content);
      await beforeRename();
      await fs.rename(made, file);
    } catch (error) {
      await fs.rm(made, { force: true }).catch(() => undefined);
      throw error;
    }
    await syncDirectory(dirname(file));
  }

  /** Steps: 0 nothing yet, 1 out of sight, 2 announced, 3 taken apart. */
  async #delete(directory: string, line: string, crashPoint: CrashPoint): Promise<void> {
    const gone = join(this.#root, 'tmp', `${line.replace(' ', '-')}-deleted`);
    await crashPoint(0);
    await fs.rename(directory, gone);
    await crashPoint(1);
    await syncDirectory(dirname(directory));
    this.#feed.announce(line);
    await crashPoint(2);
    // It is deleted; what cannot be taken apart now is tried again at the next start.
    await fs.rm(gone, { recursive: true, force: true }).catch(() => undefined);
    await crashPoint(3);
  }

  /** The state, now, of what a line names. */
  #reread(line: string): readonly Change[] {
    const [kind = '', id = ''] = line.split(' ');
    if (kind === 'node') return loadNodes(this.#root).map((node) => ({ op: 'put-node', node }));
    if (kind === 'volume') {
      const volume = loadVolume(this.#root, id);
      return [volume === undefined ? { op: 'delete-volume', id } : { op: 'update-volume', volume }];
    }
    if (kind === 'snapshot') {
      const snapshot = loadSnapshot(this.#root, { id });
      return [snapshot === undefined ? { op: 'delete-snapshot', id } : { op: 'create-snapshot', snapshot }];
    }
    const group = loadGroup(this.#root, id);
    return [group === undefined ? { op: 'delete-group', id } : { op: 'create-group', ...group }];
  }

  /** Reads all records and notes where the news begin. */
  #everything(): Records {
    this.#feed.catchUp();
    const records = loadAll(this.#root);
    this.#groupOf.clear();
    for (const { id, groupId } of records.snapshots) if (groupId !== undefined) this.#groupOf.set(id, groupId);
    return records;
  }

  #remember(change: Change): void {
    if (change.op === 'create-group') for (const { id } of change.snapshots) this.#groupOf.set(id, change.group.id);
  }

  /** Takes away what interrupted commits left. Only under the lock: a draft may be another instance's work. */
  async #clear(): Promise<void> {
    const tmp = join(this.#root, 'tmp');
    for (const name of await fs.readdir(tmp)) await fs.rm(join(tmp, name), { recursive: true, force: true });
  }

  async #writeFormat(): Promise<void> {
    const made = join(this.#root, `${FORMAT_DRAFT}${process.pid}`);
    await writeSynced(made, `${JSON.stringify({ format: FORMAT })}\n`);
    await fs.rename(made, join(this.#root, 'format'));
  }
}

/** A file shows its volume's size; a directory has none. */
async function growFile(data: string, bytes: bigint): Promise<void> {
  const stats = await fs.stat(data, { bigint: true });
  if (stats.isFile() && stats.size < bytes) await fs.truncate(data, Number(bytes));
}

async function writeSynced(file: string, content: string): Promise<void> {
  const handle = await fs.open(file, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await fs.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What the operating system said, as one of the kinds that the driver has an answer for. */
function failure(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StoreError('full', 'the disk of the state directory is full', { cause: error });
  if (isAbsent(error))
    return new StoreError('failed', `${what}: ${messageOf(error)}; was the state directory changed from outside?`, { cause: error });
  return new StoreError('failed', `${what}: ${messageOf(error)}`, { cause: error });
}
