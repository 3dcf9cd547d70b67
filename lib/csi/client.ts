/**
 * The driver as typed functions over encoded bytes. Each rejects with CsiError only, within its time
 * limit; an aborted signal rejects with grpcCode CANCELLED. Requests and answers are the generated types.
 */
import type {
  ControllerGetCapabilitiesResponse,
  CreateSnapshotRequest,
  CreateSnapshotResponse,
  CreateVolumeGroupSnapshotRequest,
  CreateVolumeGroupSnapshotResponse,
  CreateVolumeRequest,
  CreateVolumeResponse,
  DeleteSnapshotRequest,
  DeleteSnapshotResponse,
  DeleteVolumeGroupSnapshotRequest,
  DeleteVolumeGroupSnapshotResponse,
  DeleteVolumeRequest,
  DeleteVolumeResponse,
  GetCapacityRequest,
  GetCapacityResponse,
  GetPluginCapabilitiesResponse,
  GetPluginInfoResponse,
  GetVolumeGroupSnapshotRequest,
  GetVolumeGroupSnapshotResponse,
  GroupControllerGetCapabilitiesResponse,
  ListSnapshotsRequest,
  ListSnapshotsResponse,
  NodeGetInfoResponse,
  ProbeResponse,
} from '../../proto/gen/csi.ts';

export type Rpc<Req, Res> = (request: Req, signal: AbortSignal) => Promise<Res>;

export interface CsiClient {
  readonly getPluginInfo: Rpc<Record<string, never>, GetPluginInfoResponse>;
  readonly getPluginCapabilities: Rpc<Record<string, never>, GetPluginCapabilitiesResponse>;
  readonly probe: Rpc<Record<string, never>, ProbeResponse>;
  readonly controllerGetCapabilities: Rpc<Record<string, never>, ControllerGetCapabilitiesResponse>;
  readonly groupControllerGetCapabilities: Rpc<Record<string, never>, GroupControllerGetCapabilitiesResponse>;
  readonly nodeGetInfo: Rpc<Record<string, never>, NodeGetInfoResponse>;
  readonly createVolume: Rpc<CreateVolumeRequest, CreateVolumeResponse>;
  readonly deleteVolume: Rpc<DeleteVolumeRequest, DeleteVolumeResponse>;
  readonly getCapacity: Rpc<GetCapacityRequest, GetCapacityResponse>;
  readonly createSnapshot: Rpc<CreateSnapshotRequest, CreateSnapshotResponse>;
  readonly deleteSnapshot: Rpc<DeleteSnapshotRequest, DeleteSnapshotResponse>;
  readonly listSnapshots: Rpc<ListSnapshotsRequest, ListSnapshotsResponse>;
  readonly createVolumeGroupSnapshot: Rpc<CreateVolumeGroupSnapshotRequest, CreateVolumeGroupSnapshotResponse>;
  readonly deleteVolumeGroupSnapshot: Rpc<DeleteVolumeGroupSnapshotRequest, DeleteVolumeGroupSnapshotResponse>;
  readonly getVolumeGroupSnapshot: Rpc<GetVolumeGroupSnapshotRequest, GetVolumeGroupSnapshotResponse>;
}
