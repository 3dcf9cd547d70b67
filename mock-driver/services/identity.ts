/** Who the driver is, what it can do as a whole, and whether it is ready. Every process answers these alike. */
import type { Message } from '../wire.ts';
import type { Service } from './rpc.ts';

export const identity: Service = {
  GetPluginInfo: {
    run: async ({ driverName, vendorVersion }) => ({ name: driverName, vendor_version: vendorVersion }),
  },
  GetPluginCapabilities: {
    run: async ({ capabilities }) => {
      const services = capabilities.plugin.filter((name) => name !== 'VOLUME_EXPANSION_ONLINE');
      const messages: Message[] = services.map((type) => ({ service: { type } }));
      // Expansion has a shape of its own: how, not whether. Offline needs the controller's RPC.
      const { controllerExpansion, nodeExpansion, onlineExpansion } = capabilities.features;
      if (onlineExpansion && (controllerExpansion || nodeExpansion)) messages.push({ volume_expansion: { type: 'ONLINE' } });
      else if (controllerExpansion) messages.push({ volume_expansion: { type: 'OFFLINE' } });
      return { capabilities: messages };
    },
  },
  Probe: { run: async ({ ready }) => ({ ready: { value: ready } }) },
};
