/** The Go program's three gauges, counted at each scrape, and the age of what the driver said. */
import type { MetricsRegistry } from '../../lib/process/metrics.ts';

export interface CapacityCounts {
  /** Objects that should be there, of these how many are, and how many are there that should not. */
  readonly goal: number;
  readonly current: number;
  readonly obsolete: number;
  /** Since the driver answered for the object that it answered for longest ago, in ms. */
  readonly stalenessMs: number;
}

export function createCapacityMetrics(registry: MetricsRegistry, count: () => CapacityCounts): void {
  const gauge = (name: string, help: string, value: (counts: CapacityCounts) => number): void => {
    registry.gauge({ name, help, collect: (set) => set({}, value(count())) });
  };
  gauge(
    'csistoragecapacities_desired_goal',
    'Number of CSIStorageCapacity objects that are supposed to be managed automatically.',
    ({ goal }) => goal,
  );
  gauge(
    'csistoragecapacities_desired_current',
    'Number of CSIStorageCapacity objects that exist and are supposed to be managed automatically.',
    ({ current }) => current,
  );
  gauge(
    'csistoragecapacities_obsolete',
    'Number of CSIStorageCapacity objects that exist and will be deleted automatically: nothing asks for them, or another one says the same.',
    ({ obsolete }) => obsolete,
  );
  gauge(
    'csi_provisioner_capacity_staleness_seconds',
    'How long ago the driver last answered GetCapacity, for the CSIStorageCapacity of which that is longest ago.',
    ({ stalenessMs }) => stalenessMs / 1000,
  );
}
