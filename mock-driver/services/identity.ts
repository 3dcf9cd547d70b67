/** Who the driver is and whether it is ready. */
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
      const { controllerExpansion, nodeExpansion, onlineExpansion } = capabilities.features;
      if (onlineExpansion && (controllerExpansion || nodeExpansion)) messages.push({ volume_expansion: { type: 'ONLINE' } });
      else if (controllerExpansion) messages.push({ volume_expansion: { type: 'OFFLINE' } });
      return { capabilities: messages };
    },
  },
  Probe: { run: async ({ ready }) => ({ ready: { value: ready } }) },
};
