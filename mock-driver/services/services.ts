/** Every RPC of the driver by its gRPC path. */
import { controllerSnapshots } from './controller-snapshots.ts';
import { controllerVolumes } from './controller-volumes.ts';
import { groupController } from './group-controller.ts';
import { identity } from './identity.ts';
import { node } from './node.ts';
import type { Rpc, Service } from './rpc.ts';

const SERVICES: Readonly<Record<string, Service>> = {
  Identity: identity,
  Controller: { ...controllerVolumes, ...controllerSnapshots },
  GroupController: groupController,
  Node: node,
};

/** Undefined for what the driver does not know at all. */
export function services(path: string): Rpc | undefined {
  const [, service = '', method = ''] = /^\/csi\.v1\.([A-Za-z]+)\/([A-Za-z]+)$/.exec(path) ?? [];
  const found = Object.hasOwn(SERVICES, service) ? SERVICES[service] : undefined;
  return found !== undefined && Object.hasOwn(found, method) ? found[method] : undefined;
}
