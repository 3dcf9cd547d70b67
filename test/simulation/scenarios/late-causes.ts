/** Everything that a claim or a snapshot may lack comes late, one thing after another, and nothing goes wrong: who waits is woken, not found. */
import {
  CLAIMS,
  claim,
  CSI_NODES_PATH,
  csiNode,
  grant,
  GRANTS,
  node,
  NODES_PATH,
  pod,
  PODS,
  secret,
  SECRETS,
  snapshot,
  snapshotClass,
  SNAPSHOT_CLASSES_PATH,
  SNAPSHOTS,
  storageClass,
  STORAGE_CLASSES_PATH,
  ZONE,
} from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { bound } from './main-job.ts';

const MINUTE_MS = 60_000;
const GATES = ['--feature-gates=CrossNamespaceVolumeDataSource=true'];
const NAMED = 'csi.storage.k8s.io/provisioner-secret-name';
const NAMED_IN = 'csi.storage.k8s.io/provisioner-secret-namespace';

/** Long enough, now and then, for the longest back-off to be in force. */
function aWhile({ user }: World, random: SeededRandom): Promise<void> {
  return user.pause(random.chance(0.3) ? random.between(MINUTE_MS, 14 * MINUTE_MS) : random.between(0, 20_000));
}

/** Does all of it in an order of the seed's. */
async function inAnyOrder(world: World, random: SeededRandom, acts: (() => Promise<unknown>)[]): Promise<void> {
  while (acts.length > 0) {
    const [act] = acts.splice(random.below(acts.length), 1);
    await act?.();
    await aWhile(world, random);
  }
}

async function lateCauses(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  await user.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
  await inAnyOrder(world, random, [
    () => user.create(CLAIMS(), claim('data')),
    () => user.create(CLAIMS(), claim('locked', { className: 'locked' })),
    () => user.create(CLAIMS(), claim('cloned', { fromClaim: 'data' })),
    () => user.create(CLAIMS(), claim('restored', { fromSnapshot: 's1' })),
    () => user.create(CLAIMS(), claim('foreign', { fromSnapshot: 's2', fromNamespace: 'team' })),
    () => user.create(CLAIMS('team'), claim('theirs', { namespace: 'team' })),
    () => user.create(SNAPSHOTS(), snapshot('s1', 'data')),
    () => user.create(SNAPSHOTS('team'), snapshot('s2', 'theirs', { namespace: 'team' })),
    () => user.create(GRANTS('team'), grant('let', { from: 'default', to: 'team' })),
    () => user.create(STORAGE_CLASSES_PATH, storageClass('fast')),
    () => user.create(STORAGE_CLASSES_PATH, storageClass('locked', { parameters: { [NAMED]: '${pvc.name}-key', [NAMED_IN]: 'default' } })),
    () => user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap')),
    () => user.create(SECRETS(), secret('locked-key', { password: 'x' })),
  ]);
  await user.until(() => bound(world, 'restored') && bound(world, 'foreign') && bound(world, 'cloned'), 15 * MINUTE_MS);
}

export const LATE_CAUSES: Scenario = {
  name: 'late-causes',
  about:
    'classes, secret, grant and sources come in any order, minutes apart, without any fault: who waits is served at once, with or without a resync',
  flags: { 'csi-provisioner': GATES, 'csi-sidecars': GATES },
  story: lateCauses,
};

async function lateNodes(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  await inAnyOrder(world, random, [
    () => user.create(STORAGE_CLASSES_PATH, storageClass('fast')),
    () => user.create(STORAGE_CLASSES_PATH, storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer' })),
    () => user.create(CLAIMS(), claim('anywhere')),
    () => user.create(CLAIMS(), claim('there', { className: 'late' })),
    () => user.create(PODS, pod('there', 'there')),
    async () => {
      await user.create(NODES_PATH, node('node-1', 'a'));
      await aWhile(world, random);
      await user.create(CSI_NODES_PATH, csiNode('node-1'));
    },
  ]);
  await user.until(() => bound(world, 'anywhere') && bound(world, 'there'), 15 * MINUTE_MS);
}

export const LATE_NODES: Scenario = {
  name: 'late-nodes',
  about: 'nodes and the driver on them come late, without any fault: claims that wait for a place are served at once',
  parts: ['binder', 'scheduler'],
  driver: { topology: [{ [ZONE]: 'a' }, { [ZONE]: 'b' }], promised: 'preferred' },
  story: lateNodes,
};
