/** The Node service as typed functions, for the sandbox's node part: the sidecars themselves never stage a volume. */
import * as pb from '../../proto/gen/csi.ts';
import type { Rpc } from './client.ts';
import { callRpc } from './rpc-call.ts';
import type { CallContext, Method } from './rpc-call.ts';

export interface CsiNodeClient {
  readonly nodeGetCapabilities: Rpc<Record<string, never>, pb.NodeGetCapabilitiesResponse>;
  readonly nodeGetInfo: Rpc<Record<string, never>, pb.NodeGetInfoResponse>;
  readonly nodeStageVolume: Rpc<pb.NodeStageVolumeRequest, pb.NodeStageVolumeResponse>;
  readonly nodeUnstageVolume: Rpc<pb.NodeUnstageVolumeRequest, pb.NodeUnstageVolumeResponse>;
  readonly nodePublishVolume: Rpc<pb.NodePublishVolumeRequest, pb.NodePublishVolumeResponse>;
  readonly nodeUnpublishVolume: Rpc<pb.NodeUnpublishVolumeRequest, pb.NodeUnpublishVolumeResponse>;
  readonly controllerPublishVolume: Rpc<pb.ControllerPublishVolumeRequest, pb.ControllerPublishVolumeResponse>;
  readonly controllerUnpublishVolume: Rpc<pb.ControllerUnpublishVolumeRequest, pb.ControllerUnpublishVolumeResponse>;
}

export function createCsiNodeClient(context: CallContext): CsiNodeClient {
  const rpc =
    <Req extends object, Res>(method: Method<Req, Res>): Rpc<Req, Res> =>
    (request, signal) =>
      callRpc(context, method, { request, signal });
  return {
    nodeGetCapabilities: rpc({
      service: 'Node',
      name: 'NodeGetCapabilities',
      request: pb.NodeGetCapabilitiesRequest,
      response: pb.NodeGetCapabilitiesResponse,
    }),
    nodeGetInfo: rpc({ service: 'Node', name: 'NodeGetInfo', request: pb.NodeGetInfoRequest, response: pb.NodeGetInfoResponse }),
    nodeStageVolume: rpc({
      service: 'Node',
      name: 'NodeStageVolume',
      request: pb.NodeStageVolumeRequest,
      response: pb.NodeStageVolumeResponse,
    }),
    nodeUnstageVolume: rpc({
      service: 'Node',
      name: 'NodeUnstageVolume',
      request: pb.NodeUnstageVolumeRequest,
      response: pb.NodeUnstageVolumeResponse,
    }),
    nodePublishVolume: rpc({
      service: 'Node',
      name: 'NodePublishVolume',
      request: pb.NodePublishVolumeRequest,
      response: pb.NodePublishVolumeResponse,
    }),
    nodeUnpublishVolume: rpc({
      service: 'Node',
      name: 'NodeUnpublishVolume',
      request: pb.NodeUnpublishVolumeRequest,
      response: pb.NodeUnpublishVolumeResponse,
    }),
    controllerPublishVolume: rpc({
      service: 'Controller',
      name: 'ControllerPublishVolume',
      request: pb.ControllerPublishVolumeRequest,
      response: pb.ControllerPublishVolumeResponse,
    }),
    controllerUnpublishVolume: rpc({
      service: 'Controller',
      name: 'ControllerUnpublishVolume',
      request: pb.ControllerUnpublishVolumeRequest,
      response: pb.ControllerUnpublishVolumeResponse,
    }),
  };
}
