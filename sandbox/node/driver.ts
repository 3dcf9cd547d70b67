import type {
  ControllerPublishVolumeRequest,
  ControllerPublishVolumeResponse,
  ControllerUnpublishVolumeRequest,
  ControllerUnpublishVolumeResponse,
  NodePublishVolumeRequest,
  NodePublishVolumeResponse,
  NodeStageVolumeRequest,
  NodeStageVolumeResponse,
  NodeUnpublishVolumeRequest,
  NodeUnpublishVolumeResponse,
  NodeUnstageVolumeRequest,
  NodeUnstageVolumeResponse,
} from '../../proto/gen/csi.ts';
import * as csi from '../../proto/gen/csi.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { RpcDoor } from '../../lib/doors/rpc.ts';
import { deadline } from '../../lib/doors/sleep.ts';

/** The driver as a kubelet and an attacher see it: who this node is to it, and the calls that bring a volume to a Pod. */
export interface NodeDriver {
  readonly name: string;
  readonly nodeId: string;
  /** Labels of the node; empty for a driver without topology. */
  readonly topology: Readonly<Record<string, string>>;
  /** 0: no limit. */
  readonly maxVolumes: bigint;
  readonly attaches: boolean;
  readonly stages: boolean;
  /** True: RWO means "this node, any number of Pods", and a mode of its own exists for one Pod. */
  readonly tellsWritersApart: boolean;
  attach(request: ControllerPublishVolumeRequest, signal: AbortSignal): Promise<ControllerPublishVolumeResponse>;
  detach(request: ControllerUnpublishVolumeRequest, signal: AbortSignal): Promise<ControllerUnpublishVolumeResponse>;
  stage(request: NodeStageVolumeRequest, signal: AbortSignal): Promise<NodeStageVolumeResponse>;
  unstage(request: NodeUnstageVolumeRequest, signal: AbortSignal): Promise<NodeUnstageVolumeResponse>;
  publish(request: NodePublishVolumeRequest, signal: AbortSignal): Promise<NodePublishVolumeResponse>;
  unpublish(request: NodeUnpublishVolumeRequest, signal: AbortSignal): Promise<NodeUnpublishVolumeResponse>;
}

/** kubelet gives a driver 2 minutes; a laptop's user should hear earlier. */
const CALL_LIMIT_MS = 30_000;

/** gRPC status of a driver that has no controller service here. */
const UNIMPLEMENTED = 12;

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

interface Wire {
  readonly door: RpcDoor;
  readonly clock: Clock;
}

function caller({ door, clock }: Wire) {
  return <Req, Res>(method: string, request: Codec<Req>, response: Codec<Res>) =>
    async (message: Req, signal: AbortSignal): Promise<Res> => {
      const limit = deadline(clock, CALL_LIMIT_MS, signal);
      try {
        const answer = await door.unary({ method: `/csi.v1.${method}`, request: request.encode(message).finish() }, limit.signal);
        if (answer.code === 0) return response.decode(answer.response);
        const text = limit.expired() ? `no answer within ${CALL_LIMIT_MS / 1000} s` : answer.message;
        throw new CsiError({ rpc: method.slice(method.indexOf('/') + 1), grpcCode: answer.code, message: text });
      } finally {
        limit.clear();
      }
    };
}

/** Asks the driver who it is and what it can do. Rejects with CsiError while it does not answer. */
export async function openNodeDriver(wire: Wire, signal: AbortSignal): Promise<NodeDriver> {
  const call = caller(wire);
  const info = await call('Identity/GetPluginInfo', csi.GetPluginInfoRequest, csi.GetPluginInfoResponse)({}, signal);
  const node = await call('Node/NodeGetInfo', csi.NodeGetInfoRequest, csi.NodeGetInfoResponse)({}, signal);
  const nodeCan = await call('Node/NodeGetCapabilities', csi.NodeGetCapabilitiesRequest, csi.NodeGetCapabilitiesResponse)({}, signal);
  const askController = call(
    'Controller/ControllerGetCapabilities',
    csi.ControllerGetCapabilitiesRequest,
    csi.ControllerGetCapabilitiesResponse,
  );
  const controllerCan = await askController({}, signal).catch((error: unknown) => {
    if (error instanceof CsiError && error.grpcCode === UNIMPLEMENTED) return { capabilities: [] };
    throw error;
  });
  const nodeTypes = new Set(nodeCan.capabilities.map(({ type }) => (type?.$case === 'rpc' ? type.value.type : undefined)));
  const controllerTypes = new Set(controllerCan.capabilities.map(({ type }) => (type?.$case === 'rpc' ? type.value.type : undefined)));
  return {
    name: info.name,
    nodeId: node.nodeId,
    topology: node.accessibleTopology?.segments ?? {},
    maxVolumes: node.maxVolumesPerNode,
    attaches: controllerTypes.has(csi.ControllerServiceCapability_RPC_Type.PUBLISH_UNPUBLISH_VOLUME),
    stages: nodeTypes.has(csi.NodeServiceCapability_RPC_Type.STAGE_UNSTAGE_VOLUME),
    tellsWritersApart: nodeTypes.has(csi.NodeServiceCapability_RPC_Type.SINGLE_NODE_MULTI_WRITER),
    attach: call('Controller/ControllerPublishVolume', csi.ControllerPublishVolumeRequest, csi.ControllerPublishVolumeResponse),
    detach: call('Controller/ControllerUnpublishVolume', csi.ControllerUnpublishVolumeRequest, csi.ControllerUnpublishVolumeResponse),
    stage: call('Node/NodeStageVolume', csi.NodeStageVolumeRequest, csi.NodeStageVolumeResponse),
    unstage: call('Node/NodeUnstageVolume', csi.NodeUnstageVolumeRequest, csi.NodeUnstageVolumeResponse),
    publish: call('Node/NodePublishVolume', csi.NodePublishVolumeRequest, csi.NodePublishVolumeResponse),
    unpublish: call('Node/NodeUnpublishVolume', csi.NodeUnpublishVolumeRequest, csi.NodeUnpublishVolumeResponse),
  };
}
