import type { CsiClient } from '../../lib/csi/client.ts';
import { createCsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import type { CsiNodeClient } from '../../lib/csi/node-client.ts';
import { createCsiNodeClient } from '../../lib/csi/node-client.ts';
import type { CallContext } from '../../lib/csi/rpc-call.ts';
import type { ControllerGetCapabilitiesResponse } from '../../proto/gen/csi.ts';
import { ControllerServiceCapability_RPC_Type as ControllerCan, NodeServiceCapability_RPC_Type as NodeCan } from '../../proto/gen/csi.ts';

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
  readonly calls: CsiNodeClient;
}

/** Asks the driver who it is and what it can do. Rejects with CsiError while it does not answer. */
export async function openNodeDriver(context: CallContext, signal: AbortSignal): Promise<NodeDriver> {
  const identity = createCsiClient(context);
  const calls = createCsiNodeClient(context);
  const { name } = await identity.getPluginInfo({}, signal);
  const node = await calls.nodeGetInfo({}, signal);
  const nodeTypes = (await calls.nodeGetCapabilities({}, signal)).capabilities.map(({ type }) => type?.value.type);
  const controllerTypes = (await controllerCapabilities(identity, signal)).capabilities.map(({ type }) => type?.value.type);
  return {
    name,
    nodeId: node.nodeId,
    topology: node.accessibleTopology?.segments ?? {},
    maxVolumes: node.maxVolumesPerNode,
    attaches: controllerTypes.includes(ControllerCan.PUBLISH_UNPUBLISH_VOLUME),
    stages: nodeTypes.includes(NodeCan.STAGE_UNSTAGE_VOLUME),
    tellsWritersApart: nodeTypes.includes(NodeCan.SINGLE_NODE_MULTI_WRITER),
    calls,
  };
}

/** The node part of a driver may have no controller service on its socket. */
async function controllerCapabilities(identity: CsiClient, signal: AbortSignal): Promise<ControllerGetCapabilitiesResponse> {
  try {
    return await identity.controllerGetCapabilities({}, signal);
  } catch (error) {
    if (error instanceof CsiError && error.grpcCode === GrpcCode.UNIMPLEMENTED) return { capabilities: [] };
    throw error;
  }
}
