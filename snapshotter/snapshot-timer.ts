/**
 * snapshot_controller_operation_total_seconds and the gauge of operations under way, with the Go program's
 * names, labels and buckets. An operation starts when its snapshot is first seen in need of it, and ends when the
 * snapshot is seen without that need: of a write whose answer was lost nobody is told in another way.
 */
import type { Clock } from '../lib/doors/clock.ts';
import type { MetricsRegistry } from '../lib/process/metrics.ts';
import { isDeleting, text } from './content-accessors.ts';
import type { ContentObject, SnapshotClass, SnapshotKind, SnapshotObject } from './kinds/kind.ts';
import type { Membership } from './membership.ts';

const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600];

export interface SnapshotTimer<S extends SnapshotObject = never, C extends ContentObject = never> {
  /** At every gathering. */
  seen(key: string, facts: SnapshotFacts<S, C>): void;
  /** The snapshot went. */
  gone(key: string): void;
}

export interface SnapshotFacts<S extends SnapshotObject, C extends ContentObject> {
  readonly snapshot: S;
  readonly content: C | undefined;
  readonly snapshotClass: SnapshotClass | undefined;
  readonly membership?: Membership | undefined;
}

type Stage = 'create' | 'ready' | 'delete';

interface Running {
  readonly startedMs: Map<Stage, number>;
  driver: string;
  readonly type: 'dynamic' | 'pre-provisioned';
}

/** One timer for each kind, over the same families. */
export function createSnapshotTimers(
  metrics: Pick<MetricsRegistry, 'gauge' | 'histogram'>,
  clock: Clock,
): <S extends SnapshotObject, C extends ContentObject>(kind: SnapshotKind<S, C>) => SnapshotTimer<S, C> {
  const all: Map<string, Running>[] = [];
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
        all.flatMap((running) => [...running.values()]).reduce((sum, { startedMs }) => sum + startedMs.size, 0),
      ),
  });

  return (kind) => {
    const running = new Map<string, Running>();
    all.push(running);
    const start = (key: string, stage: Stage, { driver, type }: Pick<Running, 'type'> & { readonly driver: string | undefined }): void => {
      const entry = running.get(key) ?? { startedMs: new Map<Stage, number>(), driver: driver ?? 'unknown', type };
      if (driver !== undefined) entry.driver = driver;
      if (!entry.startedMs.has(stage)) entry.startedMs.set(stage, clock.monotonic());
      running.set(key, entry);
    };
    const finish = (key: string, stage: Stage, status: 'success' | 'cancel'): void => {
      const entry = running.get(key);
      const startedMs = entry?.startedMs.get(stage);
      if (entry === undefined || startedMs === undefined) return;
      entry.startedMs.delete(stage);
      if (entry.startedMs.size === 0) running.delete(key);
      const labels = {
        driver_name: entry.driver,
        operation_name: kind.operations[stage],
        snapshot_type: entry.type,
        operation_status: status,
      };
      seconds.observe(labels, (clock.monotonic() - startedMs) / 1000);
    };
    return {
      seen: (key, { snapshot, content, snapshotClass, membership }) => {
        // A member is timed with its group.
        if (membership?.proof === 'yes') {
          running.delete(key);
          return;
        }
        const isCreated = text(snapshot.status?.creationTime) !== undefined;
        const isReady = snapshot.status?.readyToUse === true;
        if (isCreated || isReady) finish(key, 'create', 'success');
        if (isReady) finish(key, 'ready', 'success');
        const type = kind.sourceOf(snapshot).kind === 'content' ? ('pre-provisioned' as const) : ('dynamic' as const);
        const labels = { driver: content?.spec?.driver ?? snapshotClass?.driver, type };
        if (isDeleting(snapshot)) start(key, 'delete', labels);
        else if (!isReady) {
          if (!isCreated) start(key, 'create', labels);
          start(key, 'ready', labels);
        }
      },
      // A create that a delete overtook is neither a success nor still under way.
      gone: (key) => {
        finish(key, 'delete', 'success');
        finish(key, 'create', 'cancel');
        finish(key, 'ready', 'cancel');
        running.delete(key);
      },
    };
  };
}
