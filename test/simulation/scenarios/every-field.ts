/** Classes and claims with every field that they may have: what is written of them is compared with what they ask for. */
import type { FaultRates } from '../faults.ts';
import { NO_FAULTS } from '../faults.ts';
import {
  CLAIMS,
  claim,
  DRIVER,
  SECRETS,
  secret,
  SNAPSHOTS,
  snapshot,
  snapshotClass,
  SNAPSHOT_CLASSES_PATH,
  STORAGE_CLASSES_PATH,
} from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { bound, ready } from './main-job.ts';

const LONG_MS = 15 * 60_000;
const PREFIX = 'csi.storage.k8s.io';
const PURPOSES = ['provisioner', 'controller-publish', 'node-stage', 'node-publish', 'controller-expand', 'node-expand'];

/** Some of the fields, by the seed. */
function drawnClass(random: SeededRandom, name: string): object {
  const maybe = (parameters: Record<string, string>): Record<string, string> => (random.chance(0.5) ? parameters : {});
  const parameters: Record<string, string> = maybe({ [`${PREFIX}/fstype`]: random.pick(['ext4', 'xfs']) });
  for (const purpose of PURPOSES)
    Object.assign(
      parameters,
      maybe({ [`${PREFIX}/${purpose}-secret-name`]: '${pvc.name}-key', [`${PREFIX}/${purpose}-secret-namespace`]: '${pvc.namespace}' }),
    );
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: DRIVER,
    reclaimPolicy: random.pick(['Delete', 'Retain']),
    parameters,
    ...(random.chance(0.5) ? { mountOptions: ['noatime', 'discard'] } : {}),
  };
}

async function everyField(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  world.notReadyMs = random.chance(0.5) ? 0 : random.between(1_000, 60_000);
  await user.create(STORAGE_CLASSES_PATH, drawnClass(random, 'fast'));
  const secrets = {
    [`${PREFIX}/snapshotter-secret-name`]: '${volumesnapshot.name}-key',
    [`${PREFIX}/snapshotter-secret-namespace`]: 'default',
  };
  const policy = random.pick(['Delete', 'Retain']);
  const parameters = random.chance(0.5) ? secrets : {};
  const byDefault = random.chance(0.5);
  await user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap', { deletionPolicy: policy, parameters, isDefault: byDefault }));
  await user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('another', { isDefault: false }));
  for (const name of ['data', 's1', 'restored', 'cloned']) await user.create(SECRETS(), secret(`${name}-key`, { password: 'x' }));
  const fields = {
    volumeMode: random.pick(['Filesystem', 'Block']),
    accessModes: [random.pick(['ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOncePod'])],
    size: random.pick(['1Gi', '1500Mi', '1000000001']),
  };
  await user.create(CLAIMS(), claim('data', fields));
  await user.until(() => bound(world, 'data'), LONG_MS);
  await user.pause(random.between(0, 1_000));
  await user.create(SNAPSHOTS(), snapshot('s1', 'data', { className: byDefault ? undefined : 'snap' }));
  await user.until(() => ready(world, 's1'), LONG_MS);
  await user.create(CLAIMS(), claim('restored', { ...fields, size: '2Gi', fromSnapshot: 's1' }));
  await user.create(CLAIMS(), claim('cloned', { ...fields, size: '2Gi', fromClaim: 'data' }));
  // The class that is in force when an attempt begins is the one that counts.
  if (random.chance(0.3)) {
    await user.remove(`${STORAGE_CLASSES_PATH}/fast`);
    await user.create(STORAGE_CLASSES_PATH, drawnClass(random, 'fast'));
  }
  await user.until(() => bound(world, 'restored') && bound(world, 'cloned'), LONG_MS);
  if (random.chance(0.5)) await leaveWithoutClasses(world, random);
}

/** What was made outlives its classes: policy and secrets of a deletion are those that were written down. */
async function leaveWithoutClasses({ user }: World, random: SeededRandom): Promise<void> {
  await user.remove(`${STORAGE_CLASSES_PATH}/fast`);
  await user.remove(`${SNAPSHOT_CLASSES_PATH}/snap`);
  await user.pause(random.between(0, 1_000));
  await user.remove(`${SNAPSHOTS()}/s1`);
  for (const name of ['restored', 'cloned', 'data']) await user.remove(`${CLAIMS()}/${name}`);
}

const refusals = (random: SeededRandom): FaultRates => ({
  ...NO_FAULTS,
  driverError: random.chance(0.5) ? 0 : random.between(0, 0.3),
  driverDoneButError: random.chance(0.5) ? 0 : random.between(0, 0.3),
});

export const EVERY_FIELD: Scenario = {
  name: 'every-field',
  about:
    'Block and Filesystem, access modes, mount options, file systems, secrets of every purpose, policies, default classes, classes that go first: what is written is what was asked for and made',
  faults: refusals,
  story: everyField,
};
