/** What csi-snapshotter counts beside its driver calls: snapshots and groups that the storage may hold and that nothing names. */
import type { MetricsRegistry } from '../lib/process/metrics.ts';

export interface SidecarMetrics {
  /** A call to make a snapshot or a group that had gone unanswered was taken to have made nothing. */
  gaveUp(): void;
}

/** `countUncertain` is asked at every scrape. */
export function createSidecarMetrics(
  metrics: Pick<MetricsRegistry, 'counter' | 'gauge'>,
  { driverName, countUncertain }: { readonly driverName: string; readonly countUncertain: () => number },
): SidecarMetrics {
  const gaveUp = metrics.counter({
    name: 'csi_snapshotter_undecided_snapshots_given_up_total',
    help: 'Calls to make a snapshot or a group without an answer, whose later failures were taken as final: the storage may hold one that nothing names.',
    labels: ['driver_name'],
  });
  metrics.gauge({
    name: 'csi_snapshotter_uncertain_snapshots',
    help: 'VolumeSnapshotContents and VolumeGroupSnapshotContents of which the storage may hold what nothing names: a call to make it ended without a clear answer.',
    labels: ['driver_name'],
    collect: (set) => set({ driver_name: driverName }, countUncertain()),
  });
  return { gaveUp: () => gaveUp.add({ driver_name: driverName }) };
}
