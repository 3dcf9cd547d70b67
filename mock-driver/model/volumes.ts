/**
 * Volumes from creation to deletion, as the controller sees them. Every function decides and changes
 * nothing: it answers the one change to commit, or none, or throws the Refusal to answer.
 *
 * Order of checks: what is wrong with the request itself, then what exists, then what there is room for.
 * A caller therefore learns of its own mistakes whatever the state is.
 */
import { requireModes, requireOneAccessType } from './access.ts';
import { type CapacityRange, chooseSize, DEFAULT_VOLUME_BYTES, fits, MINIMUM_VOLUME_BYTES, requireRange } from './capacity.ts';
import { requireMutable } from './mutable.ts';
import { limitMap, requireId, requireName, sameMap } from './names.ts';
import type { Capability, Segment, Source, VolumeRecord } from './records.ts';
import { Refusal } from './status.ts';
import { free, place, pools, type Requirement, requireRequirement, satisfies, within } from './topology.ts';
import type { Outcome, World } from './world.ts';

/** CreateVolume without secrets, which decide nothing here. */
export interface CreateVolume {
  readonly name: string;
  /** Undefined where the request has none: then the driver chooses. */
  readonly range: CapacityRange | undefined;
  readonly capabilities: readonly Capability[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly mutable: Readonly<Record<string, string>>;
  readonly source: Source | undefined;
  readonly requirement: Requirement | undefined;
}

/** The volume, or INVALID_ARGUMENT for no id and NOT_FOUND for one that names nothing. */
export function requireVolume(world: World, id: string): VolumeRecord {
  const volume = world.state.volume(requireId(id, 'volume_id'));
  if (volume === undefined) throw new Refusal('NOT_FOUND', `volume ${quote(id)} does not exist`);
  return volume;
}

/** Ids come from outside: what is echoed is short and printable. */
export const quote = (id: string): string => JSON.stringify(id.length > 64 ? `${id.slice(0, 64)}…` : id);

/** One volume per name. The name, not the content of the call, is what makes a second call the same one. */
export function createVolume(world: World, request: CreateVolume): Outcome<VolumeRecord> {
  const { features, state } = world;
  const name = requireName(request.name);
  const block = requireOneAccessType(request.capabilities);
  requireModes(request.capabilities, features.singleNodeMultiWriter);
  limitMap(request.parameters, 'parameters');
  if (Object.keys(request.mutable).length > 0 && !features.modify) {
    throw new Refusal('INVALID_ARGUMENT', 'mutable_parameters need the capability MODIFY_VOLUME');
  }
  requireMutable(request.mutable);
  const range = request.range === undefined ? undefined : requireRange(request.range);
  if (request.requirement !== undefined) {
    if (!features.topology)
      throw new Refusal('INVALID_ARGUMENT', 'accessibility_requirements need the capability VOLUME_ACCESSIBILITY_CONSTRAINTS');
    requireRequirement(request.requirement);
  }
  const existing = state.volumeNamed(name);
  if (existing !== undefined) {
    requireCompatible(existing, { ...request, range }, block);
    return { change: undefined, answer: existing };
  }
  const origin = request.source === undefined ? undefined : requireSource(world, request.source, block);
  const preferred = origin?.bytes ?? DEFAULT_VOLUME_BYTES;
  const bytes = chooseSize(range, {
    atLeast: origin?.bytes ?? 0n,
    preferred,
    atMost: world.maxVolumeBytes,
    smallest: block ? MINIMUM_VOLUME_BYTES : world.minVolumeBytes,
  });
  const segment = place(world, {
    bytes,
    requirement: request.requirement,
    only: origin === undefined ? undefined : { segment: origin.segment },
  });
  const volume: VolumeRecord = {
    id: world.newId('vol'),
    name,
    bytes,
    block,
    modes: [...new Set(request.capabilities.map(({ mode }) => mode))],
    parameters: request.parameters,
    createdMutable: request.mutable,
    mutable: request.mutable,
    source: request.source,
    segment,
    createdMs: world.nowMs,
    published: [],
    staged: [],
    targets: [],
  };
  return { change: { op: 'create-volume', volume }, answer: volume };
}

/** A second CreateVolume of a name must mean the same volume. */
function requireCompatible(volume: VolumeRecord, request: CreateVolume, block: boolean): void {
  const differs = (what: string): Refusal => new Refusal('ALREADY_EXISTS', `volume ${volume.id} has this name and ${what}`);
  if (!fits(volume.bytes, request.range)) throw differs(`${volume.bytes} bytes`);
  if (volume.block !== block) throw differs('another access type');
  if (!sameMap(volume.parameters, request.parameters)) throw differs('other parameters');
  if (!sameMap(volume.createdMutable, request.mutable) && !sameMap(volume.mutable, request.mutable))
    throw differs('other mutable parameters');
  if (volume.source?.kind !== request.source?.kind || volume.source?.id !== request.source?.id) throw differs('another content source');
  if (!satisfies(volume.segment, request.requirement)) throw differs('lies in another segment');
}

/** What a new volume takes over from its source: at least its size, and its place. */
interface Origin {
  readonly bytes: bigint;
  readonly segment: Segment | undefined;
}

/** NOT_FOUND for a source that does not exist, INVALID_ARGUMENT for one that cannot be a source of this volume. */
function requireSource(world: World, source: Source, block: boolean): Origin {
  if (source.kind === 'snapshot') {
    if (!world.features.snapshots)
      throw new Refusal('INVALID_ARGUMENT', 'a snapshot as source needs the capability CREATE_DELETE_SNAPSHOT');
    const snapshot = world.state.snapshot(requireId(source.id, 'snapshot_id'));
    if (snapshot === undefined) throw new Refusal('NOT_FOUND', `snapshot ${quote(source.id)} does not exist`);
    // Temporary by nature; the specification names no code, and UNAVAILABLE is the one that says "later".
    if (snapshot.readyMs > world.nowMs) throw new Refusal('UNAVAILABLE', `snapshot ${snapshot.id} is not ready to use yet`);
    if (snapshot.block !== block) throw new Refusal('INVALID_ARGUMENT', `snapshot ${snapshot.id} is of another access type`);
    return snapshot;
  }
  if (!world.features.clones) throw new Refusal('INVALID_ARGUMENT', 'a volume as source needs the capability CLONE_VOLUME');
  const volume = requireVolume(world, source.id);
  if (volume.block !== block) throw new Refusal('INVALID_ARGUMENT', `volume ${volume.id} is of another access type`);
  return volume;
}

/** Snapshots are copies of their own and outlive their volume, so only uses on nodes hold a volume. */
export function deleteVolume(world: World, id: string): Outcome<undefined> {
  const volume = world.state.volume(requireId(id, 'volume_id'));
  if (volume === undefined) return { change: undefined, answer: undefined };
  const user = volume.published[0]?.nodeId ?? volume.staged[0]?.nodeId ?? volume.targets[0]?.nodeId;
  if (user !== undefined) throw new Refusal('FAILED_PRECONDITION', `volume ${volume.id} is in use on node ${user}`);
  return { change: { op: 'delete-volume', id: volume.id }, answer: undefined };
}

/** ControllerExpandVolume. */
export interface ExpandVolume {
  readonly id: string;
  readonly range: CapacityRange | undefined;
  readonly capability: Capability | undefined;
}

/** Answers the size, and whether NodeExpandVolume has to follow. */
export function expandVolume(world: World, request: ExpandVolume): Outcome<{ readonly bytes: bigint; readonly onNode: boolean }> {
  requireId(request.id, 'volume_id');
  if (request.range === undefined) throw new Refusal('INVALID_ARGUMENT', 'capacity_range is missing');
  const range = requireRange(request.range);
  const volume = requireVolume(world, request.id);
  if (request.capability !== undefined && request.capability.block !== volume.block) {
    throw new Refusal('INVALID_ARGUMENT', `volume ${volume.id} is of another access type`);
  }
  const change = grow(world, volume, range);
  // A file is seen larger only once the node follows. A directory needs nothing there, but a driver that has the RPC wants it called.
  return { change: change.change, answer: { bytes: change.answer, onNode: world.features.nodeExpansion } };
}

/** The larger volume, or the same where it is large enough. Shared by the controller and the node. */
export function grow(world: World, volume: VolumeRecord, range: CapacityRange): Outcome<bigint> {
  if (volume.bytes >= range.required) {
    if (range.limit !== 0n && volume.bytes > range.limit)
      throw new Refusal('OUT_OF_RANGE', `volume ${volume.id} already has ${volume.bytes} bytes`);
    return { change: undefined, answer: volume.bytes };
  }
  const bytes = range.required;
  if (bytes > world.maxVolumeBytes)
    throw new Refusal('OUT_OF_RANGE', `${bytes} bytes are asked for, the largest volume has ${world.maxVolumeBytes}`);
  const inUse = volume.published.length + volume.staged.length + volume.targets.length > 0;
  if (inUse && !world.features.onlineExpansion)
    throw new Refusal('FAILED_PRECONDITION', `volume ${volume.id} is published and expansion is offline only`);
  const pool = pools(world).find(({ segment }) => sameMap(segment ?? {}, volume.segment ?? {}));
  const left = pool === undefined ? 0n : free(world.state, pool);
  if (left < bytes - volume.bytes)
    throw new Refusal('OUT_OF_RANGE', `${bytes - volume.bytes} more bytes are asked for, the pool has ${left} left`);
  return { change: { op: 'update-volume', volume: { ...volume, bytes } }, answer: bytes };
}

/** Keys that are not named stay as they are. An empty map names none and is taken as such, which csi-sanity asks for. */
export function modifyVolume(world: World, id: string, mutable: Readonly<Record<string, string>>): Outcome<undefined> {
  const volume = requireVolume(world, id);
  requireMutable(mutable);
  const merged = { ...volume.mutable, ...mutable };
  if (sameMap(merged, volume.mutable)) return { change: undefined, answer: undefined };
  return { change: { op: 'update-volume', volume: { ...volume, mutable: merged } }, answer: undefined };
}

/** GetCapacity, in bytes. */
export interface Capacity {
  readonly available: bigint;
  readonly largest: bigint;
}

/** What is left in the pools of a segment: in all, and for one volume (which lies in one pool). */
export function capacity(world: World, term: Segment | undefined): Capacity {
  if (term !== undefined && !world.features.topology) {
    throw new Refusal('INVALID_ARGUMENT', 'accessible_topology needs the capability VOLUME_ACCESSIBILITY_CONSTRAINTS');
  }
  let available = 0n;
  let largest = 0n;
  for (const pool of pools(world)) {
    if (term !== undefined && !within(pool.segment, term)) continue;
    const left = free(world.state, pool);
    available += left;
    if (left > largest) largest = left;
  }
  return { available, largest: largest < world.maxVolumeBytes ? largest : world.maxVolumeBytes };
}
