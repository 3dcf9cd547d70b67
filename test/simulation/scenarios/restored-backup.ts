/** The API server comes back with an older version of its data. */
import type { ObjectMeta, PersistentVolumeClaim } from '../../../lib/kube/objects.ts';
import { DeleteSnapshotRequest, DeleteVolumeRequest } from '../../../proto/gen/csi.ts';
import { NO_FAULTS } from '../faults.ts';
import { handleOf, Violation } from '../invariants.ts';
import { openEntries, reads } from '../journal.ts';
import { CLAIMS, claim, CONTENTS, SNAPSHOTS, snapshot } from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { tidy } from '../tidy.ts';
import type { World } from '../world.ts';
import { bound, classes } from './main-job.ts';
import { driverFaults, servedAgain } from './server.ts';

const LONG_MS = 15 * 60_000;
const NAMES = ['a', 'b', 'c'];

async function act(world: World, random: SeededRandom): Promise<void> {
  const name = random.pick(NAMES);
  const other = random.pick(NAMES);
  switch (random.below(6)) {
    case 0:
      await world.user.create(CLAIMS(), claim(`claim-${name}`));
      return;
    case 1:
      await world.user.create(SNAPSHOTS(), snapshot(`snap-${name}`, `claim-${other}`));
      return;
    case 2:
      await world.user.create(CLAIMS(), claim(`restore-${name}`, { fromSnapshot: `snap-${other}` }));
      return;
    case 3:
      await world.user.remove(`${SNAPSHOTS()}/snap-${name}`);
      return;
    case 4:
      await world.user.remove(`${CLAIMS()}/${random.pick(['claim', 'restore'])}-${name}`);
      return;
    default:
      await world.user.edit(`${CLAIMS()}/claim-${name}`, { metadata: { annotations: { note: String(random.below(1000)) } } });
  }
}

/** Driver id of the volume of every claim that has one, whether or not its PV is known. */
function volumesByClaim(world: World): Map<string, string> {
  const ids = new Map(world.ledger().volumes.map(({ name, id }) => [name, id]));
  const found = new Map<string, string>();
  for (const { metadata } of world.mirror.claims.all()) {
    const id = ids.get(`pvc-${metadata?.uid ?? ''}`);
    if (id !== undefined) found.set(metadata?.uid ?? '', id);
  }
  return found;
}

/** What the backup brought back without its data is lost: an administrator removes it, as after every such restore. */
async function removeLost(world: World): Promise<void> {
  const { volumes, snapshots } = world.ledger();
  const held = new Set([...volumes, ...snapshots].map(({ id }) => id));
  for (const { spec, metadata } of world.mirror.volumes.all()) {
    if (held.has(spec?.csi?.volumeHandle ?? '')) continue;
    const owner = world.mirror.claims.all().find((one) => one.metadata?.uid === spec?.claimRef?.uid)?.metadata?.name;
    await world.user.remove(owner === undefined ? `/api/v1/persistentvolumes/${metadata?.name ?? ''}` : `${CLAIMS()}/${owner}`);
  }
  for (const content of world.mirror.contents.all()) {
    const { spec, metadata } = content;
    const handle = handleOf(content);
    if (handle === undefined || held.has(handle)) continue;
    const owner = world.mirror.snapshots.all().find((one) => one.metadata?.uid === spec?.volumeSnapshotRef?.uid)?.metadata?.name;
    await world.user.remove(owner === undefined ? `${CONTENTS}/${metadata?.name ?? ''}` : `${SNAPSHOTS()}/${owner}`);
  }
}

/**
 * A claim that the backup brought back without its volume gets another one, and the name of its snapshot is taken in
 * the storage by that of the old volume. Likewise a snapshot is cut anew whose cut the backup undid, and the name of
 * a volume that is restored from it is taken by one from the old cut. The driver says so for ever, to the Go program too,
 * and an administrator removes what has the name there: a snapshot of another volume, and a volume without a PV that
 * neither the claim as it is now nor an entry of the journal asks for.
 */
async function removeForeign(world: World): Promise<void> {
  // The storage's own console has no faults.
  world.setFaults(NO_FAULTS);
  const { snapshots, volumes } = world.ledger();
  const call = (method: string, request: Uint8Array): Promise<unknown> =>
    world.driver.handle({ method: `/csi.v1.Controller/${method}`, request });
  for (const { spec } of world.mirror.contents.all()) {
    const foreign = snapshots.find(({ name }) => name === `snapshot-${spec?.volumeSnapshotRef?.uid ?? ''}`);
    const volumeId = spec?.source?.volumeHandle;
    if (foreign !== undefined && volumeId !== undefined && foreign.sourceVolumeId !== volumeId)
      await call('DeleteSnapshot', DeleteSnapshotRequest.encode({ snapshotId: foreign.id, secrets: {} }).finish());
  }
  const entries = openEntries(world.mirror.leases.all());
  for (const { id, name, source } of volumes) {
    const uid = name.replace(/^pvc-/, '');
    const claim = world.mirror.claims.all().find(({ metadata, status }) => metadata?.uid === uid && status?.phase !== 'Bound');
    const entry = entries.get(uid);
    const asked = claim && snapshotOf(world, claim);
    const isNamed = world.mirror.volumes.all().some(({ spec }) => spec?.csi?.volumeHandle === id);
    // What was recorded the program finds again.
    if (source === undefined || isNamed || (entry !== undefined && reads(entry, source.id))) continue;
    if (asked === undefined ? entry !== undefined : asked !== source.id)
      await call('DeleteVolume', DeleteVolumeRequest.encode({ volumeId: id, secrets: {} }).finish());
  }
}

/** The handle that a restore asks for now; undefined: it is no restore, or its snapshot is not cut. */
function snapshotOf({ mirror }: World, { metadata, spec }: PersistentVolumeClaim): string | undefined {
  const isSource = (one: ObjectMeta | undefined): boolean => one?.name === spec?.dataSource?.name && one?.namespace === metadata?.namespace;
  const uid = mirror.snapshots.all().find((one) => isSource(one.metadata))?.metadata?.uid;
  return handleOf(mirror.contents.all().find((content) => content.spec?.volumeSnapshotRef?.uid === uid));
}

async function restoredBackup(world: World, random: SeededRandom): Promise<void> {
  await classes(world);
  await world.user.create(CLAIMS(), claim('claim-a'));
  await world.user.until(() => bound(world, 'claim-a'), LONG_MS);
  const some = async (most: number): Promise<void> => {
    for (let i = random.below(most + 1); i > 0; i -= 1) {
      await act(world, random);
      await world.user.pause(random.chance(0.5) ? random.between(0, 100) : random.between(0, 5_000));
    }
  };
  await some(8);
  const backup = world.backup();
  await some(8);
  const before = volumesByClaim(world);
  world.stopServer();
  await world.user.pause(random.between(2_000, 30_000));
  const isDeleted = (id: string): boolean => world.driver.calls.some(({ effect }) => effect.includes(`delete-volume ${id}`));
  await world.startServer(backup);
  const known = new Set(world.mirror.claims.all().map(({ metadata }) => metadata?.uid ?? ''));
  await some(4);
  await servedAgain(world, 'afterwards');
  await world.user.pause(random.between(0, 120_000));
  for (const [uid, id] of volumesByClaim(world)) {
    const was = before.get(uid);
    if (known.has(uid) && was !== undefined && was !== id && !isDeleted(was))
      world.fail(
        new Violation('no-second-volume-for-a-finished-claim', `the claim ${uid} had volume ${was} and has ${id} since the restore`),
      );
  }
  await world.user.pause(6 * 60_000);
  await removeLost(world);
  await world.user.pause(60_000);
  await tidy(world);
  await world.user.pause(6 * 60_000);
  await removeForeign(world);
}

export const RESTORED_BACKUP: Scenario = {
  name: 'restored-backup',
  about:
    'the API server is restarted with a backup while programs run on with newer caches: versions go back, deleted objects live again, and all that lives becomes what it asks for (excused: what was made for objects of which the backup knows nothing)',
  faults: driverFaults,
  story: restoredBackup,
};
