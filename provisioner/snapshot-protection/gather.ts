/** What the caches know of a VolumeSnapshot as a source of restores. */
import type { Caches } from '../caches.ts';
import type { Ledger } from '../ledger.ts';
import type { OpenCases } from '../open-cases.ts';
import type { SnapshotProtectionState } from './state.ts';

export interface SnapshotGatherWorld {
  readonly caches: Pick<Caches, 'snapshots'>;
  readonly cases: OpenCases;
  readonly ledger: Ledger;
  readonly driverName: () => string;
}

export function gather({ caches, cases, ledger, driverName }: SnapshotGatherWorld, key: string): SnapshotProtectionState | undefined {
  const cached = caches.snapshots?.available() ?? false;
  const snapshot = caches.snapshots?.store.get(key);
  const own = ledger.ownSnapshots.has(key);
  if (cached && snapshot === undefined) {
    ledger.ownSnapshots.delete(key);
    return undefined;
  }
  return { key, driver: driverName(), snapshot, cached, users: cases.usersOf('snapshot', key), own, readLive: false, content: undefined };
}
