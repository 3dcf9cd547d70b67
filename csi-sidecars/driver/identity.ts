import type { DriverIdentity } from '../../lib/csi/capabilities.ts';
import { readCapabilities } from '../../lib/csi/capabilities.ts';
import type { CsiClient } from '../../lib/csi/client.ts';
import { quiet } from './silent.ts';

/** Name, version and capabilities. Rejects with CsiError; a group controller that cannot be asked counts as having none. */
export async function readIdentity(client: CsiClient, signal: AbortSignal): Promise<DriverIdentity> {
  const { name, vendorVersion } = await client.getPluginInfo({}, signal);
  const capabilities = await readCapabilities(client, signal, { asks: ['plugin', 'groupController'], withoutGroups: quiet });
  return { name, vendorVersion, ...capabilities };
}
