/** What each RPC asks and answers, by its name, so that a journal of encoded calls can be read. */
import * as pb from '../../../proto/gen/csi.ts';

interface Decoder<T> {
  decode(bytes: Uint8Array): T;
}

interface Pair<Req, Res> {
  readonly request: Decoder<Req>;
  readonly response: Decoder<Res>;
}

const pair = <Req, Res>(request: Decoder<Req>, response: Decoder<Res>): Pair<Req, Res> => ({ request, response });

export const MESSAGES = {
  GetPluginInfo: pair(pb.GetPluginInfoRequest, pb.GetPluginInfoResponse),
  GetPluginCapabilities: pair(pb.GetPluginCapabilitiesRequest, pb.GetPluginCapabilitiesResponse),
  Probe: pair(pb.ProbeRequest, pb.ProbeResponse),
  ControllerGetCapabilities: pair(pb.ControllerGetCapabilitiesRequest, pb.ControllerGetCapabilitiesResponse),
  CreateVolume: pair(pb.CreateVolumeRequest, pb.CreateVolumeResponse),
  DeleteVolume: pair(pb.DeleteVolumeRequest, pb.DeleteVolumeResponse),
  ControllerPublishVolume: pair(pb.ControllerPublishVolumeRequest, pb.ControllerPublishVolumeResponse),
  ControllerUnpublishVolume: pair(pb.ControllerUnpublishVolumeRequest, pb.ControllerUnpublishVolumeResponse),
  ValidateVolumeCapabilities: pair(pb.ValidateVolumeCapabilitiesRequest, pb.ValidateVolumeCapabilitiesResponse),
  ListVolumes: pair(pb.ListVolumesRequest, pb.ListVolumesResponse),
  GetCapacity: pair(pb.GetCapacityRequest, pb.GetCapacityResponse),
  CreateSnapshot: pair(pb.CreateSnapshotRequest, pb.CreateSnapshotResponse),
  DeleteSnapshot: pair(pb.DeleteSnapshotRequest, pb.DeleteSnapshotResponse),
  ListSnapshots: pair(pb.ListSnapshotsRequest, pb.ListSnapshotsResponse),
  ControllerExpandVolume: pair(pb.ControllerExpandVolumeRequest, pb.ControllerExpandVolumeResponse),
  ControllerModifyVolume: pair(pb.ControllerModifyVolumeRequest, pb.ControllerModifyVolumeResponse),
  GroupControllerGetCapabilities: pair(pb.GroupControllerGetCapabilitiesRequest, pb.GroupControllerGetCapabilitiesResponse),
  CreateVolumeGroupSnapshot: pair(pb.CreateVolumeGroupSnapshotRequest, pb.CreateVolumeGroupSnapshotResponse),
  DeleteVolumeGroupSnapshot: pair(pb.DeleteVolumeGroupSnapshotRequest, pb.DeleteVolumeGroupSnapshotResponse),
  GetVolumeGroupSnapshot: pair(pb.GetVolumeGroupSnapshotRequest, pb.GetVolumeGroupSnapshotResponse),
  NodeStageVolume: pair(pb.NodeStageVolumeRequest, pb.NodeStageVolumeResponse),
  NodeUnstageVolume: pair(pb.NodeUnstageVolumeRequest, pb.NodeUnstageVolumeResponse),
  NodePublishVolume: pair(pb.NodePublishVolumeRequest, pb.NodePublishVolumeResponse),
  NodeUnpublishVolume: pair(pb.NodeUnpublishVolumeRequest, pb.NodeUnpublishVolumeResponse),
  NodeGetCapabilities: pair(pb.NodeGetCapabilitiesRequest, pb.NodeGetCapabilitiesResponse),
  NodeGetInfo: pair(pb.NodeGetInfoRequest, pb.NodeGetInfoResponse),
} as const;

export type RpcName = keyof typeof MESSAGES;
export type RequestOf<R extends RpcName> = ReturnType<(typeof MESSAGES)[R]['request']['decode']>;
export type ResponseOf<R extends RpcName> = ReturnType<(typeof MESSAGES)[R]['response']['decode']>;

export function isRpcName(name: string): name is RpcName {
  return Object.hasOwn(MESSAGES, name);
}

/** `CreateVolume` of `/csi.v1.Controller/CreateVolume`. */
export function callNameOf(method: string): string {
  return method.slice(method.lastIndexOf('/') + 1);
}
