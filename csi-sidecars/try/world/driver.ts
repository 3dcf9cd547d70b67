/** The driver as the trial itself talks to it, beside the sidecars and the node. */
import type { DriverIdentity } from '../../../lib/csi/capabilities.ts';
import type { CsiClient } from '../../../lib/csi/client.ts';
import { createCsiClient } from '../../../lib/csi/client.ts';
import type { CsiNodeClient } from '../../../lib/csi/node-client.ts';
import { createCsiNodeClient } from '../../../lib/csi/node-client.ts';
import type { CallContext } from '../../../lib/csi/rpc-call.ts';
import type { CsiToolClient } from '../../../lib/csi/tool-client.ts';
import { createCsiToolClient } from '../../../lib/csi/tool-client.ts';

export interface DriverCalls extends CsiClient, CsiToolClient {
  readonly node: CsiNodeClient;
}

export function driverCalls(context: CallContext): DriverCalls {
  return { ...createCsiClient(context), ...createCsiToolClient(context), node: createCsiNodeClient(context) };
}

/** What the driver's node service says; absent where it has none on this socket. */
export interface NodeFacts {
  readonly nodeId: string;
  readonly topology: Readonly<Record<string, string>>;
  /** Names of NodeServiceCapability.RPC.Type. */
  readonly capabilities: ReadonlySet<string>;
}

/** Known once the driver has introduced itself. */
export interface TriedDriver {
  readonly identity: DriverIdentity;
  readonly node: NodeFacts | undefined;
}
