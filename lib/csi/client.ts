/**
 * The driver as typed functions over encoded bytes. Each rejects with CsiError only, within its time
 * limit; an aborted signal rejects with grpcCode CANCELLED. Requests and answers are the generated types.
 */
import * as pb from '../../proto/gen/csi.ts';
import { callRpc } from './rpc-call.ts';
import type { CallContext, CallMark, Method } from './rpc-call.ts';

export type Rpc<Req, Res> = (request: Req, signal: AbortSignal, mark?: CallMark) => Promise<Res>;

export interface CsiClient {
  readonly getPluginInfo: Rpc<Record<string, never>, pb.GetPluginInfoResponse>;
  readonly getPluginCapabilities: Rpc<Record<string, never>, pb.GetPluginCapabilitiesResponse>;
  readonly probe: Rpc<Record<string, never>, pb.ProbeResponse>;
  readonly controllerGetCapabilities: Rpc<Record<string, never>, pb.ControllerGetCapabilitiesResponse>;
  readonly groupControllerGetCapabilities: Rpc<Record<string, never>, pb.GroupControllerGetCapabilitiesResponse>;
  readonly nodeGetInfo: Rpc<Record<string, never>, pb.NodeGetInfoResponse>;
  readonly createVolume: Rpc<pb.CreateVolumeRequest, pb.CreateVolumeResponse>;
  readonly deleteVolume: Rpc<pb.DeleteVolumeRequest, pb.DeleteVolumeResponse>;
  readonly getCapacity: Rpc<pb.GetCapacityRequest, pb.GetCapacityResponse>;
  readonly createSnapshot: Rpc<pb.CreateSnapshotRequest, pb.CreateSnapshotResponse>;
  readonly deleteSnapshot: Rpc<pb.DeleteSnapshotRequest, pb.DeleteSnapshotResponse>;
  readonly listSnapshots: Rpc<pb.ListSnapshotsRequest, pb.ListSnapshotsResponse>;
  readonly createVolumeGroupSnapshot: Rpc<pb.CreateVolumeGroupSnapshotRequest, pb.CreateVolumeGroupSnapshotResponse>;
  readonly deleteVolumeGroupSnapshot: Rpc<pb.DeleteVolumeGroupSnapshotRequest, pb.DeleteVolumeGroupSnapshotResponse>;
  readonly getVolumeGroupSnapshot: Rpc<pb.GetVolumeGroupSnapshotRequest, pb.GetVolumeGroupSnapshotResponse>;
}

const METHODS = {
  getPluginInfo: { service: 'Identity', name: 'GetPluginInfo', request: pb.GetPluginInfoRequest, response: pb.GetPluginInfoResponse },
  getPluginCapabilities: {
    service: 'Identity',
    name: 'GetPluginCapabilities',
    request: pb.GetPluginCapabilitiesRequest,
    response: pb.GetPluginCapabilitiesResponse,
  },
  probe: { service: 'Identity', name: 'Probe', request: pb.ProbeRequest, response: pb.ProbeResponse },
  controllerGetCapabilities: {
    service: 'Controller',
    name: 'ControllerGetCapabilities',
    request: pb.ControllerGetCapabilitiesRequest,
    response: pb.ControllerGetCapabilitiesResponse,
  },
  groupControllerGetCapabilities: {
    service: 'GroupController',
    name: 'GroupControllerGetCapabilities',
    request: pb.GroupControllerGetCapabilitiesRequest,
    response: pb.GroupControllerGetCapabilitiesResponse,
  },
  nodeGetInfo: { service: 'Node', name: 'NodeGetInfo', request: pb.NodeGetInfoRequest, response: pb.NodeGetInfoResponse },
  createVolume: { service: 'Controller', name: 'CreateVolume', request: pb.CreateVolumeRequest, response: pb.CreateVolumeResponse },
  deleteVolume: { service: 'Controller', name: 'DeleteVolume', request: pb.DeleteVolumeRequest, response: pb.DeleteVolumeResponse },
  getCapacity: { service: 'Controller', name: 'GetCapacity', request: pb.GetCapacityRequest, response: pb.GetCapacityResponse },
  createSnapshot: { service: 'Controller', name: 'CreateSnapshot', request: pb.CreateSnapshotRequest, response: pb.CreateSnapshotResponse },
  deleteSnapshot: { service: 'Controller', name: 'DeleteSnapshot', request: pb.DeleteSnapshotRequest, response: pb.DeleteSnapshotResponse },
  listSnapshots: { service: 'Controller', name: 'ListSnapshots', request: pb.ListSnapshotsRequest, response: pb.ListSnapshotsResponse },
  createVolumeGroupSnapshot: {
    service: 'GroupController',
    name: 'CreateVolumeGroupSnapshot',
    request: pb.CreateVolumeGroupSnapshotRequest,
    response: pb.CreateVolumeGroupSnapshotResponse,
  },
  deleteVolumeGroupSnapshot: {
    service: 'GroupController',
    name: 'DeleteVolumeGroupSnapshot',
    request: pb.DeleteVolumeGroupSnapshotRequest,
    response: pb.DeleteVolumeGroupSnapshotResponse,
  },
  getVolumeGroupSnapshot: {
    service: 'GroupController',
    name: 'GetVolumeGroupSnapshot',
    request: pb.GetVolumeGroupSnapshotRequest,
    response: pb.GetVolumeGroupSnapshotResponse,
  },
} as const;

export function createCsiClient(context: CallContext): CsiClient {
  const rpc =
    <Req extends object, Res>(method: Method<Req, Res>): Rpc<Req, Res> =>
    (request, signal, mark) =>
      callRpc(context, method, { request, signal, mark });
  return {
    getPluginInfo: rpc(METHODS.getPluginInfo),
    getPluginCapabilities: rpc(METHODS.getPluginCapabilities),
    probe: rpc(METHODS.probe),
    controllerGetCapabilities: rpc(METHODS.controllerGetCapabilities),
    groupControllerGetCapabilities: rpc(METHODS.groupControllerGetCapabilities),
    nodeGetInfo: rpc(METHODS.nodeGetInfo),
    createVolume: rpc(METHODS.createVolume),
    deleteVolume: rpc(METHODS.deleteVolume),
    getCapacity: rpc(METHODS.getCapacity),
    createSnapshot: rpc(METHODS.createSnapshot),
    deleteSnapshot: rpc(METHODS.deleteSnapshot),
    listSnapshots: rpc(METHODS.listSnapshots),
    createVolumeGroupSnapshot: rpc(METHODS.createVolumeGroupSnapshot),
    deleteVolumeGroupSnapshot: rpc(METHODS.deleteVolumeGroupSnapshot),
    getVolumeGroupSnapshot: rpc(METHODS.getVolumeGroupSnapshot),
  };
}
