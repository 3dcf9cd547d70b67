/** What a driver says about itself: read at connect and again after every reconnect, never cached across one. */
import {
  ControllerServiceCapability_RPC_Type,
  GroupControllerServiceCapability_RPC_Type,
  PluginCapability_Service_Type,
} from '../../proto/gen/csi.ts';
import type { CsiClient } from './client.ts';
import { CsiError } from './csi-error.ts';
import { GrpcCode } from './grpc-code.ts';

/** What a driver said it can do, read at connect and again after every reconnect. */
export interface DriverIdentity {
  /** GetPluginInfo.name: the driver name in classes, PVs and contents. */
  readonly name: string;
  readonly vendorVersion: string;
  /** Names of PluginCapability.Service.Type: `CONTROLLER_SERVICE`, … */
  readonly plugin: ReadonlySet<string>;
  /** Names of ControllerServiceCapability.RPC.Type: `CREATE_DELETE_VOLUME`, … */
  readonly controller: ReadonlySet<string>;
  /** Names of GroupControllerServiceCapability.RPC.Type; empty without a group controller. */
  readonly groupController: ReadonlySet<string>;
  /** NodeGetInfo, where it was asked for. */
  readonly node?: DriverNode;
}

/** The node that the driver runs on. */
export interface DriverNode {
  readonly id: string;
  /** Where it lies. Undefined: volumes can be reached from everywhere. */
  readonly segments: Readonly<Record<string, string>> | undefined;
}

/** The connected driver as a role sees it. `identity()` changes only across a reconnect. */
export interface Driver {
  readonly client: CsiClient;
  identity(): DriverIdentity;
}

export interface IntroductionWishes {
  /** Ask for the node as well. */
  readonly node?: boolean;
  /** As soon as the driver gave its name. */
  readonly named?: (name: string) => void;
  /** The driver's group controller cannot be asked: it counts as having none. */
  readonly withoutGroups?: (error: CsiError) => void;
}

/**
 * Rejects with CsiError. A service that the driver does not serve at all (Unimplemented) has no capabilities; nor has a
 * group controller that answers with an error, since all but group snapshots works without it.
 */
export async function readIdentity(client: CsiClient, signal: AbortSignal, wishes: IntroductionWishes = {}): Promise<DriverIdentity> {
  const info = await client.getPluginInfo({}, signal);
  wishes.named?.(info.name);
  const plugin = await client.getPluginCapabilities({}, signal).catch(none);
  const controller = await client.controllerGetCapabilities({}, signal).catch(none);
  const node = wishes.node === true ? await readNode(client, signal) : {};
  const group = await client.groupControllerGetCapabilities({}, signal).catch((error: unknown) => {
    if (!(error instanceof CsiError) || signal.aborted) throw error;
    if (error.grpcCode !== GrpcCode.UNIMPLEMENTED) wishes.withoutGroups?.(error);
    return undefined;
  });
  return {
    name: info.name,
    vendorVersion: info.vendorVersion,
    plugin: new Set(
      plugin?.capabilities.flatMap(({ type }) => (type?.$case === 'service' ? nameOf(PluginCapability_Service_Type, type.value.type) : [])),
    ),
    controller: new Set(
      controller?.capabilities.flatMap(({ type }) =>
        type?.$case === 'rpc' ? nameOf(ControllerServiceCapability_RPC_Type, type.value.type) : [],
      ),
    ),
    groupController: new Set(
      group?.capabilities.flatMap(({ type }) =>
        type?.$case === 'rpc' ? nameOf(GroupControllerServiceCapability_RPC_Type, type.value.type) : [],
      ),
    ),
    ...node,
  };
}

async function readNode(client: CsiClient, signal: AbortSignal): Promise<Pick<DriverIdentity, 'node'>> {
  const { nodeId, accessibleTopology } = await client.nodeGetInfo({}, signal);
  return { node: { id: nodeId, segments: accessibleTopology?.segments } };
}

function none(error: unknown): undefined {
  if (error instanceof CsiError && error.grpcCode === GrpcCode.UNIMPLEMENTED) return undefined;
  throw error;
}

/** Empty for a number that this CSI version does not name: a newer driver's capability means nothing here. */
function nameOf(names: Readonly<Record<string, number>>, value: number): string[] {
  return Object.keys(names).filter((name) => names[name] === value && name !== 'UNKNOWN');
}
