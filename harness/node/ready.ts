/** What a node needs, and whether it is there without building or installing anything. */
import { isBuilt, type BinaryName } from '../real/binaries.ts';
import { nodeMissing } from './machine.ts';

/** What a node runs. */
export const NODE_PROGRAMS: readonly BinaryName[] = [
  ...(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl', 'kubelet', 'kube-proxy', 'pause'] as const),
];

/** With those that the tests put on it. */
export const NODE_BINARIES: readonly BinaryName[] = [
  ...NODE_PROGRAMS,
  ...(['snapshot-controller', 'csi-snapshotter', 'csi-provisioner', 'csi-attacher', 'csi-resizer', 'agnhost'] as const),
];

/** For tests that are run only where all is ready: the reason why they are not. */
export function notReady(): string | undefined {
  if (process.env['ONLY_WHERE_READY'] !== 'true') return undefined;
  const unbuilt = NODE_BINARIES.filter((name) => !isBuilt(name));
  const problem = nodeMissing() ?? (unbuilt.length > 0 ? `${unbuilt.join(', ')} are not built yet` : undefined);
  return problem === undefined ? undefined : `${problem}: \`npm test -- --layer=node\` gets what it can, once`;
}
