import type { NodeGetInfoResponse } from '../../proto/gen/csi.ts';
import type { CsiClient } from './client.ts';

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
}

/** The connected driver as a role sees it. `identity()` and `topology()` change only across a reconnect. */
export interface Driver {
  readonly client: CsiClient;
  identity(): DriverIdentity;
  /** NodeGetInfo, read where a role asked for it (node deployment); else undefined. */
  node(): NodeGetInfoResponse | undefined;
}
