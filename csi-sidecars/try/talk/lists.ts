/** What the driver lists, and whether it is what it should be. */
import { idOfVolume, repeatedVolumes } from '../clauses/lives.ts';
import { NOWHERE } from '../nowhere.ts';
import type { Step } from '../step.ts';
import { NotTried } from '../step.ts';
import type { TryWorld } from '../world/world.ts';
import { driverOf } from '../world/world.ts';
import { everyPage } from '../../driver/pages.ts';
import { snapshotSecrets } from './requests.ts';
import { leftovers } from './tidy.ts';
import { tolerate } from './tolerate.ts';

export interface Listing {
  /** As often as they are listed. */
  readonly ids: readonly string[];
  /** False: the pages had no end, so nothing can be said of what is missing. */
  readonly whole: boolean;
  /** Numbers of the calls. */
  readonly calls: readonly number[];
}

/** Undefined: the driver lists none. */
export async function listVolumes(world: TryWorld, maxEntries = 0): Promise<Listing | undefined> {
  const { calls, signal, journal } = world;
  if (!driverOf(world).identity.controller.has('LIST_VOLUMES')) return undefined;
  const from = journal.calls.length;
  const { entries, endless } = await everyPage((startingToken) => calls.listVolumes({ maxEntries, startingToken }, signal));
  const own = numbersOf(journal, from, 'ListVolumes');
  world.observe('pages-end', endless, own);
  return { ids: entries.map(({ volume }) => volume?.volumeId ?? ''), whole: endless === undefined, calls: own };
}

export async function listSnapshots(world: TryWorld, maxEntries = 0): Promise<Listing | undefined> {
  const { calls, signal, journal } = world;
  if (!driverOf(world).identity.controller.has('LIST_SNAPSHOTS')) return undefined;
  const from = journal.calls.length;
  const any = { maxEntries, sourceVolumeId: '', snapshotId: '', secrets: snapshotSecrets(world) };
  const { entries, endless } = await everyPage((startingToken) => calls.listSnapshots({ ...any, startingToken }, signal));
  const own = numbersOf(journal, from, 'ListSnapshots');
  world.observe('pages-end', endless, own);
  return { ids: entries.map(({ snapshot }) => snapshot?.snapshotId ?? ''), whole: endless === undefined, calls: own };
}

function numbersOf({ calls }: TryWorld['journal'], from: number, rpc: string): number[] {
  return calls.slice(from).flatMap((call) => (call.rpc === rpc && call.by === 'try' ? [call.number] : []));
}

export const LIST_STEPS: readonly Step[] = [
  {
    id: 'list',
    title: 'list what was made, in pages and by filters',
    needs: ['volume'],
    run: async (world) => {
      const { calls, signal, notes, journal } = world;
      const { volume, snapshot } = notes;
      const made = leftovers(journal.calls);
      // What a repeated call was answered with is another clause's matter.
      for (const { call, first } of repeatedVolumes(journal.calls))
        if (idOfVolume(call) !== idOfVolume(first)) made.volumes.delete(idOfVolume(call) ?? '');
      const volumes = await listVolumes(world, 1);
      const snapshots = await listSnapshots(world, 1);
      if (volumes === undefined && snapshots === undefined) throw new NotTried('the driver offers neither LIST_VOLUMES nor LIST_SNAPSHOTS');
      if (volumes !== undefined) {
        if (volumes.whole) observeAll(world, 'ListVolumes', { ...volumes, made: made.volumes });
        await tolerate(calls.listVolumes({ maxEntries: 0, startingToken: NOWHERE }, signal));
      }
      if (snapshots !== undefined && snapshot !== undefined) {
        if (snapshots.whole) observeAll(world, 'ListSnapshots', { ...snapshots, made: made.snapshots });
        const any = { maxEntries: 0, startingToken: '', sourceVolumeId: '', snapshotId: '', secrets: snapshotSecrets(world) };
        const ofId = await tolerate(calls.listSnapshots({ ...any, snapshotId: snapshot.snapshotId }, signal));
        const found = (ofId?.entries ?? []).map((entry) => entry.snapshot?.snapshotId ?? '');
        observeAll(world, 'ListSnapshots by snapshot_id', {
          ids: found,
          calls: [journal.calls.length],
          made: new Set([snapshot.snapshotId]),
        });
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

function observeAll(
  world: TryWorld,
  list: string,
  { ids, calls, made }: Pick<Listing, 'ids' | 'calls'> & { readonly made: ReadonlySet<string> },
): void {
  for (const id of made) {
    const times = ids.filter((each) => each === id).length;
    const breach = times === 1 ? undefined : `${list} holds ${id} ${times === 0 ? 'not at all' : `${times} times`}`;
    world.observe('lists-are-complete', breach, calls);
  }
}
