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

/** What a role asks of a driver beside its controller. A driver must not fail by a question that nobody needs answered. */
export type DriverQuestion = 'plugin' | 'groupController' | 'node';

export interface Questions {
  readonly asks: readonly DriverQuestion[];
  /** The driver's group controller cannot be asked: it counts as having none. */
  readonly withoutGroups: (error: CsiError) => void;
}

/**
 * Rejects with CsiError. A service that the driver does not serve at all (Unimplemented) has no capabilities; nor has a
 * group controller that answers with an error, since all but group snapshots works without it. What is not asked for is empty.
 */
export async function readCapabilities(
  client: CsiClient,
  signal: AbortSignal,
  { asks, withoutGroups }: Questions,
): Promise<Omit<DriverIdentity, 'name' | 'vendorVersion'>> {
  const plugin = asks.includes('plugin') ? await client.getPluginCapabilities({}, signal).catch(none) : undefined;
  const controller = await client.controllerGetCapabilities({}, signal).catch(none);
  const node = asks.includes('node') ? await readNode(client, signal) : {};
  const askGroups = (): ReturnType<CsiClient['groupControllerGetCapabilities']> => client.groupControllerGetCapabilities({}, signal);
  const group = asks.includes('groupController')
    ? await askGroups().catch((error: unknown) => {
        if (!(error instanceof CsiError) || signal.aborted) throw error;
        if (error.grpcCode !== GrpcCode.UNIMPLEMENTED) withoutGroups(error);
        return undefined;
      })
    : undefined;
  return {
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
