/** Calls that no sidecar here makes and tools do, to look through a driver and to try it. */
import * as pb from '../../proto/gen/csi.ts';
import type { Rpc } from './client.ts';
import { callRpc } from './rpc-call.ts';
import type { CallContext, Codec } from './rpc-call.ts';

export interface CsiToolClient {
  readonly validateVolumeCapabilities: Rpc<pb.ValidateVolumeCapabilitiesRequest, pb.ValidateVolumeCapabilitiesResponse>;
  readonly listVolumes: Rpc<pb.ListVolumesRequest, pb.ListVolumesResponse>;
  readonly controllerExpandVolume: Rpc<pb.ControllerExpandVolumeRequest, pb.ControllerExpandVolumeResponse>;
  readonly controllerModifyVolume: Rpc<pb.ControllerModifyVolumeRequest, pb.ControllerModifyVolumeResponse>;
}

export function createCsiToolClient(context: CallContext): CsiToolClient {
  const controller =
    <Req extends object, Res>(name: string, request: Codec<Req>, response: Codec<Res>): Rpc<Req, Res> =>
    (message, signal) =>
      callRpc(context, { service: 'Controller', name, request, response }, { request: message, signal });
  return {
    validateVolumeCapabilities: controller(
      'ValidateVolumeCapabilities',
      pb.ValidateVolumeCapabilitiesRequest,
      pb.ValidateVolumeCapabilitiesResponse,
    ),
    listVolumes: controller('ListVolumes', pb.ListVolumesRequest, pb.ListVolumesResponse),
    controllerExpandVolume: controller('ControllerExpandVolume', pb.ControllerExpandVolumeRequest, pb.ControllerExpandVolumeResponse),
    controllerModifyVolume: controller('ControllerModifyVolume', pb.ControllerModifyVolumeRequest, pb.ControllerModifyVolumeResponse),
  };
}
