/** What is asked of a node's cluster from outside: by kubectl, and of the driver in its Pod. */
import type { DriverLedger } from '../mock-driver.ts';
import type { ControlPlane } from '../real/control-plane.ts';
import { DRIVER_NAMESPACE } from './driver-pod.ts';

const POD = 'daemonset/mock-driver';

/** Standard output; rejects with standard error. */
export async function kubectlOf(plane: ControlPlane, args: readonly string[], stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await plane.kubectl(args, stdin);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
  return stdout.trim();
}

/** What the driver holds, by its own account. */
export async function ledgerInPod(plane: ControlPlane): Promise<DriverLedger> {
  const told = await kubectlOf(plane, [
    ...['-n', DRIVER_NAMESPACE, 'exec', POD, '-c', 'mock-driver', '--'],
    ...['/mock-driver', 'ledger', '--state-dir=/var/lib/mock-driver', '--json'],
  ]);
  return JSON.parse(told) as DriverLedger;
}

/** What somebody would look at next. */
export async function troubles(plane: ControlPlane): Promise<string> {
  const asked = [
    ['get', 'pods', '-A', '-o', 'wide'],
    ['get', 'events', '-A', '--sort-by=.lastTimestamp'],
    ['-n', DRIVER_NAMESPACE, 'logs', POD, '--all-containers', '--tail=15'],
  ];
  const answers = await Promise.all(asked.map((args) => plane.kubectl(args)));
  return answers.map(({ stdout, stderr }) => `${stdout}${stderr}`.split('\n').slice(-40).join('\n')).join('\n');
}
