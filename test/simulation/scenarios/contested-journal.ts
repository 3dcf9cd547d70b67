/** Stories about the journal itself: it outgrows its Lease, and two leaders write it in the same moment. */
import type { HttpRequest } from '../../../lib/doors/http.ts';
import { NO_FAULTS } from '../faults.ts';
import { isJournal } from '../journal.ts';
import { LEASES } from '../leadership.ts';
import { CLAIMS, claim, storageClass, STORAGE_CLASSES_PATH } from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { World } from '../world.ts';
import { bound } from './main-job.ts';

const PATIENCE_MS = 10 * 60_000;
/** As much as CSI lets a class ask for. It is in every entry: six claims fill the head of a journal. */
const WIDE = { parameters: { wide: 'x'.repeat(3_900) }, mountOptions: ['y'.repeat(3_900)] };

async function wideClass({ user }: World): Promise<void> {
  await user.create(STORAGE_CLASSES_PATH, storageClass('wide', WIDE));
}

/** Claims come and go faster than the driver makes their volumes. */
async function crowd(world: World, random: SeededRandom): Promise<void> {
  await wideClass(world);
  for (let round = 0; round < 3; round += 1) {
    const names = Array.from({ length: 4 + random.below(8) }, (_, i) => `c${round}-${i}`);
    for (const name of names) {
      await world.user.create(CLAIMS(), claim(name, { className: 'wide' }));
      if (random.chance(0.3)) await world.user.pause(random.between(0, 200));
    }
    await world.user.pause(random.chance(0.5) ? random.between(0, 300) : random.between(0, 20_000));
    for (const name of names) {
      await world.user.remove(`${CLAIMS()}/${name}`);
      if (random.chance(0.3)) await world.user.pause(random.between(0, 2_000));
    }
  }
}

export const JOURNAL_IN_SHARDS: Scenario = {
  name: 'journal-in-shards',
  about: 'so many claims with wide classes that the journal needs shards, under crashes and late writes: no volume is without its entry',
  faults: (random) => ({
    ...NO_FAULTS,
    limbo: random.chance(0.5) ? 0 : random.between(0, 0.1),
    lateAnswer: random.between(0, 0.05),
    driverSlow: random.between(0, 0.5),
    driverDoneButError: random.between(0, 0.3),
  }),
  crashes: 0.02,
  story: crowd,
};

/** Leaders renew their lease this often; the one that lost it knows by then. */
const RENEWAL_MS = 5_000;

/**
 * A leader is at work, and knows of nothing, in the very moment in which its successor reads its journal: somebody has
 * deleted its election lease. It dies right after that, or works on until about its next renewal, but no longer than until its
 * successor deletes a volume: what it confirmed before, it may ask for after that (decision 008).
 */
async function contest(world: World, random: SeededRandom): Promise<void> {
  const { user, scheduler } = world;
  await wideClass(world);
  const lease = () => world.mirror.leases.all().find(({ metadata }) => metadata?.name === LEASES['csi-provisioner']);
  const leader = (): string | undefined => world.programNames().find((name) => name.startsWith('csi-provisioner-') && world.leads(name));
  let deposed: string | undefined;
  const end = (): void => {
    if (deposed !== undefined) world.crash(deposed);
    deposed = undefined;
  };
  world.calls.listeners.push(({ program, rpc }) => {
    if (rpc === 'DeleteVolume' && program !== deposed) end();
  });
  for (let round = 0; round < 4; round += 1) {
    await user.until(() => leader() !== undefined, PATIENCE_MS);
    await user.pause(random.between(0, 10_000));
    const names = Array.from({ length: 1 + random.below(4) }, (_, i) => `c${round}-${i}`);
    const old = leader() ?? '';
    let read = false;
    world.sandbox.faults.intercept((request) => {
      if (!isReadOfJournal(world, request)) return undefined;
      if (read || request.headers['user-agent']?.startsWith(`${old}/`) === true) return undefined;
      read = true;
      for (const name of names)
        scheduler.after(random.between(0, 10), 'user makes a claim', () => void user.create(CLAIMS(), claim(name, { className: 'wide' })));
      deposed = old;
      scheduler.after(random.chance(0.5) ? random.between(20, 80) : random.between(80, 1_500), 'the old leader dies', end);
      // Its successor may see a claim too late to work on it.
      if (random.chance(0.5))
        for (const name of names)
          scheduler.after(random.between(20, 300), 'user removes it', () => void user.remove(`${CLAIMS()}/${name}`));
      return undefined;
    });
    const renewedMs = Date.parse(lease()?.spec?.renewTime ?? '');
    await user.pause(Math.max(0, renewedMs + RENEWAL_MS - 1_000 - scheduler.now()));
    await user.remove(`/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${LEASES['csi-provisioner'] ?? ''}`);
    await user.until(() => read, PATIENCE_MS);
    world.sandbox.faults.intercept(() => undefined);
    if (random.chance(0.5)) await user.until(() => names.every((name) => bound(world, name)), PATIENCE_MS);
    else await user.pause(random.between(0, 2_000));
    for (const name of names) await user.remove(`${CLAIMS()}/${name}`);
  }
}

function isReadOfJournal({ mirror }: World, { method, path }: HttpRequest): boolean {
  return (
    method === 'GET' && mirror.leases.all().some((lease) => isJournal(lease) && path.endsWith(`/leases/${lease.metadata?.name ?? ''}`))
  );
}

export const CONTESTED_JOURNAL: Scenario = {
  name: 'contested-journal',
  about:
    'a leader whose lease was deleted works on while its successor takes the journal over, and dies: what it wrote is read, or confirms nothing',
  election: true,
  // Not `driverSlow`: what a driver makes long after its caller died may follow the deletion that its PV allowed.
  faults: (random) => ({ ...NO_FAULTS, driverDoneButError: random.between(0, 0.3) }),
  story: contest,
};
