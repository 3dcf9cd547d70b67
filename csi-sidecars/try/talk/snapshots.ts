/** What the specification says of snapshots and of copies, asked of the driver directly. */
import type { VolumeContentSource } from '../../../proto/gen/csi.ts';
import { NOWHERE } from '../nowhere.ts';
import type { Step } from '../step.ts';
import { NotTried } from '../step.ts';
import type { TryWorld } from '../world/world.ts';
import { driverOf, until } from '../world/world.ts';
import { nameFor, snapshotRequest, snapshotSecrets, volumeRequest, volumeSecrets } from './requests.ts';
import { tolerate } from './tolerate.ts';

export const SNAPSHOT_STEPS: readonly Step[] = [
  {
    id: 'cut',
    title: 'cut a snapshot, again, and of another volume',
    needs: ['volume'],
    offers: ['CREATE_DELETE_SNAPSHOT'],
    run: async (world) => {
      const { calls, signal, notes } = world;
      const request = snapshotRequest(world, 'snapshot', notes.volume?.volumeId ?? '');
      const { snapshot } = await calls.createSnapshot(request, signal);
      if (snapshot === undefined) throw new Error('CreateSnapshot succeeded and named no snapshot');
      notes.snapshot = snapshot;
      await tolerate(calls.createSnapshot(request, signal));
      const { volume: other } = await calls.createVolume(volumeRequest(world, 'other'), signal);
      await tolerate(calls.createSnapshot({ ...request, sourceVolumeId: other?.volumeId ?? '' }, signal));
      await tolerate(calls.createSnapshot(snapshotRequest(world, 'of-nothing', NOWHERE), signal));
      await tolerate(calls.createSnapshot({ ...request, name: '' }, signal));
      await tolerate(calls.createSnapshot({ ...snapshotRequest(world, 'no-source', ''), sourceVolumeId: '' }, signal));
      await until(world, 'the snapshot is ready to use', {
        probe: async () => ((await calls.createSnapshot(request, signal)).snapshot?.readyToUse === true ? true : undefined),
      });
      return `${snapshot.snapshotId}, ${snapshot.sizeBytes} bytes`;
    },
  },
  {
    id: 'copy',
    title: 'make volumes from a snapshot and from a volume',
    needs: ['volume'],
    run: async (world) => {
      const { calls, signal, notes } = world;
      const { controller } = driverOf(world).identity;
      const done: string[] = [];
      const from = async (what: string, volumeContentSource: VolumeContentSource): Promise<void> => {
        // As large as what is copied, which the snapshot alone need not say.
        const size = [notes.volume?.capacityBytes ?? 0n, notes.snapshot?.sizeBytes ?? 0n].reduce((a, b) => (a > b ? a : b));
        const capacityRange = size > 0n ? { capacityRange: { requiredBytes: size, limitBytes: 0n } } : {};
        await calls.createVolume(volumeRequest(world, what, { volumeContentSource, ...capacityRange }), signal);
        done.push(what);
      };
      if (notes.snapshot !== undefined) {
        await from('restored', ofSnapshot(notes.snapshot.snapshotId));
        await tolerate(calls.createVolume(volumeRequest(world, 'from-nothing', { volumeContentSource: ofSnapshot(NOWHERE) }), signal));
      }
      if (controller.has('CLONE_VOLUME')) {
        await from('cloned', ofVolume(notes.volume?.volumeId ?? ''));
        await tolerate(calls.createVolume(volumeRequest(world, 'clone-of-nothing', { volumeContentSource: ofVolume(NOWHERE) }), signal));
      }
      if (done.length === 0) throw new NotTried('the driver offers neither CREATE_DELETE_SNAPSHOT nor CLONE_VOLUME');
      return done.join(', ');
    },
  },
  {
    id: 'group',
    title: 'cut a group snapshot',
    needs: ['volume', 'cut'],
    run: async (world) => {
      const { calls, signal } = world;
      if (driverOf(world).identity.groupController.size === 0) throw new NotTried('the driver offers no group snapshots');
      const ids: string[] = [];
      for (const what of ['member-1', 'member-2'])
        ids.push((await calls.createVolume(volumeRequest(world, what), signal)).volume?.volumeId ?? '');
      const request = { name: nameFor(world, 'group'), sourceVolumeIds: ids, parameters: {}, secrets: snapshotSecrets(world) };
      const { groupSnapshot } = await calls.createVolumeGroupSnapshot(request, signal);
      const again = await calls.createVolumeGroupSnapshot(request, signal);
      const groupSnapshotId = groupSnapshot?.groupSnapshotId ?? '';
      if (again.groupSnapshot?.groupSnapshotId !== groupSnapshotId)
        throw new Error('the same group snapshot again was answered with another id');
      const snapshotIds = (groupSnapshot?.snapshots ?? []).map(({ snapshotId }) => snapshotId);
      const named = { groupSnapshotId, snapshotIds, secrets: snapshotSecrets(world) };
      await calls.getVolumeGroupSnapshot(named, signal);
      await calls.deleteVolumeGroupSnapshot(named, signal);
      await calls.deleteVolumeGroupSnapshot(named, signal);
      for (const volumeId of ids) await calls.deleteVolume({ volumeId, secrets: volumeSecrets(world) }, signal);
      return `${groupSnapshotId} of ${snapshotIds.length} snapshots`;
    },
  },
  {
    id: 'together',
    title: 'ask for many things at once',
    needs: ['volume'],
    run: together,
  },
];

const AT_ONCE = 8;

async function together(world: TryWorld): Promise<string> {
  const { calls, signal } = world;
  const secrets = volumeSecrets(world);
  const names = Array.from({ length: AT_ONCE }, (_, index) => `at-once-${index}`);
  const different = names.map((what) => calls.createVolume(volumeRequest(world, what), signal));
  const same = names.map(() => tolerate(calls.createVolume(volumeRequest(world, 'at-once'), signal)));
  const made = await Promise.all(different);
  const ids = new Set((await Promise.all(same)).flatMap((answer) => answer?.volume?.volumeId ?? []));
  if (ids.size === 0) ids.add((await calls.createVolume(volumeRequest(world, 'at-once'), signal)).volume?.volumeId ?? '');
  world.observe(
    'create-volume-again-is-the-same',
    ids.size > 1 ? `${AT_ONCE} calls of one name at once were answered with ${ids.size} volumes` : undefined,
  );
  const all = [...ids, ...made.map(({ volume }) => volume?.volumeId ?? '')];
  await Promise.all(all.map((volumeId) => calls.deleteVolume({ volumeId, secrets }, signal)));
  return `${AT_ONCE} names at once, and one name ${AT_ONCE} times`;
}

function ofSnapshot(snapshotId: string): VolumeContentSource {
  return { type: { $case: 'snapshot', value: { snapshotId } } };
}

function ofVolume(volumeId: string): VolumeContentSource {
  return { type: { $case: 'volume', value: { volumeId } } };
}
