/**
 * snapshot_controller_operation_total_seconds and the gauge of operations under way, with the Go program's
 * names, labels and buckets. An operation starts when its snapshot is first seen in need of it.
 */
import type { Clock } from '../lib/doors/clock.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../lib/kube/objects.ts';
import type { MetricsRegistry } from '../lib/process/metrics.ts';
import { isDeleting, text } from './content-accessors.ts';
import { isGroupMember } from './group-fields.ts';

type Operation = 'CreateSnapshot' | 'CreateSnapshotAndReady' | 'DeleteSnapshot';

const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600];

export interface SnapshotTimer {
  /** At every gathering. */
  seen(key: string, facts: SnapshotFacts): void;
  /** The status was written. */
  written(key: string, news: { readonly created: boolean; readonly ready: boolean }): void;
  /** The snapshot went. */
  gone(key: string): void;
}

export interface SnapshotFacts {
  readonly snapshot: VolumeSnapshot;
  readonly content: VolumeSnapshotContent | undefined;
  readonly snapshotClass: { readonly driver?: string } | undefined;
}

interface Running {
  readonly startedMs: Map<Operation, number>;
  driver: string;
  readonly type: 'dynamic' | 'pre-provisioned';
}

export function createSnapshotTimer(metrics: Pick<MetricsRegistry, 'gauge' | 'histogram'>, clock: Clock): SnapshotTimer {
  const running = new Map<string, Running>();
  const seconds = metrics.histogram({
    name: 'snapshot_controller_operation_total_seconds',
    help: 'Total number of seconds spent by the controller on an operation',
    labels: ['driver_name', 'operation_name', 'snapshot_type', 'operation_status'],
    buckets: BUCKETS,
  });
  metrics.gauge({
    name: 'snapshot_controller_operations_in_flight',
    help: 'Total number of operations in flight',
    collect: (set) =>
      set(
        {},
        [...running.values()].reduce((sum, { startedMs }) => sum + startedMs.size, 0),
      ),
  });

  const start = (key: string, operation: Operation, facts: SnapshotFacts): void => {
    const driver = facts.content?.spec?.driver ?? facts.snapshotClass?.driver;
    const type = text(facts.snapshot.spec?.source?.volumeSnapshotContentName) === undefined ? 'dynamic' : 'pre-provisioned';
    const entry = running.get(key) ?? { startedMs: new Map<Operation, number>(), driver: driver ?? 'unknown', type };
    if (driver !== undefined) entry.driver = driver;
    if (!entry.startedMs.has(operation)) entry.startedMs.set(operation, clock.monotonic());
    running.set(key, entry);
  };

  const finish = (key: string, operation: Operation, status: 'success' | 'cancel'): void => {
    const entry = running.get(key);
    const startedMs = entry?.startedMs.get(operation);
    if (entry === undefined || startedMs === undefined) return;
    entry.startedMs.delete(operation);
    if (entry.startedMs.size === 0) running.delete(key);
    const labels = { driver_name: entry.driver, operation_name: operation, snapshot_type: entry.type, operation_status: status };
    seconds.observe(labels, (clock.monotonic() - startedMs) / 1000);
  };

  return {
    seen: (key, facts) => {
      const { snapshot } = facts;
      if (isGroupMember(snapshot)) return;
      if (isDeleting(snapshot)) start(key, 'DeleteSnapshot', facts);
      else if (snapshot.status?.readyToUse !== true) {
        if (text(snapshot.status?.creationTime) === undefined) start(key, 'CreateSnapshot', facts);
        start(key, 'CreateSnapshotAndReady', facts);
      }
    },
    written: (key, { created, ready }) => {
      if (created) finish(key, 'CreateSnapshot', 'success');
      if (ready) finish(key, 'CreateSnapshotAndReady', 'success');
    },
    // A create that a delete overtook is neither a success nor still under way.
    gone: (key) => {
      finish(key, 'DeleteSnapshot', 'success');
      finish(key, 'CreateSnapshot', 'cancel');
      finish(key, 'CreateSnapshotAndReady', 'cancel');
      running.delete(key);
    },
  };
}
