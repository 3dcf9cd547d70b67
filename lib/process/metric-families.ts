/**
 * The families that the Go programs get from their libraries (client-go, component-base, csi-lib-utils),
 * under the same names, labels and buckets, so that dashboards and alerts go on working.
 */
import type { QueueLook, QueueMetrics } from '../controller/queue.ts';
import { grpcCodeName } from '../csi/grpc-code.ts';
import type { CsiCall } from '../csi/rpc-call.ts';
import type { Clock } from '../doors/clock.ts';
import type { MetricsRegistry } from './metrics.ts';

/** csi-lib-utils' buckets for driver calls, in seconds. */
const CSI_BUCKETS: readonly number[] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600];

/** component-base: ten buckets from 10 ns to 10 s, each ten times the last. */
const QUEUE_BUCKETS: readonly number[] = Array.from({ length: 10 }, (_, index) => Number(`1e${index - 8}`));

/** `driverName` is empty until GetPluginInfo answered. `tookOver`: the driver did so from an in-tree plugin; only its calls have the label migrated. */
export function createCsiMetrics(
  metrics: MetricsRegistry,
  tookOver: (driverName: string) => boolean = () => false,
): (call: CsiCall & { readonly driverName: string }) => void {
  const histogram = metrics.histogram({
    name: 'csi_sidecar_operations_seconds',
    help: 'Container Storage Interface operation duration with gRPC error code status total.',
    labels: ['driver_name', 'method_name', 'grpc_status_code', 'migrated'],
    buckets: CSI_BUCKETS,
  });
  return ({ driverName, method, grpcCode, durationMs, migrated }) => {
    const labels = {
      driver_name: driverName === '' ? 'unknown-driver' : driverName,
      method_name: method,
      grpc_status_code: grpcCode === undefined ? 'unknown-non-grpc' : grpcCodeName(grpcCode),
      ...(tookOver(driverName) ? { migrated: String(migrated) } : {}),
    };
    histogram.observe(labels, durationMs / 1000);
  };
}

export function createQueueMetrics(metrics: MetricsRegistry, clock: Clock): QueueMetrics {
  const labels = ['name'];
  /** Roles of one process may have queues of one name. */
  const queues = new Map<string, QueueLook[]>();
  const gauge = (name: string, help: string, value: (looks: readonly QueueLook[]) => number): void => {
    metrics.gauge({
      name,
      help,
      labels,
      collect: (set) => {
        for (const [queue, looks] of queues) set({ name: queue }, value(looks));
      },
    });
  };
  gauge('workqueue_depth', 'Current depth of workqueue.', (looks) => looks.reduce((sum, { depth }) => sum + depth(), 0));
  const adds = metrics.counter({ name: 'workqueue_adds_total', help: 'Total number of adds handled by workqueue.', labels });
  const retries = metrics.counter({ name: 'workqueue_retries_total', help: 'Total number of retries handled by workqueue.', labels });
  const waited = metrics.histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in workqueue before being requested.',
    labels,
    buckets: QUEUE_BUCKETS,
  });
  const worked = metrics.histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from workqueue takes.',
    labels,
    buckets: QUEUE_BUCKETS,
  });
  const ages = (looks: readonly QueueLook[]): number[] =>
    looks.flatMap((look) => look.startsOfWork().map((start) => (clock.monotonic() - start) / 1000));
  gauge(
    'workqueue_unfinished_work_seconds',
    'How many seconds of work has been done that is in progress and has not been observed by work_duration.',
    (looks) => ages(looks).reduce((sum, age) => sum + age, 0),
  );
  gauge(
    'workqueue_longest_running_processor_seconds',
    'How many seconds has the longest running processor for workqueue been running.',
    (looks) => Math.max(0, ...ages(looks)),
  );
  return {
    opened: (name, look) => void queues.set(name, [...(queues.get(name) ?? []), look]),
    added: (name) => adds.add({ name }),
    retried: (name) => retries.add({ name }),
    started: (name, waitedMs) => waited.observe({ name }, waitedMs / 1000),
    finished: (name, workedMs) => worked.observe({ name }, workedMs / 1000),
  };
}

export interface ElectionMetrics {
  leading(lease: string, isLeader: boolean): void;
  /** A renewal that needed a GET before its PUT. */
  slowPath(lease: string): void;
}

export function createElectionMetrics(metrics: MetricsRegistry): ElectionMetrics {
  const status = metrics.gauge({
    name: 'leader_election_master_status',
    help: "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease.",
    labels: ['name'],
  });
  const slow = metrics.counter({
    name: 'leader_election_slowpath_total',
    help: "Total number of slow path exercised in renewing leader leases. 'name' is the string used to identify the lease.",
    labels: ['name'],
  });
  return {
    leading: (name, isLeader) => status.set({ name }, isLeader ? 1 : 0),
    slowPath: (name) => slow.add({ name }),
  };
}
