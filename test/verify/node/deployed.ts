/** A node with the driver on it, of one side: applied, its Pods ready, the driver registered and its capacity told. */
import { join } from 'node:path';
import { DRIVER, DRIVER_NAMESPACE, driverObjects, type Side } from '../../../harness/node/driver-pod.ts';
import { peerImages, suiteImages } from '../../../harness/node/images.ts';
import { NODE_NAME, type RunningNode, startNode } from '../../../harness/node/node.ts';
import { repositoryRoot } from '../../../harness/repository.ts';
import { eventually } from '../../../harness/wait.ts';

const WAIT = '--timeout=180s';

export interface Ledger {
  readonly volumes: readonly { readonly id: string; readonly paths: readonly string[]; readonly publishedOn: readonly string[] }[];
  readonly snapshots: readonly { readonly id: string }[];
  readonly groups: readonly { readonly id: string }[];
}

export interface Deployed extends RunningNode {
  /** Standard output; rejects with standard error. */
  kubectl(...args: readonly string[]): Promise<string>;
  apply(objects: readonly object[]): Promise<void>;
  /** What the driver holds, by its own account. */
  ledger(): Promise<Ledger>;
}

export async function deployed(home: string, side: Side, say: (line: string) => void): Promise<Deployed> {
  const images = [...(await peerImages()), ...(await suiteImages())];
  const node = await startNode({ home, images, report: say });
  const { plane } = node;
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await plane.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const apply = async (objects: readonly object[]): Promise<void> => {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], JSON.stringify(list));
    if (code !== 0) throw new Error(`kubectl apply: ${stderr.trim()}`);
  };
  await kubectl('apply', '-f', join(repositoryRoot(), 'deploy/crds'));
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', WAIT);
  await apply(driverObjects(side));
  await kubectl('-n', DRIVER_NAMESPACE, 'rollout', 'status', 'daemonset/mock-driver', WAIT);
  if (side !== 'one') await kubectl('-n', 'kube-system', 'rollout', 'status', 'deployment/snapshot-controller', WAIT);
  await eventually('the driver to be registered', async () =>
    (await kubectl('get', 'csinode', NODE_NAME, '-o', 'jsonpath={.spec.drivers[*].name}')).includes(DRIVER) ? true : undefined,
  );
  say(`node: driver deployed, side ${side}`);
  const ledger = async (): Promise<Ledger> =>
    JSON.parse(
      await kubectl(
        ...['-n', DRIVER_NAMESPACE, 'exec', 'daemonset/mock-driver', '-c', 'mock-driver', '--', process.execPath],
        ...['/app/dist/mock-driver.mjs', 'ledger', '--state-dir=/var/lib/mock-driver', '--json'],
      ),
    ) as Ledger;
  return { ...node, kubectl, apply, ledger };
}
