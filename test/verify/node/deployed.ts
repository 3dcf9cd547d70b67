/** A node with the driver on it, of one side: applied, its Pods ready, the driver registered and its capacity told. */
import { join } from 'node:path';
import type { DriverLedger } from '../../../harness/mock-driver.ts';
import { kubectlOf, ledgerInPod } from '../../../harness/node/ask.ts';
import { DRIVER, DRIVER_NAMESPACE, type DriverSettings, driverObjects, type Side } from '../../../harness/node/driver-pod.ts';
import { peerImages, suiteImages } from '../../../harness/node/images.ts';
import { NODE_NAME, type RunningNode, startNode } from '../../../harness/node/node.ts';
import { repositoryRoot } from '../../../harness/repository.ts';
import { eventually } from '../../../harness/wait.ts';

const WAIT = '--timeout=180s';

export interface Deployed extends RunningNode {
  /** Standard output; rejects with standard error. */
  kubectl(...args: readonly string[]): Promise<string>;
  apply(objects: readonly object[]): Promise<void>;
  /** Resolves once the driver is registered with the kubelet. */
  registered(): Promise<unknown>;
  /** What the driver holds, by its own account. */
  ledger(): Promise<DriverLedger>;
}

export interface DeployedOptions {
  /** A folder that outlives the namespaces. */
  readonly home: string;
  readonly settings?: DriverSettings;
  readonly say: (line: string) => void;
}

export async function deployed(side: Side, { home, settings = {}, say }: DeployedOptions): Promise<Deployed> {
  const images = [...(await peerImages()), ...(await suiteImages())];
  const node = await startNode({ home, images, report: say });
  const { plane } = node;
  const kubectl = (...args: readonly string[]): Promise<string> => kubectlOf(plane, args);
  const apply = async (objects: readonly object[]): Promise<void> => {
    await kubectlOf(plane, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  };
  await kubectl('apply', '-f', join(repositoryRoot(), 'deploy/crds'));
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', WAIT);
  await apply(driverObjects(side, settings));
  await kubectl('-n', DRIVER_NAMESPACE, 'rollout', 'status', 'daemonset/mock-driver', WAIT);
  if (side !== 'one') await kubectl('-n', 'kube-system', 'rollout', 'status', 'deployment/snapshot-controller', WAIT);
  const registered = (): Promise<unknown> =>
    eventually('the driver to be registered', async () =>
      (await kubectl('get', 'csinode', NODE_NAME, '-o', 'jsonpath={.spec.drivers[*].name}')).includes(DRIVER) ? true : undefined,
    );
  await registered();
  say(`node: driver deployed, side ${side}`);
  return { ...node, kubectl, apply, registered, ledger: () => ledgerInPod(plane) };
}
