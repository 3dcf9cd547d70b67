/**
 * The Go programs' images and ours set in turn, under the RBAC that the Go programs are given, while there are volumes in use,
 * claims and snapshots under way and others that are going. What each side began the other finishes.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { DRIVER_NAMESPACE } from '../../../harness/node/driver-pod.ts';
import { peerImage, type PeerName } from '../../../harness/node/images.ts';
import { seededRandom } from '../../../sandbox/test-cluster.ts';
import type { Deployed } from './deployed.ts';
import { claim, CLASSES, household, snapshot } from './household.ts';

const PROGRAMS = ['csi-provisioner', 'csi-snapshotter'] as const;
const NAMESPACE = 'swap';
const LONGEST_PAUSE_MS = 3000;

/** Rejects where something is stuck, lost or left over. */
export async function runSwaps(
  node: Deployed,
  { points, seed, say }: { readonly points: number; readonly seed: number; readonly say: (line: string) => void },
): Promise<{ readonly points: number; readonly made: number }> {
  const { kubectl, apply } = node;
  const random = seededRandom(seed);
  const set = async (side: 'ours' | 'go'): Promise<void> => {
    const image = (name: PeerName): string => (side === 'go' ? peerImage(name) : `csi-sidecars/${name}:0.1.0`);
    await kubectl(
      '-n',
      'kube-system',
      'set',
      'image',
      'deployment/snapshot-controller',
      `snapshot-controller=${image('snapshot-controller')}`,
    );
    await kubectl('-n', DRIVER_NAMESPACE, 'set', 'image', 'daemonset/mock-driver', ...PROGRAMS.map((name) => `${name}=${image(name)}`));
  };
  const rolledOut = async (): Promise<void> => {
    await kubectl('-n', 'kube-system', 'rollout', 'status', 'deployment/snapshot-controller', '--timeout=180s');
    await kubectl('-n', DRIVER_NAMESPACE, 'rollout', 'status', 'daemonset/mock-driver', '--timeout=180s');
  };
  await apply(CLASSES);
  const home = household(node, NAMESPACE);
  await home.begin();
  let made = 0;
  const inNamespace = (objects: readonly object[]): Promise<void> => {
    made += objects.length;
    return apply(
      objects.map((object) => ({ ...object, metadata: { ...(object as { metadata: object }).metadata, namespace: NAMESPACE } })),
    );
  };
  for (let point = 0; point < points; point += 1) {
    const of = (batch: number): readonly string[] => [`pvc/new-${batch}`, `volumesnapshot/cut-${batch}`, `pvc/copy-${batch}`];
    await inNamespace([claim(`new-${point}`), snapshot(`cut-${point}`, 'data'), claim(`copy-${point}`, { from: 'first' })]);
    if (point > 0) await kubectl('-n', NAMESPACE, 'delete', '--wait=false', ...of(point - 1));
    await pause(random.next() * LONGEST_PAUSE_MS);
    const side = point % 2 === 0 ? 'ours' : 'go';
    await set(side);
    await rolledOut();
    say(`swap ${point + 1} of ${points}: ${side}`);
  }
  await home.askForMore();
  await home.settled();
  await home.end();
  return { points, made };
}
