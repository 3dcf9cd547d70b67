/** The driver demands a password; the secrets that hold it come late, are rotated, vanish and come back. */
import { drawFaults, NO_FAULTS } from '../faults.ts';
import { handleOf } from '../invariants.ts';
import {
  CLAIMS,
  claim,
  CONTENTS,
  DRIVER,
  SECRETS,
  secret,
  SNAPSHOTS,
  snapshot,
  snapshotClass,
  SNAPSHOT_CLASSES_PATH,
  storageClass,
  STORAGE_CLASSES_PATH,
} from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { bound, ready } from './main-job.ts';

const PREFIX = 'csi.storage.k8s.io';
const MINUTE_MS = 60_000;
const NAMES = ['data-key', 'restored-key', 's0-key', 's1-key', 'list-imported'];

async function secretClasses({ user }: World): Promise<void> {
  const volumes = {
    [`${PREFIX}/provisioner-secret-name`]: '${pvc.name}-key',
    [`${PREFIX}/provisioner-secret-namespace`]: '${pvc.namespace}',
  };
  const snapshots = {
    [`${PREFIX}/snapshotter-secret-name`]: '${volumesnapshot.name}-key',
    [`${PREFIX}/snapshotter-secret-namespace`]: '${volumesnapshot.namespace}',
    [`${PREFIX}/snapshotter-list-secret-name`]: 'list-${volumesnapshotcontent.name}',
    [`${PREFIX}/snapshotter-list-secret-namespace`]: 'default',
  };
  await user.create(STORAGE_CLASSES_PATH, storageClass('fast', { parameters: volumes }));
  await user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('snap', { parameters: snapshots }));
  await user.create(SNAPSHOT_CLASSES_PATH, snapshotClass('keep', { deletionPolicy: 'Retain', parameters: snapshots }));
}

/** The person who keeps the driver's password and the secrets that hold it, in this order or the other. */
class Keeper {
  private readonly world: World;
  private readonly random: SeededRandom;
  private rotations = 0;
  /** It begins with the password. */
  private token = '';

  constructor(world: World, random: SeededRandom) {
    this.world = world;
    this.random = random;
    this.rotate();
  }

  /** The driver takes the new password only. */
  rotate(): void {
    this.rotations += 1;
    // What a URL or JSON would write otherwise, and text that is no ASCII.
    const password = `p@ss/"wörd" ${this.rotations}-${this.random.uuid().slice(0, 13)}`;
    this.token = `${password}${this.random.uuid().slice(0, 13)}`;
    for (const value of [password, this.token]) this.world.secrets.keep(value);
    this.world.secrets.keepTail(this.token.slice(password.length));
    this.world.demandedSecrets['password'] = password;
  }

  /** The secret as it ought to be now. */
  async write(name: string): Promise<void> {
    const password = this.world.demandedSecrets['password'] ?? '';
    const body = secret(name, { user: 'admin', password, token: this.token });
    const { status } = await this.world.user.create(SECRETS(), body);
    if (status === 409) await this.world.user.replace(`${SECRETS()}/${name}`, body);
  }

  /** Somebody types it wrong first. */
  async writeWrongly(name: string): Promise<void> {
    await this.world.user.create(SECRETS(), secret(name, { user: 'admin', password: 'a typo' }));
  }

  async remove(name: string): Promise<void> {
    await this.world.user.remove(`${SECRETS()}/${name}`);
  }

  async act(): Promise<void> {
    const { random } = this;
    const name = random.pick(NAMES);
    switch (random.below(4)) {
      case 0:
        await this.remove(name);
        return;
      case 1:
        this.rotate();
        return;
      case 2:
        await this.writeWrongly(name);
        return;
      default:
        await this.write(name);
    }
  }

  async writeAll(): Promise<void> {
    for (const name of NAMES) await this.write(name);
  }
}

/** A snapshot that was kept in the storage is brought back under another name: the driver is asked for it, with the list secret. */
async function importSnapshot(world: World): Promise<void> {
  const { user } = world;
  await user.create(SNAPSHOTS(), snapshot('s0', 'data', { className: 'keep' }));
  if (!(await user.until(() => ready(world, 's0'), 10 * MINUTE_MS))) return;
  const handle = handleOf(world.mirror.contents.all().find((content) => content.spec?.volumeSnapshotRef?.name === 's0'));
  await user.remove(`${SNAPSHOTS()}/s0`);
  await user.until(() => world.mirror.snapshots.all().every(({ metadata }) => metadata?.name !== 's0'), 10 * MINUTE_MS);
  const kept = world.mirror.contents.all().find((content) => content.spec?.volumeSnapshotRef?.name === 's0');
  await user.remove(`${CONTENTS}/${kept?.metadata?.name ?? ''}`);
  if (!(await user.until(() => world.mirror.contents.all().length === 0, 10 * MINUTE_MS)) || handle === undefined) return;
  const annotations = {
    'snapshot.storage.kubernetes.io/deletion-secret-name': 's0-key',
    'snapshot.storage.kubernetes.io/deletion-secret-namespace': 'default',
  };
  await user.create(CONTENTS, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name: 'imported', annotations },
    spec: {
      driver: DRIVER,
      deletionPolicy: 'Delete',
      volumeSnapshotClassName: 'snap',
      source: { snapshotHandle: handle },
      volumeSnapshotRef: { name: 'imported', namespace: 'default' },
    },
  });
  await user.create(SNAPSHOTS(), {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name: 'imported', namespace: 'default' },
    spec: { volumeSnapshotClassName: 'snap', source: { volumeSnapshotContentName: 'imported' } },
  });
}

async function comeAndGo(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  const keeper = new Keeper(world, random);
  const meanwhile = async (acts: number, longestMs: number): Promise<void> => {
    for (let act = 0; act < acts; act += 1) {
      await keeper.act();
      await user.pause(random.between(0, longestMs));
    }
  };
  await secretClasses(world);
  await user.create(CLAIMS(), claim('data'));
  await meanwhile(random.below(5), random.chance(0.2) ? 8 * MINUTE_MS : 20_000);
  await keeper.writeAll();
  const served = await user.until(() => bound(world, 'data'), random.between(0, 10 * MINUTE_MS));
  if (served && random.chance(0.4)) await importSnapshot(world);
  await user.create(SNAPSHOTS(), snapshot('s1', 'data'));
  await user.create(CLAIMS(), claim('restored', { fromSnapshot: 's1' }));
  await meanwhile(random.below(6), random.chance(0.2) ? 8 * MINUTE_MS : 20_000);
  await keeper.writeAll();
  await user.until(() => ready(world, 's1') && bound(world, 'restored'), random.between(0, 10 * MINUTE_MS));
  await meanwhile(random.below(4), 20_000);
  if (random.chance(0.7)) await deleteAll(world, random, keeper);
  await user.pause(random.between(0, 20_000));
  await keeper.writeAll();
}

async function deleteAll({ user }: World, random: SeededRandom, keeper: Keeper): Promise<void> {
  const paths = [`${CLAIMS()}/data`, `${CLAIMS()}/restored`, `${SNAPSHOTS()}/s1`, `${SNAPSHOTS()}/s0`, `${SNAPSHOTS()}/imported`];
  while (paths.length > 0) {
    const [path] = paths.splice(random.below(paths.length), 1);
    await user.remove(path ?? '');
    if (random.chance(0.5)) await keeper.act();
    await user.pause(random.chance(0.5) ? 0 : random.between(0, 10_000));
  }
}

const LOUD = ['--v=6'];
const CALLS_IN_THE_LOG = { 'csi-provisioner': LOUD, 'csi-snapshotter': LOUD, 'csi-sidecars': LOUD };

export const SECRETS_COME_AND_GO: Scenario = {
  name: 'secrets-come-and-go',
  about: 'secrets by template come late, are wrong, are rotated and vanish while calls are open: all heals, and nobody learns them',
  faults: drawFaults,
  crashes: 0.005,
  flags: CALLS_IN_THE_LOG,
  driver: { demandedSecrets: {} },
  story: comeAndGo,
};

/** The design's case: a record whose secret vanished stays, and heals when the secret returns. */
async function vanish(world: World, random: SeededRandom): Promise<void> {
  const { user } = world;
  const keeper = new Keeper(world, random);
  await secretClasses(world);
  await keeper.write('data-key');
  await user.create(CLAIMS(), claim('data'));
  await user.until(() => world.rpcAttempts.some(({ rpc }) => rpc === 'CreateVolume'), MINUTE_MS);
  await user.pause(random.between(0, 15_000));
  const [first, second] = random.chance(0.5) ? [SECRETS, CLAIMS] : [CLAIMS, SECRETS];
  const pathOf = (kind: typeof SECRETS): string => (kind === SECRETS ? `${SECRETS()}/data-key` : `${CLAIMS()}/data`);
  await user.remove(pathOf(first));
  await user.pause(random.between(0, 2_000));
  await user.remove(pathOf(second));
  if (random.chance(0.4)) world.crash(random.pick(world.programNames()));
  if (random.chance(0.3)) keeper.rotate();
  await user.pause(random.between(0, 40 * MINUTE_MS));
  // A secret of that name that is of no use is as good as none.
  if (random.chance(0.4)) {
    await keeper.writeWrongly('data-key');
    await user.pause(random.between(0, 40 * MINUTE_MS));
  }
  await keeper.write('data-key');
}

export const SECRET_OF_A_RECORD: Scenario = {
  name: 'secret-of-a-record',
  about: 'claim and secret go while CreateVolume is undecided: the record stays until the secret is back, then the volume goes with it',
  faults: (random) => ({
    ...NO_FAULTS,
    driverSlow: random.between(0.5, 1),
    driverDoneButError: random.between(0, 0.5),
    driverCrash: random.between(0, 0.2),
  }),
  crashes: 0.005,
  flags: CALLS_IN_THE_LOG,
  driver: { demandedSecrets: {} },
  story: vanish,
};
