import { expect, test } from 'vitest';
import { createMetrics } from '../lib/process/metrics.ts';
import { SINGLE } from './kinds/single-kind.ts';
import { createSnapshotTimers } from './snapshot-timer.ts';
import { DRIVER, READY_STATUS, aClass, aContent, aPreProvisionedSnapshot, aReadySnapshot, aSnapshot } from './testing/objects.ts';

function open() {
  const time = { ms: 0 };
  const registry = createMetrics({ usage: () => ({ residentBytes: 1, cpuSeconds: 1, startSeconds: 1 }) });
  const timer = createSnapshotTimers(registry, { now: () => 0, monotonic: () => time.ms, setTimer: () => () => undefined })(SINGLE);
  const lines = async (): Promise<readonly string[]> => (await registry.expose()).split('\n');
  return { time, timer, lines };
}

const sum = (driver: string, operation: string, type: string, status: string): string =>
  'snapshot_controller_operation_total_seconds_sum' +
  `{driver_name="${driver}",operation_name="${operation}",snapshot_type="${type}",operation_status="${status}"}`;

test('from the first sight until it is made, and until it is ready: in seconds', async () => {
  const { time, timer, lines } = open();
  const facts = { snapshot: aSnapshot(), content: undefined, snapshotClass: aClass() };
  timer.seen('a', facts);
  expect(await lines()).toContain('snapshot_controller_operations_in_flight 2');
  time.ms = 2_000;
  timer.seen('a', { ...facts, snapshot: aReadySnapshot({ status: { readyToUse: false } }) });
  time.ms = 5_000;
  timer.seen('a', { ...facts, snapshot: aReadySnapshot() });
  const seen = await lines();
  expect(seen).toContain(`${sum(DRIVER, 'CreateSnapshot', 'dynamic', 'success')} 2`);
  expect(seen).toContain(`${sum(DRIVER, 'CreateSnapshotAndReady', 'dynamic', 'success')} 5`);
});

test('a driver that is known only later is the label all the same', async () => {
  const { timer, lines } = open();
  timer.seen('a', { snapshot: aPreProvisionedSnapshot(), content: undefined, snapshotClass: undefined });
  timer.seen('a', { snapshot: aPreProvisionedSnapshot(), content: aContent(), snapshotClass: undefined });
  timer.seen('a', {
    snapshot: aPreProvisionedSnapshot({ status: aReadySnapshot().status ?? {} }),
    content: aContent(),
    snapshotClass: undefined,
  });
  expect(await lines()).toContain(`${sum(DRIVER, 'CreateSnapshot', 'pre-provisioned', 'success')} 0`);
});

test('a creation that a deletion overtook is cancelled, and nothing stays in flight', async () => {
  const { time, timer, lines } = open();
  timer.seen('a', { snapshot: aSnapshot(), content: undefined, snapshotClass: aClass() });
  const deleting = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  timer.seen('a', { snapshot: aSnapshot({ metadata: deleting }), content: undefined, snapshotClass: aClass() });
  time.ms = 1_000;
  timer.gone('a');
  const seen = await lines();
  expect(seen).toContain(`${sum(DRIVER, 'DeleteSnapshot', 'dynamic', 'success')} 1`);
  for (const operation of ['CreateSnapshot', 'CreateSnapshotAndReady'])
    expect(seen).toContain(`${sum(DRIVER, operation, 'dynamic', 'cancel')} 1`);
  expect(seen).toContain('snapshot_controller_operations_in_flight 0');
});

test('a snapshot that is ready has nothing under way', async () => {
  const { timer, lines } = open();
  timer.seen('a', { snapshot: aReadySnapshot(), content: aContent({ status: READY_STATUS }), snapshotClass: aClass() });
  expect(await lines()).toContain('snapshot_controller_operations_in_flight 0');
});

test('a member of a group is timed with that, also where it looked like a snapshot of its own at first', async () => {
  const { timer, lines } = open();
  const facts = { snapshot: aSnapshot(), content: undefined, snapshotClass: aClass() };
  timer.seen('a', facts);
  timer.seen('a', { ...facts, membership: { name: 'group', uid: 'group-uid', proof: 'yes', group: 'there' } });
  expect(await lines()).toContain('snapshot_controller_operations_in_flight 0');
});
