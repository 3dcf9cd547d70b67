/** Sidecars that crash and connections that break in the middle of each call that makes or deletes something. */
import { sleep } from '../../../lib/doors/sleep.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS } from '../../../lib/kube/resources.ts';
import type { Step } from '../step.ts';
import type { Moment } from '../world/trap.ts';
import type { TryWorld } from '../world/world.ts';
import { claim, snapshot } from './objects.ts';
import { bound, create, ready, remove, snapshotGone, volumeGone } from './waits.ts';

/** A call, and how a user brings it about. */
interface Deed {
  readonly rpc: string;
  readonly snapshots: boolean;
  readonly does: (world: TryWorld, name: string) => Promise<unknown>;
  readonly settles: (world: TryWorld, name: string) => Promise<unknown>;
}

const DEEDS: readonly Deed[] = [
  {
    rpc: 'CreateVolume',
    snapshots: false,
    does: (world, name) => create(world, PERSISTENT_VOLUME_CLAIMS, claim(name)),
    settles: bound,
  },
  {
    rpc: 'CreateSnapshot',
    snapshots: true,
    does: (world, name) => create(world, VOLUME_SNAPSHOTS, snapshot(name, name)),
    settles: ready,
  },
  {
    rpc: 'DeleteSnapshot',
    snapshots: true,
    does: (world, name) => remove(world, VOLUME_SNAPSHOTS, name),
    settles: snapshotGone,
  },
  {
    rpc: 'DeleteVolume',
    snapshots: false,
    does: (world, name) => remove(world, PERSISTENT_VOLUME_CLAIMS, name),
    settles: volumeGone,
  },
];

function deedsFor({ notes }: TryWorld): readonly Deed[] {
  const snapshots = notes.driver?.identity.controller.has('CREATE_DELETE_SNAPSHOT') === true;
  return DEEDS.filter((deed) => snapshots || !deed.snapshots);
}

/** Longer than a call needs to reach a driver on the same machine. */
const ON_ITS_WAY_MS = 3;

export const TROUBLES: readonly Step[] = [
  ...(['sent', 'answered'] as const).map((moment) => restartStep(moment)),
  {
    id: 'cut-connection',
    title: 'cut the connection in the middle of each call',
    needs: ['provision'],
    fullOnly: true,
    run: async (world) => {
      for (const deed of deedsFor(world)) {
        // The request has arrived and the answer is on its way: nobody but the driver knows.
        world.proxy.delay(CUT_DELAY_MS);
        const sprung = world.trap.set(
          deed.rpc,
          'sent',
          () => void sleep(world.doors.clock, CUT_MS, world.signal).then(() => world.proxy.cut()),
        );
        await deed.does(world, 'cut');
        await within(world, sprung, `${deed.rpc} is sent`);
        await sleep(world.doors.clock, CUT_MS, world.signal);
        world.proxy.delay(0);
        await deed.settles(world, 'cut');
      }
      return names(deedsFor(world));
    },
  },
  {
    id: 'slow',
    title: 'do all of it on a slow connection',
    needs: ['provision'],
    fullOnly: true,
    run: async (world) => {
      world.proxy.delay(SLOW_MS);
      for (const deed of deedsFor(world)) {
        await deed.does(world, 'slow');
        await deed.settles(world, 'slow');
      }
      return `${names(deedsFor(world))}; each piece ${SLOW_MS} ms late`;
    },
  },
];

const CUT_DELAY_MS = 40;
/** After the request has arrived, and before its answer has. */
const CUT_MS = 60;
const SLOW_MS = 100;

function restartStep(moment: Moment): Step {
  return {
    id: `restart-${moment}`,
    title: moment === 'sent' ? 'crash the sidecars while each call is under way' : 'crash the sidecars before they hear each answer',
    needs: ['provision'],
    fullOnly: true,
    run: async (world) => {
      const name = `crash-${moment}`;
      for (const deed of deedsFor(world)) {
        const sprung = world.trap.set(deed.rpc, moment, () => {
          if (moment === 'answered') world.sidecars.crash();
        });
        await deed.does(world, name);
        await within(world, sprung, `${deed.rpc} is ${moment}`);
        if (moment === 'sent') {
          await sleep(world.doors.clock, ON_ITS_WAY_MS, world.signal);
          world.sidecars.crash();
        }
        world.sidecars.start();
        await deed.settles(world, name);
      }
      return names(deedsFor(world));
    },
  };
}

function names(deeds: readonly Deed[]): string {
  return deeds.map(({ rpc }) => rpc).join(', ');
}

/** Waits no longer than the step may take. */
async function within(world: TryWorld, work: Promise<void>, what: string): Promise<void> {
  await Promise.race([
    work,
    new Promise<never>((_, reject) => {
      world.signal.addEventListener('abort', () => reject(new Error(`${what} did not come about in time`)), { once: true });
    }),
  ]);
}
