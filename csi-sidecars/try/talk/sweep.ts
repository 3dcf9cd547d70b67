/** The last look around a trial, however it ended: what was made and not deleted is deleted, as far as the driver lets it. */
import { deadline } from '../../../lib/doors/sleep.ts';
import type { OpenWorld } from '../world/open.ts';
import { snapshotSecrets, volumeSecrets } from './requests.ts';
import { leftovers } from './tidy.ts';
import { tolerate } from './tolerate.ts';

const LIMIT_MS = 15_000;

/** Ids that are left all the same. Of its own limit: also a trial that was stopped tidies up. */
export async function sweep({ world }: Pick<OpenWorld, 'world'>): Promise<string[]> {
  const { calls, journal, doors, sidecars } = world;
  const { volumes, snapshots } = leftovers(journal.calls);
  if (volumes.size + snapshots.size === 0 || world.notes.classes === undefined) return [];
  // Else they would make anew what is deleted here.
  sidecars.crash();
  const limit = deadline(doors.clock, LIMIT_MS, new AbortController().signal);
  const { signal } = limit;
  const secrets = { volume: volumeSecrets({ ...world, signal }), snapshot: snapshotSecrets({ ...world, signal }) };
  for (const snapshotId of snapshots) await tolerate(calls.deleteSnapshot({ snapshotId, secrets: secrets.snapshot }, signal));
  for (const volumeId of volumes) await tolerate(calls.deleteVolume({ volumeId, secrets: secrets.volume }, signal));
  limit.clear();
  const left = leftovers(journal.calls);
  return [...left.volumes, ...left.snapshots];
}
