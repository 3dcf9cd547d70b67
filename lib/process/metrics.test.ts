import { expect, test } from 'vitest';
import type { Clock } from '../doors/clock.ts';
import { createCsiMetrics, createElectionMetrics, createQueueMetrics } from './metric-families.ts';
import { createMetrics } from './metrics.ts';

const usage = { residentBytes: 52_428_800, cpuSeconds: 1.5, startSeconds: 1_700_000_000 };

function clockAt(time: { ms: number }): Clock {
  return { now: () => time.ms, monotonic: () => time.ms, setTimer: () => () => undefined };
}

test('process families are read at the scrape', async () => {
  const now = { ...usage };
  const metrics = createMetrics({ usage: () => now });
  await metrics.expose();
  now.cpuSeconds = 2.5;
  const lines = (await metrics.expose()).split('\n');
  expect(lines).toContain('process_start_time_seconds 1700000000');
  expect(lines).toContain('process_resident_memory_bytes 52428800');
  expect(lines).toContain('process_cpu_seconds_total 2.5');
});

test('what the operating system does not tell has no family', async () => {
  const told = await createMetrics({
    usage: () => ({ ...usage, openFiles: 12, virtualMaxBytes: Number.POSITIVE_INFINITY, sentBytes: 5 }),
  }).expose();
  expect(told).toContain('\nprocess_open_fds 12\n');
  expect(told).toContain('\nprocess_virtual_memory_max_bytes 18446744073709552000\n');
  expect(told).toContain('# TYPE process_network_transmit_bytes_total counter\nprocess_network_transmit_bytes_total 5\n');
  expect(await createMetrics({ usage: () => usage }).expose()).not.toMatch(/process_(?:open_fds|virtual|network)/);
});

test('two instances share nothing', async () => {
  const [first, second] = [createMetrics({ usage: () => usage }), createMetrics({ usage: () => usage })];
  first.counter({ name: 'only_here_total', help: 'x' }).add({});
  expect(await first.expose()).toContain('only_here_total 1');
  expect(await second.expose()).not.toContain('only_here_total');
});

test('asking again for a family answers the same one', async () => {
  const metrics = createMetrics({ usage: () => usage });
  for (const amount of [1, 2]) metrics.counter({ name: 'shared_total', help: 'x', labels: ['role'] }).add({ role: 'a' }, amount);
  expect(await metrics.expose()).toContain('shared_total{role="a"} 3');
});

test('driver calls carry driver, method and code in the peers buckets', async () => {
  const metrics = createMetrics({ usage: () => usage });
  const observe = createCsiMetrics(metrics);
  observe({ driverName: '', method: '/csi.v1.Identity/Probe', grpcCode: 0, durationMs: 5, migrated: false });
  observe({ driverName: 'd', method: '/csi.v1.Controller/CreateVolume', grpcCode: 4, durationMs: 20_000, migrated: false });
  observe({ driverName: 'd', method: '/csi.v1.Controller/CreateVolume', grpcCode: undefined, durationMs: 1, migrated: true });
  const text = await metrics.expose();
  expect(text).toContain(
    'csi_sidecar_operations_seconds_bucket{le="0.1",driver_name="unknown-driver",method_name="/csi.v1.Identity/Probe",grpc_status_code="OK"} 1',
  );
  expect(text).toContain('{le="15",driver_name="d",method_name="/csi.v1.Controller/CreateVolume",grpc_status_code="DeadlineExceeded"} 0');
  expect(text).toContain('{le="25",driver_name="d",method_name="/csi.v1.Controller/CreateVolume",grpc_status_code="DeadlineExceeded"} 1');
  expect(text).toContain('grpc_status_code="unknown-non-grpc"} 1');
});

test('calls of a driver that took a plugin over say whether they are about a volume of it', async () => {
  const metrics = createMetrics({ usage: () => usage });
  const observe = createCsiMetrics(metrics, (driverName) => driverName === 'took-over');
  for (const driverName of ['took-over', 'never-was'])
    for (const migrated of [true, false]) observe({ driverName, method: 'm', grpcCode: 0, durationMs: 5, migrated });
  const counts = (await metrics.expose()).split('\n').filter((line) => line.startsWith('csi_sidecar_operations_seconds_count'));
  expect(counts).toEqual([
    'csi_sidecar_operations_seconds_count{driver_name="took-over",method_name="m",grpc_status_code="OK",migrated="true"} 1',
    'csi_sidecar_operations_seconds_count{driver_name="took-over",method_name="m",grpc_status_code="OK",migrated="false"} 1',
    'csi_sidecar_operations_seconds_count{driver_name="never-was",method_name="m",grpc_status_code="OK"} 2',
  ]);
});

test('work in progress is summed and its longest is known, of all queues of a name', async () => {
  const time = { ms: 0 };
  const metrics = createMetrics({ usage: () => usage });
  const queue = createQueueMetrics(metrics, clockAt(time));
  const starts = [0, 11_000];
  queue.opened('claims', { depth: () => 1, startsOfWork: () => starts });
  queue.opened('claims', { depth: () => 2, startsOfWork: () => [] });
  queue.opened('idle', { depth: () => 0, startsOfWork: () => [] });
  queue.started('claims', 250);
  queue.finished('claims', 2000);
  time.ms = 13_000;
  const lines = (await metrics.expose()).split('\n');
  expect(lines).toContain('workqueue_depth{name="claims"} 3');
  expect(lines).toContain('workqueue_unfinished_work_seconds{name="claims"} 15');
  expect(lines).toContain('workqueue_unfinished_work_seconds{name="idle"} 0');
  expect(lines).toContain('workqueue_longest_running_processor_seconds{name="claims"} 13');
  expect(lines).toContain('workqueue_work_duration_seconds_sum{name="claims"} 2');
  expect(lines).toContain('workqueue_queue_duration_seconds_sum{name="claims"} 0.25');
  expect(lines).toContain('workqueue_work_duration_seconds_bucket{le="1e-8",name="claims"} 0');
});

test('what comes into a queue and what comes again are counted apart', async () => {
  const metrics = createMetrics({ usage: () => usage });
  const queue = createQueueMetrics(metrics, clockAt({ ms: 0 }));
  for (const _ of [1, 2, 3]) queue.added('claims');
  queue.retried('claims');
  const lines = (await metrics.expose()).split('\n');
  expect(lines).toContain('workqueue_adds_total{name="claims"} 3');
  expect(lines).toContain('workqueue_retries_total{name="claims"} 1');
});

test('the lease gauge follows leadership', async () => {
  const metrics = createMetrics({ usage: () => usage });
  const election = createElectionMetrics(metrics);
  election.leading('snapshot-controller-leader', true);
  expect(await metrics.expose()).toContain('leader_election_master_status{name="snapshot-controller-leader"} 1');
  election.leading('snapshot-controller-leader', false);
  expect(await metrics.expose()).toContain('leader_election_master_status{name="snapshot-controller-leader"} 0');
});

test('what only Linux tells is there where it is told, and nowhere else', async () => {
  const linux = { virtualBytes: 7, openFiles: 3, maxFiles: 1024, receivedBytes: 10, sentBytes: 20 };
  const told = await createMetrics({ usage: () => ({ ...usage, ...linux }) }).expose();
  for (const line of [
    'process_virtual_memory_bytes 7',
    'process_open_fds 3',
    'process_max_fds 1024',
    'process_network_receive_bytes_total 10',
    'process_network_transmit_bytes_total 20',
  ])
    expect(told.split('\n')).toContain(line);
  expect(await createMetrics({ usage: () => usage }).expose()).not.toContain('_fds');
});
