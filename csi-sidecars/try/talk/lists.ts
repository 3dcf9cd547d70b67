/** What the driver lists, and whether it is what it should be. */
import { NOWHERE } from '../nowhere.ts';
import type { Step } from '../step.ts';
import { NotTried } from '../step.ts';
import type { TryWorld } from '../world/world.ts';
import { driverOf } from '../world/world.ts';
import { everyPage } from '../../driver/pages.ts';
import { snapshotSecrets } from './requests.ts';
import { tolerate } from './tolerate.ts';

export interface Listing {
  /** As often as they are listed. */
  readonly ids: readonly string[];
  /** False: the pages had no end, so nothing can be said of what is missing. */
  readonly whole: boolean;
}

/** Undefined: the driver lists none. */
export async function listVolumes(world: TryWorld, maxEntries = 0): Promise<Listing | undefined> {
  const { calls, signal } = world;
  if (!driverOf(world).identity.controller.has('LIST_VOLUMES')) return undefined;
  const { entries, endless } = await everyPage((startingToken) => calls.listVolumes({ maxEntries, startingToken }, signal));
  world.observe('pages-end', endless);
  return { ids: entries.map(({ volume }) => volume?.volumeId ?? ''), whole: endless === undefined };
}

export async function listSnapshots(world: TryWorld, maxEntries = 0): Promise<Listing | undefined> {
  const { calls, signal } = world;
  if (!driverOf(world).identity.controller.has('LIST_SNAPSHOTS')) return undefined;
  const any = { maxEntries, sourceVolumeId: '', snapshotId: '', secrets: snapshotSecrets(world) };
  const { entries, endless } = await everyPage((startingToken) => calls.listSnapshots({ ...any, startingToken }, signal));
  world.observe('pages-end', endless);
  return { ids: entries.map(({ snapshot }) => snapshot?.snapshotId ?? ''), whole: endless === undefined };
}

export const LIST_STEPS: readonly Step[] = [
  {
    id: 'list',
    title: 'list what was made, in pages and by filters',
    needs: ['volume'],
    run: async (world) => {
      const { calls, signal, notes } = world;
      const { volume, snapshot } = notes;
      const volumes = await listVolumes(world, 1);
      const snapshots = await listSnapshots(world, 1);
      if (volumes === undefined && snapshots === undefined) throw new NotTried('the driver offers neither LIST_VOLUMES nor LIST_SNAPSHOTS');
      if (volumes !== undefined) {
        if (volumes.whole) world.observe('lists-are-complete', missing('ListVolumes', volumes.ids, volume?.volumeId));
        await tolerate(calls.listVolumes({ maxEntries: 0, startingToken: NOWHERE }, signal));
      }
      if (snapshots !== undefined && snapshot !== undefined) {
        if (snapshots.whole) world.observe('lists-are-complete', missing('ListSnapshots', snapshots.ids, snapshot.snapshotId));
        const any = { maxEntries: 0, startingToken: '', sourceVolumeId: '', snapshotId: '', secrets: snapshotSecrets(world) };
        const ofId = await tolerate(calls.listSnapshots({ ...any, snapshotId: snapshot.snapshotId }, signal));
        const found = (ofId?.entries ?? []).map((entry) => entry.snapshot?.snapshotId ?? '');
        world.observe('lists-are-complete', missing('ListSnapshots by snapshot_id', found, snapshot.snapshotId));
        await tolerate(calls.listSnapshots({ ...any, sourceVolumeId: volume?.volumeId ?? '' }, signal));
        await tolerate(calls.listSnapshots({ ...any, snapshotId: NOWHERE }, signal));
        await tolerate(calls.listSnapshots({ ...any, sourceVolumeId: NOWHERE }, signal));
      }
      return listed(volumes, snapshots);
    },
  },
];

export function listed(volumes: Listing | undefined, snapshots: Listing | undefined): string {
  return `${volumes?.ids.length ?? 'no list of'} volumes, ${snapshots?.ids.length ?? 'no list of'} snapshots`;
}

function missing(list: string, ids: readonly string[], id: string | undefined): string | undefined {
  const times = ids.filter((each) => each === id).length;
  return times === 1 ? undefined : `${list} holds ${id} ${times === 0 ? 'not at all' : `${times} times`}`;
}
