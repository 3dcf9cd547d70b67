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
