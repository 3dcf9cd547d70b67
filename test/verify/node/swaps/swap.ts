/** Images that are set, and arguments of the driver: as `kubectl` does it for everybody. */
import { type DriverControl, openDriverControl } from '../../../../harness/driver-control.ts';
import { DRIVER, DRIVER_NAMESPACE, driverArguments, programImage } from '../../../../harness/node/driver-pod.ts';
import type { Role } from '../../../real/programs.ts';
import type { Deployed } from '../deployed.ts';
import type { SwitchPoint } from './plan.ts';
import type { DriverRelease } from './releases.ts';

const POD = 'daemonset/mock-driver';
const WAIT = '--timeout=180s';

/** Where the driver's Pod has it, on the node. */
export const openNodeControl = (): DriverControl => openDriverControl(`/var/lib/kubelet/plugins/${DRIVER}/control.sock`);

/** Back once the new Pods are available and the driver is registered. */
export async function swapImages({ kubectl, registered }: Deployed, { swapped, to, before, driver }: SwitchPoint): Promise<void> {
  const imageOf = (role: Role): string => `${role}=${programImage(role, to[role] === 'go' ? 'go' : 'trio')}`;
  const ofPod = swapped.filter((role) => role !== 'snapshot-controller');
  if (driver !== before) await kubectl('-n', DRIVER_NAMESPACE, 'patch', POD, '-p', JSON.stringify(withArguments(driver)));
  if (swapped.includes('snapshot-controller'))
    await kubectl('-n', 'kube-system', 'set', 'image', 'deployment/snapshot-controller', imageOf('snapshot-controller'));
  if (ofPod.length > 0) await kubectl('-n', DRIVER_NAMESPACE, 'set', 'image', POD, ...ofPod.map(imageOf));
  await kubectl('-n', 'kube-system', 'rollout', 'status', 'deployment/snapshot-controller', WAIT);
  await kubectl('-n', DRIVER_NAMESPACE, 'rollout', 'status', POD, WAIT);
  await registered();
}

function withArguments({ args }: DriverRelease): object {
  const containers = [{ name: 'mock-driver', args: driverArguments({ driverArgs: args }) }];
  return { spec: { template: { spec: { containers } } } };
}
