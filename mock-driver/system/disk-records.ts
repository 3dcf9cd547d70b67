/**
 * The layout of a state directory and how its records are read.
 *
 *     format                      {"format":1}: who wrote this
 *     volumes/ID/                 volume.json and `data`: a directory, or a sparse file for a device or a file system
 *     snapshots/ID/               snapshot.json and `data`
 *     groups/ID/                  group.json and a snapshot directory per member: one rename makes them all
 *     nodes/HASH.json             one per instance
 *     changes                     a line per commit: how instances learn from each other
 *     locks/  tmp/                tickets of the lock; what is being made or taken apart
 *
 * Names in it are ours only (ids are checked against ID), so nothing a caller sends becomes a path.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GroupRecord, NodeRecord, Records, SnapshotRecord, VolumeRecord } from '../model/records.ts';
import { DamageError, readGroup, readNode, readSnapshot, readVolume } from '../store/record-text.ts';
import { StoreError } from '../store/store.ts';

export const FORMAT = 1;
/** What the file `format` is called before it is whole. */
export const FORMAT_DRAFT = '.format-';
/** What a starting instance tries out in the directory: gone in a moment. */
export const PROBE = '.probe-';
const ID = /^(vol|snap|group)-[0-9a-f-]{1,64}$/;

/** Refuses what cannot be one of our ids: the last guard before text becomes a path. */
export function requireSafe(id: string): string {
  if (!ID.test(id)) throw new StoreError('failed', `${JSON.stringify(id.slice(0, 64))} is no id of this driver`);
  return id;
}

export const volumeDir = (root: string, id: string): string => join(root, 'volumes', requireSafe(id));
export const groupDir = (root: string, id: string): string => join(root, 'groups', requireSafe(id));

export function snapshotDir(root: string, snapshot: { readonly id: string; readonly groupId?: string | undefined }): string {
  const parent = snapshot.groupId === undefined ? join(root, 'snapshots') : groupDir(root, snapshot.groupId);
  return join(parent, requireSafe(snapshot.id));
}

export const nodeFile = (root: string, id: string): string =>
  join(root, 'nodes', `${createHash('sha256').update(id).digest('hex').slice(0, 32)}.json`);

/** Undefined if there is no such file; StoreError if there is one that cannot be trusted. */
export function readRecord<T>(file: string, read: (value: unknown, place: string) => T): T | undefined {
  let textOfFile: string;
  try {
    textOfFile = readFileSync(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new StoreError('failed', `cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  try {
    return read(JSON.parse(textOfFile), 'the record');
  } catch (error) {
    if (!(error instanceof DamageError) && !(error instanceof SyntaxError)) throw error;
    throw new StoreError(
      'damaged',
      `${file} is damaged (${error.message}); restore it from a backup, or move it away to give up what it describes`,
      {
        cause: error,
      },
    );
  }
}

export function loadVolume(root: string, id: string): VolumeRecord | undefined {
  return sameId(readRecord(join(volumeDir(root, id), 'volume.json'), readVolume), id);
}

export function loadSnapshot(root: string, at: { readonly id: string; readonly groupId?: string | undefined }): SnapshotRecord | undefined {
  return sameId(readRecord(join(snapshotDir(root, at), 'snapshot.json'), readSnapshot), at.id);
}

export interface LoadedGroup {
  readonly group: GroupRecord;
  readonly snapshots: readonly SnapshotRecord[];
}

export function loadGroup(root: string, id: string): LoadedGroup | undefined {
  const group = sameId(readRecord(join(groupDir(root, id), 'group.json'), readGroup), id);
  if (group === undefined) return undefined;
  return { group, snapshots: group.snapshotIds.flatMap((snapshotId) => loadSnapshot(root, { id: snapshotId, groupId: id }) ?? []) };
}

function sameId<T extends { readonly id: string }>(record: T | undefined, id: string): T | undefined {
  if (record !== undefined && record.id !== id)
    throw new StoreError('damaged', `the record in ${id} is that of ${JSON.stringify(record.id)}`);
  return record;
}

/** Reads everything. A directory without its record is damage: no commit leaves one. */
export function loadAll(root: string): Records {
  const groups = idsIn(root, 'groups').map((id) => must(loadGroup(root, id), groupDir(root, id)));
  const single = idsIn(root, 'snapshots').map((id) => must(loadSnapshot(root, { id }), snapshotDir(root, { id })));
  return {
    volumes: idsIn(root, 'volumes').map((id) => must(loadVolume(root, id), volumeDir(root, id))),
    snapshots: [...single, ...groups.flatMap(({ snapshots }) => snapshots)],
    groups: groups.map(({ group }) => group),
    nodes: loadNodes(root),
  };
}

export function loadNodes(root: string): readonly NodeRecord[] {
  const files = namesIn(join(root, 'nodes')).filter((name) => name.endsWith('.json'));
  return files.flatMap((name) => readRecord(join(root, 'nodes', name), readNode) ?? []);
}

function must<T>(record: T | undefined, directory: string): T {
  if (record === undefined) throw new StoreError('damaged', `${directory} has no record; move it away to give up what it held`);
  return record;
}

function idsIn(root: string, folder: string): readonly string[] {
  const names = namesIn(join(root, folder));
  const foreign = names.find((name) => !ID.test(name));
  if (foreign !== undefined) throw new StoreError('damaged', `${join(root, folder, foreign)} is not ours; move it away`);
  return names;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw new StoreError('failed', `cannot read ${directory}: ${messageOf(error)}`, { cause: error });
  }
}

/** Checks who wrote a directory. Absent: it is empty or new; anything else that is not ours is left alone. */
export function checkFormat(root: string): 'ours' | 'absent' {
  const file = join(root, 'format');
  const format = readRecord(file, (value) => {
    const found = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
    if (typeof found !== 'number') throw new DamageError('format', 'a number');
    return found;
  });
  if (format === undefined) {
    const names = namesIn(root);
    if (names.some((name) => name !== 'lost+found' && !name.startsWith(FORMAT_DRAFT) && !name.startsWith(PROBE))) {
      throw new StoreError(
        'damaged',
        `${root} is not empty and has no file 'format': it is no state directory of this driver; choose another one`,
      );
    }
    return 'absent';
  }
  if (format > FORMAT) {
    throw new StoreError(
      'newer',
      `${root} was written by a newer version (format ${format}, this one knows ${FORMAT}); use that version or another directory`,
    );
  }
  return 'ours';
}

export const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
