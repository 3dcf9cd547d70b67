/** Requests as the model takes them, and the model's records as messages. */
import type { CapacityRange } from '../model/capacity.ts';
import { ACCESS_MODES, type Capability, type Segment, type SnapshotRecord, type Source, type VolumeRecord } from '../model/records.ts';
import type { GroupWithSnapshots } from '../model/snapshots.ts';
import { Refusal } from '../model/status.ts';
import type { Requirement } from '../model/topology.ts';
import type { Features } from '../model/world.ts';
import { child, children, int64, map, type Message, text, texts, timestamp } from '../wire.ts';

/** Undefined where the message has none; an empty one is for the model to refuse. */
export function rangeOf(request: Message): CapacityRange | undefined {
  const range = child(request, 'capacity_range');
  return range && { required: int64(range, 'required_bytes'), limit: int64(range, 'limit_bytes') };
}

/** A capability that names no way of access, or a mode we do not know, can not be honoured and is refused. */
function capabilityFrom(message: Message): Capability {
  const block = child(message, 'block');
  const mount = child(message, 'mount');
  if (block === undefined && mount === undefined) throw new Refusal('INVALID_ARGUMENT', 'a volume capability has no access type');
  const name = text(child(message, 'access_mode') ?? {}, 'mode');
  const mode = ACCESS_MODES.find((known) => known === name);
  if (mode === undefined) throw new Refusal('INVALID_ARGUMENT', 'a volume capability has no known access mode');
  return {
    block: block !== undefined,
    fsType: text(mount ?? {}, 'fs_type'),
    mountFlags: texts(mount ?? {}, 'mount_flags'),
    mountGroup: text(mount ?? {}, 'volume_mount_group'),
    mode,
  };
}

export function capabilityOf(request: Message): Capability | undefined {
  const capability = child(request, 'volume_capability');
  return capability && capabilityFrom(capability);
}

export function capabilitiesOf(request: Message): readonly Capability[] {
  return children(request, 'volume_capabilities').map(capabilityFrom);
}

/** Undefined: an empty volume is asked for. A source that names nothing is a mistake, not an empty volume. */
export function sourceOf(request: Message): Source | undefined {
  const source = child(request, 'volume_content_source');
  if (source === undefined) return undefined;
  const snapshot = child(source, 'snapshot');
  if (snapshot !== undefined) return { kind: 'snapshot', id: text(snapshot, 'snapshot_id') };
  const volume = child(source, 'volume');
  if (volume !== undefined) return { kind: 'volume', id: text(volume, 'volume_id') };
  throw new Refusal('INVALID_ARGUMENT', 'volume_content_source names neither a snapshot nor a volume');
}

export function segmentOf(request: Message): Segment | undefined {
  const topology = child(request, 'accessible_topology');
  return topology && map(topology, 'segments');
}

export function requirementOf(request: Message): Requirement | undefined {
  const requirement = child(request, 'accessibility_requirements');
  if (requirement === undefined) return undefined;
  const segments = (field: string): Segment[] => children(requirement, field).map((topology) => map(topology, 'segments'));
  return { requisite: segments('requisite'), preferred: segments('preferred') };
}

/** Static for a volume, as the specification asks. */
export function volumeContext(volume: VolumeRecord): Message {
  return { kind: volume.block ? 'device' : 'directory' };
}

/**
 * A caller that hands in the context of another volume has mixed something up. Keys that are not ours
 * are the orchestrator's, and a volume that was announced by hand has none of ours.
 */
export function requireContext(volume: VolumeRecord, request: Message): void {
  const given = map(request, 'volume_context');
  for (const [key, value] of Object.entries(volumeContext(volume))) {
    if (Object.hasOwn(given, key) && given[key] !== value)
      throw new Refusal('INVALID_ARGUMENT', `volume_context is not that of volume ${volume.id}`);
  }
}

/** `topology`: a driver without it must not speak of segments, even of a volume that has one. */
export function volumeMessage(volume: VolumeRecord, { topology }: Features): Message {
  return {
    volume_id: volume.id,
    capacity_bytes: volume.bytes.toString(),
    volume_context: volumeContext(volume),
    content_source: volume.source === undefined ? null : sourceMessage(volume.source),
    accessible_topology: volume.segment === undefined || !topology ? [] : [{ segments: volume.segment }],
  };
}

const sourceMessage = ({ kind, id }: Source): Message =>
  kind === 'snapshot' ? { snapshot: { snapshot_id: id } } : { volume: { volume_id: id } };

/** Attached nodes only: where a volume is staged is the node's business. */
export function volumeStatus(volume: VolumeRecord): Message {
  return { published_node_ids: volume.published.map(({ nodeId }) => nodeId) };
}

export function snapshotMessage(snapshot: SnapshotRecord, nowMs: number): Message {
  return {
    snapshot_id: snapshot.id,
    source_volume_id: snapshot.sourceVolumeId,
    size_bytes: snapshot.bytes.toString(),
    creation_time: timestamp(snapshot.createdMs),
    ready_to_use: snapshot.readyMs <= nowMs,
    group_snapshot_id: snapshot.groupId ?? '',
  };
}

/** Ready when every member is. */
export function groupMessage({ group, snapshots }: GroupWithSnapshots, nowMs: number): Message {
  return {
    group_snapshot_id: group.id,
    snapshots: snapshots.map((snapshot) => snapshotMessage(snapshot, nowMs)),
    creation_time: timestamp(group.createdMs),
    ready_to_use: snapshots.every(({ readyMs }) => readyMs <= nowMs),
  };
}
