/**
 * Volumes on nodes: attached by the controller, then staged and published by the node.
 *
 * Every function answers the record to be saved, or none where the volume already is as asked: that is
 * what makes the calls repeatable. A second use that differs in anything but secrets is ALREADY_EXISTS at
 * the same place and FAILED_PRECONDITION at another one, unless the access mode shares.
 */
import { allowsSecondTarget, isMultiNode, isReaderOnly, requireModes, sameCapability } from './access.ts';
import type { CapacityRange } from './capacity.ts';
import { requireRange } from './capacity.ts';
import { requireId, requirePath } from './names.ts';
import type { Capability, Placement, VolumeRecord } from './records.ts';
import { Refusal } from './status.ts';
import { reaches } from './topology.ts';
import { grow, quote, requireVolume } from './volumes.ts';
import type { Outcome, World } from './world.ts';

/** ControllerPublishVolume. */
export interface Attach {
  readonly volumeId: string;
  readonly nodeId: string;
  readonly capability: Capability | undefined;
  readonly readonly: boolean;
}

/** An unknown volume and a node that never registered are both NOT_FOUND; the message says which. */
export function attach(world: World, request: Attach): Outcome<VolumeRecord> {
  requireId(request.volumeId, 'volume_id');
  const nodeId = requireId(request.nodeId, 'node_id');
  const capability = requireCapability(world, request.capability);
  const { readonly } = request;
  if (readonly && !world.features.publishReadonly) throw new Refusal('INVALID_ARGUMENT', 'readonly needs the capability PUBLISH_READONLY');
  const volume = requireVolume(world, request.volumeId);
  const node = world.state.node(nodeId);
  if (node === undefined) throw new Refusal('NOT_FOUND', `node ${quote(nodeId)} does not exist`);
  requireAccessType(volume, capability);
  requireReach(world, volume, nodeId);
  const here = volume.published.find((publication) => publication.nodeId === nodeId);
  if (here !== undefined) {
    if (here.readonly !== readonly || !sameCapability(here.capability, capability)) {
      throw new Refusal('ALREADY_EXISTS', `volume ${volume.id} is published on node ${nodeId} in another way`);
    }
    return { change: undefined, answer: volume };
  }
  requireSharing(volume, { nodeId, readonly, capability });
  const limit = world.maxVolumesPerNode;
  if (limit > 0 && world.state.publishedOn(nodeId) >= limit)
    throw new Refusal('RESOURCE_EXHAUSTED', `node ${nodeId} has ${limit} volumes, which is its limit`);
  const published = [...volume.published, { nodeId, readonly, capability }];
  const changed = { ...volume, published };
  return { change: { op: 'update-volume', volume: changed }, answer: changed };
}

/** What the access modes let several nodes do with one volume. */
function requireSharing(volume: VolumeRecord, wanted: { nodeId: string; readonly: boolean; capability: Capability }): void {
  const elsewhere = volume.published[0];
  if (elsewhere === undefined) return;
  if (![...volume.published, wanted].every(({ capability }) => isMultiNode(capability.mode))) {
    throw new Refusal('FAILED_PRECONDITION', `volume ${volume.id} is published on node ${elsewhere.nodeId}`);
  }
  const writes = (use: { readonly: boolean; capability: Capability }): boolean => !use.readonly && !isReaderOnly(use.capability.mode);
  const singleWriter = [...volume.published, wanted].some(({ capability }) => capability.mode === 'MULTI_NODE_SINGLE_WRITER');
  const writer = volume.published.find(writes);
  if (singleWriter && writer !== undefined && writes(wanted)) {
    throw new Refusal('FAILED_PRECONDITION', `volume ${volume.id} has its one writer on node ${writer.nodeId}`);
  }
}

/** An empty node id detaches from all nodes. Unknown volumes and nodes are detached by definition. */
export function detach(world: World, volumeId: string, nodeId: string): Outcome<undefined> {
  const volume = world.state.volume(requireId(volumeId, 'volume_id'));
  if (volume === undefined) return { change: undefined, answer: undefined };
  const published = nodeId === '' ? [] : volume.published.filter((publication) => publication.nodeId !== nodeId);
  if (published.length === volume.published.length) return { change: undefined, answer: undefined };
  return { change: { op: 'update-volume', volume: { ...volume, published } }, answer: undefined };
}

/** NodeStageVolume; the node is always the one that runs this instance. */
export interface Stage {
  readonly volumeId: string;
  readonly stagingPath: string;
  readonly capability: Capability | undefined;
}

/** One staging path per volume and node: the specification has the caller guarantee it, and we hold it to that. */
export function stage(world: World, request: Stage): Outcome<VolumeRecord> {
  requireId(request.volumeId, 'volume_id');
  const path = requirePath(request.stagingPath, 'staging_target_path');
  const capability = requireCapability(world, request.capability);
  const volume = requireVolume(world, request.volumeId);
  requireAccessType(volume, capability);
  requireReach(world, volume, world.nodeId);
  const here = volume.staged.find((placement) => placement.nodeId === world.nodeId);
  if (here !== undefined) {
    if (here.path !== path || !sameCapability(here.capability, capability)) {
      throw new Refusal('ALREADY_EXISTS', `volume ${volume.id} is staged on this node in another way`);
    }
    return { change: undefined, answer: volume };
  }
  const staged = [...volume.staged, { nodeId: world.nodeId, path, readonly: false, capability }];
  const changed = { ...volume, staged };
  return { change: { op: 'update-volume', volume: changed }, answer: changed };
}

/** Refused while a target path is left: the specification has all of them unpublished first. */
export function unstage(world: World, volumeId: string, stagingPath: string): Outcome<VolumeRecord> {
  requireId(volumeId, 'volume_id');
  const path = requirePath(stagingPath, 'staging_target_path');
  const volume = requireVolume(world, volumeId);
  const target = volume.targets.find(({ nodeId }) => nodeId === world.nodeId);
  const staged = volume.staged.filter((placement) => !isAt(placement, world.nodeId, path));
  if (staged.length === volume.staged.length) return { change: undefined, answer: volume };
  if (target !== undefined)
    throw new Refusal('FAILED_PRECONDITION', `volume ${volume.id} is still published at a target path on this node`);
  const changed = { ...volume, staged };
  return { change: { op: 'update-volume', volume: changed }, answer: changed };
}

/** NodePublishVolume. */
export interface Publish {
  readonly volumeId: string;
  readonly stagingPath: string;
  readonly targetPath: string;
  readonly capability: Capability | undefined;
  readonly readonly: boolean;
}

/** By the second of the two tables under NodePublishVolume where several writers on a node are offered, else by the first. */
export function publish(world: World, request: Publish): Outcome<{ readonly volume: VolumeRecord; readonly readonly: boolean }> {
  requireId(request.volumeId, 'volume_id');
  const path = requirePath(request.targetPath, 'target_path');
  const capability = requireCapability(world, request.capability);
  const volume = requireVolume(world, request.volumeId);
  requireAccessType(volume, capability);
  requireReach(world, volume, world.nodeId);
  if (world.features.stage) requireStaged(world, volume, request.stagingPath);
  const readonly = request.readonly || isReaderOnly(capability.mode);
  const here = volume.targets.filter(({ nodeId }) => nodeId === world.nodeId);
  const same = here.find((target) => target.path === path);
  if (same !== undefined) {
    if (same.readonly !== readonly || !sameCapability(same.capability, capability)) {
      throw new Refusal('ALREADY_EXISTS', `volume ${volume.id} is published at this target path in another way`);
    }
    return { change: undefined, answer: { volume, readonly } };
  }
  if (here.some((target) => !allowsSecondTarget(target.capability.mode)) || (here.length > 0 && !allowsSecondTarget(capability.mode))) {
    throw new Refusal('FAILED_PRECONDITION', `volume ${volume.id} is published at another target path on this node`);
  }
  const targets = [...volume.targets, { nodeId: world.nodeId, path, readonly, capability }];
  const changed = { ...volume, targets };
  return { change: { op: 'update-volume', volume: changed }, answer: { volume: changed, readonly } };
}

/** A driver with STAGE_UNSTAGE_VOLUME must be given the staging path, and it must be the one that was staged. */
function requireStaged(world: World, volume: VolumeRecord, stagingPath: string): void {
  if (stagingPath === '') throw new Refusal('FAILED_PRECONDITION', 'staging_target_path is missing');
  if (!volume.staged.some((placement) => isAt(placement, world.nodeId, stagingPath))) {
    throw new Refusal('FAILED_PRECONDITION', `volume ${volume.id} is not staged at staging_target_path`);
  }
}

/** A target path that is not known is unpublished already; an unknown volume is NOT_FOUND, as the table of errors has it. */
export function unpublish(world: World, volumeId: string, targetPath: string): Outcome<VolumeRecord> {
  requireId(volumeId, 'volume_id');
  const path = requirePath(targetPath, 'target_path');
  const volume = requireVolume(world, volumeId);
  const targets = volume.targets.filter((placement) => !isAt(placement, world.nodeId, path));
  if (targets.length === volume.targets.length) return { change: undefined, answer: volume };
  const changed = { ...volume, targets };
  return { change: { op: 'update-volume', volume: changed }, answer: changed };
}

/** The volume, if it is staged or published at the path on this node. */
export function requireAt(world: World, volumeId: string, path: string): VolumeRecord {
  requireId(volumeId, 'volume_id');
  if (path === '') throw new Refusal('INVALID_ARGUMENT', 'volume_path is missing');
  const volume = requireVolume(world, volumeId);
  if (![...volume.staged, ...volume.targets].some((placement) => isAt(placement, world.nodeId, path))) {
    throw new Refusal('NOT_FOUND', `volume ${volume.id} is not at volume_path`);
  }
  return volume;
}

/** NodeExpandVolume. */
export interface NodeExpand {
  readonly volumeId: string;
  readonly path: string;
  readonly range: CapacityRange | undefined;
  readonly capability: Capability | undefined;
}

/** With expansion in the controller the node only follows it; without, the node is where a volume grows. */
export function expandOnNode(world: World, request: NodeExpand): Outcome<{ readonly volume: VolumeRecord; readonly bytes: bigint }> {
  const volume = requireAt(world, request.volumeId, request.path);
  if (request.capability !== undefined && request.capability.block !== volume.block) {
    throw new Refusal('INVALID_ARGUMENT', `volume ${volume.id} is of another access type`);
  }
  const asItIs = { change: undefined, answer: { volume, bytes: volume.bytes } };
  if (request.range === undefined) return asItIs;
  const range = requireRange(request.range);
  if (!world.features.controllerExpansion) {
    const { change, answer: bytes } = grow(world, volume, range);
    return { change, answer: { volume, bytes } };
  }
  if (volume.bytes < range.required)
    throw new Refusal('OUT_OF_RANGE', `volume ${volume.id} has ${volume.bytes} bytes: expand it at the controller first`);
  return asItIs;
}

const isAt = (placement: Placement, nodeId: string, path: string): boolean => placement.nodeId === nodeId && placement.path === path;

function requireCapability(world: World, capability: Capability | undefined): Capability {
  if (capability === undefined) throw new Refusal('INVALID_ARGUMENT', 'volume_capability is missing');
  requireModes([capability], world.features.singleNodeMultiWriter);
  return capability;
}

/** "Exceeds capabilities": a directory cannot be handed out as a device, nor the other way round. */
function requireAccessType(volume: VolumeRecord, capability: Capability): void {
  if (volume.block === capability.block) return;
  throw new Refusal('FAILED_PRECONDITION', `volume ${volume.id} is a ${volume.block ? 'block device' : 'mounted directory'}`);
}

/** The last guard of topology: a scheduler that went wrong is told here, by controller and node alike. */
function requireReach(world: World, volume: VolumeRecord, nodeId: string): void {
  const node = world.state.node(nodeId);
  if (reaches(node?.segment, volume.segment)) return;
  const place = Object.entries(volume.segment ?? {}).map(([key, value]) => `${key}=${value}`);
  throw new Refusal('FAILED_PRECONDITION', `volume ${volume.id} lies in ${place.join(',')}, where node ${nodeId} is not`);
}
