/**
 * Snapshots of one volume, and of several at one instant. A snapshot is a copy of its own: it outlives its
 * volume and is not held by volumes that were restored from it. Whether it is ready is a matter of time
 * only (`readyMs`), so a poll changes nothing.
 */
import { limitMap, requireId, requireName, sameMap } from './names.ts';
import type { GroupRecord, SnapshotRecord, VolumeRecord } from './records.ts';
import { Refusal } from './status.ts';
import { quote, requireVolume } from './volumes.ts';
import type { Outcome, World } from './world.ts';

/** CreateSnapshot; `processingMs` is what a fault script asked for, else 0. */
export interface CreateSnapshot {
  readonly name: string;
  readonly sourceVolumeId: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** How long the driver processes the snapshot after the cut. */
  readonly processingMs: number;
}

/** One snapshot per name: the second call of a name is the poll for readiness and must name the same volume. */
export function createSnapshot(world: World, request: CreateSnapshot): Outcome<SnapshotRecord> {
  const name = requireName(request.name);
  requireId(request.sourceVolumeId, 'source_volume_id');
  limitMap(request.parameters, 'parameters');
  const existing = world.state.snapshotNamed(name);
  if (existing !== undefined) {
    if (existing.sourceVolumeId !== request.sourceVolumeId) {
      throw new Refusal('ALREADY_EXISTS', `snapshot ${existing.id} has this name and is of volume ${existing.sourceVolumeId}`);
    }
    if (!sameMap(existing.parameters, request.parameters))
      throw new Refusal('ALREADY_EXISTS', `snapshot ${existing.id} has this name and other parameters`);
    return { change: undefined, answer: existing };
  }
  const volume = requireVolume(world, request.sourceVolumeId);
  const snapshot = cut(world, volume, { name, parameters: request.parameters, processingMs: request.processingMs, groupId: undefined });
  return { change: { op: 'create-snapshot', snapshot }, answer: snapshot };
}

/** What distinguishes one cut from another; everything else is taken from the volume as it is now. */
interface Cut {
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly processingMs: number;
  readonly groupId: string | undefined;
}

function cut(world: World, volume: VolumeRecord, { name, parameters, processingMs, groupId }: Cut): SnapshotRecord {
  return {
    id: world.newId('snap'),
    name,
    sourceVolumeId: volume.id,
    bytes: volume.bytes,
    block: volume.block,
    parameters,
    segment: volume.segment,
    createdMs: world.nowMs,
    readyMs: world.nowMs + processingMs,
    groupId,
  };
}

/** A member of a group is refused: the specification has it go with the group. */
export function deleteSnapshot(world: World, id: string): Outcome<undefined> {
  const snapshot = world.state.snapshot(requireId(id, 'snapshot_id'));
  if (snapshot === undefined) return { change: undefined, answer: undefined };
  if (snapshot.groupId !== undefined) {
    throw new Refusal('INVALID_ARGUMENT', `snapshot ${snapshot.id} belongs to group ${snapshot.groupId} and goes with it`);
  }
  return { change: { op: 'delete-snapshot', id: snapshot.id }, answer: undefined };
}

/** The snapshot, ready or not; NOT_FOUND for an id that names none. */
export function requireSnapshot(world: World, id: string): SnapshotRecord {
  const snapshot = world.state.snapshot(requireId(id, 'snapshot_id'));
  if (snapshot === undefined) throw new Refusal('NOT_FOUND', `snapshot ${quote(id)} does not exist`);
  return snapshot;
}

/** Empty text: no such filter. Both together must both hold. */
export interface SnapshotFilter {
  readonly snapshotId: string;
  readonly sourceVolumeId: string;
}

/** Ids of the snapshots that match, in order. Unknown ids match nothing. */
export function matchingSnapshots(world: World, filter: SnapshotFilter): readonly string[] {
  const { state } = world;
  if (filter.snapshotId !== '') {
    const snapshot = state.snapshot(filter.snapshotId);
    const matches = snapshot !== undefined && (filter.sourceVolumeId === '' || snapshot.sourceVolumeId === filter.sourceVolumeId);
    return matches ? [snapshot.id] : [];
  }
  if (filter.sourceVolumeId === '') return state.snapshotIds();
  return state.snapshotIds().filter((id) => state.snapshot(id)?.sourceVolumeId === filter.sourceVolumeId);
}

/** CreateVolumeGroupSnapshot. */
export interface CreateGroup {
  readonly name: string;
  readonly sourceVolumeIds: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly processingMs: number;
}

export interface GroupWithSnapshots {
  readonly group: GroupRecord;
  readonly snapshots: readonly SnapshotRecord[];
}

/** One commit for the group and all its members: there is no moment at which some of them exist. */
export function createGroup(world: World, request: CreateGroup): Outcome<GroupWithSnapshots> {
  const name = requireName(request.name);
  limitMap(request.parameters, 'parameters');
  const ids = request.sourceVolumeIds;
  if (ids.length === 0) throw new Refusal('INVALID_ARGUMENT', 'source_volume_ids are missing');
  if (new Set(ids).size !== ids.length) throw new Refusal('INVALID_ARGUMENT', 'source_volume_ids name a volume twice');
  const existing = world.state.groupNamed(name);
  if (existing !== undefined) {
    if (!sameSet(existing.sourceVolumeIds, ids))
      throw new Refusal('ALREADY_EXISTS', `group snapshot ${existing.id} has this name and other volumes`);
    if (!sameMap(existing.parameters, request.parameters))
      throw new Refusal('ALREADY_EXISTS', `group snapshot ${existing.id} has this name and other parameters`);
    return { change: undefined, answer: withSnapshots(world, existing) };
  }
  const volumes = ids.map((id) => requireVolume(world, id));
  const groupId = world.newId('group');
  const { parameters, processingMs } = request;
  const snapshots = volumes.map((volume) => cut(world, volume, { name: '', parameters, processingMs, groupId }));
  const snapshotIds = snapshots.map(({ id }) => id);
  const group: GroupRecord = { id: groupId, name, sourceVolumeIds: ids, snapshotIds, parameters, createdMs: world.nowMs };
  return { change: { op: 'create-group', group, snapshots }, answer: { group, snapshots } };
}

/** Neither list names anything twice, so equal length and inclusion make equal sets. */
const sameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((item) => b.includes(item));

function withSnapshots(world: World, group: GroupRecord): GroupWithSnapshots {
  return { group, snapshots: group.snapshotIds.flatMap((id) => world.state.snapshot(id) ?? []) };
}

/** The group with all its snapshots, in one commit. */
export function deleteGroup(world: World, id: string, snapshotIds: readonly string[]): Outcome<undefined> {
  const group = world.state.group(requireId(id, 'group_snapshot_id'));
  if (group === undefined) return { change: undefined, answer: undefined };
  requireMembers(group, snapshotIds);
  return { change: { op: 'delete-group', id: group.id }, answer: undefined };
}

export function requireGroup(world: World, id: string, snapshotIds: readonly string[]): GroupWithSnapshots {
  const group = world.state.group(requireId(id, 'group_snapshot_id'));
  if (group === undefined) throw new Refusal('NOT_FOUND', `group snapshot ${quote(id)} does not exist`);
  requireMembers(group, snapshotIds);
  return withSnapshots(world, group);
}

/** The caller must know what it destroys or asks about: a list that differs is refused. */
function requireMembers(group: GroupRecord, snapshotIds: readonly string[]): void {
  if (sameSet(group.snapshotIds, snapshotIds)) return;
  throw new Refusal(
    'INVALID_ARGUMENT',
    `group snapshot ${group.id} has ${group.snapshotIds.length} snapshots, and snapshot_ids are not exactly these`,
  );
}
