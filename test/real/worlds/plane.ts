import { join } from 'node:path';
import { installCrds, readCrd } from '../../../harness/crds.ts';
import { moduleFolder } from '../../../harness/real/binaries.ts';
import type { ControlPlane } from '../../../harness/real/control-plane.ts';
import { onControlPlane } from '../../../harness/real/on-control-plane.ts';
import { PROGRAM_USERS } from '../programs.ts';

const GRANTS = 'config/crd/standard/gateway.networking.k8s.io_referencegrants.yaml';

/** A control plane that takes sources in other namespaces, and has the kind of their grants as the Gateway API publishes it. */
export function onPlaneOfWorlds<T>(work: (plane: ControlPlane) => Promise<T>): Promise<T> {
  const options = { controllerManager: false, users: PROGRAM_USERS, featureGates: ['CrossNamespaceVolumeDataSource'] };
  return onControlPlane(options, async (plane) => {
    await installCrds(plane.raw, [readCrd(join(moduleFolder('provisioner', 'sigs.k8s.io/gateway-api'), GRANTS))]);
    return work(plane);
  });
}
