/** What the caches know of a VolumeSnapshot as a source of restores. */
import type { Caches } from '../caches.ts';
import type { LateRecords } from '../late-records.ts';
import type { Ledger } from '../ledger.ts';
import type { OpenCases } from '../open-cases.ts';
import type { SnapshotProtectionState } from './state.ts';

export interface SnapshotGatherWorld {
  readonly caches: Pick<Caches, 'snapshots'>;
  readonly cases: OpenCases;
  readonly ledger: Ledger;
  readonly lateRecords: Pick<LateRecords, 'earlierMs'>;
  readonly driverName: () => string;
}

export function gather(world: SnapshotGatherWorld, key: string): SnapshotProtectionState | undefined {
  const { caches, cases, ledger, lateRecords, driverName } = world;
  const cached = caches.snapshots?.available() ?? false;
  const snapshot = caches.snapshots?.store.get(key);
  const own = ledger.ownSnapshots.has(key);
  if (cached && snapshot === undefined) {
    ledger.ownSnapshots.delete(key);
    return undefined;
  }
  return {
    key,
    driver: driverName(),
    snapshot,
    cached,
    users: cases.usersOf('snapshot', key),
    own,
    earlierMs: lateRecords.earlierMs(),
    readLive: false,
    content: undefined,
  };
}
