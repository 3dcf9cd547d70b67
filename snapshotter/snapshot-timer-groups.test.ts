/** The timer of operations where several run, where none does, and for groups. */
import { expect, test } from 'vitest';
import { createMetrics } from '../lib/process/metrics.ts';
import { SINGLE } from './kinds/single-kind.ts';
import { createSnapshotTimers } from './snapshot-timer.ts';
import { GROUP, aGroup, theContent } from './testing/groups.ts';
import { DRIVER, aClass, aReadySnapshot, aSnapshot } from './testing/objects.ts';

function open() {
  const time = { ms: 0 };
  const registry = createMetrics({ usage: () => ({ residentBytes: 1, cpuSeconds: 1, startSeconds: 1 }) });
  const timers = createSnapshotTimers(registry, { now: () => 0, monotonic: () => time.ms, setTimer: () => () => undefined });
  const lines = async (): Promise<readonly string[]> => (await registry.expose()).split('\n');
  return { time, single: timers(SINGLE), group: timers(GROUP), lines };
}

const line = (what: 'sum' | 'count', operation: string, type: string): string =>
  `snapshot_controller_operation_total_seconds_${what}` +
  `{driver_name="${DRIVER}",operation_name="${operation}",snapshot_type="${type}",operation_status="success"}`;
const facts = { snapshot: aSnapshot(), content: undefined, snapshotClass: aClass() };

test('what never began can end, and nothing is counted', async () => {
  const { single, lines } = open();
  single.seen('a', { ...facts, snapshot: aReadySnapshot() });
  single.gone('a');
  expect((await lines()).filter((text) => text.startsWith('snapshot_controller_operation_total_seconds_count'))).toEqual([]);
  expect(await lines()).toContain('snapshot_controller_operations_in_flight 0');
});

test('operations of many snapshots run beside each other, each with its own time', async () => {
  const { time, single, lines } = open();
  single.seen('a', facts);
  time.ms = 1_000;
  single.seen('b', facts);
  expect(await lines()).toContain('snapshot_controller_operations_in_flight 4');
  time.ms = 3_000;
  single.seen('a', { ...facts, snapshot: aReadySnapshot() });
  single.seen('b', { ...facts, snapshot: aReadySnapshot({ status: { readyToUse: false } }) });
  expect(await lines()).toContain(`${line('sum', 'CreateSnapshot', 'dynamic')} 5`);
  expect(await lines()).toContain(`${line('count', 'CreateSnapshot', 'dynamic')} 2`);
  expect(await lines()).toContain(`${line('sum', 'CreateSnapshotAndReady', 'dynamic')} 3`);
  expect(await lines()).toContain('snapshot_controller_operations_in_flight 1');
});

test('a group is timed under its own names, dynamic or brought by an administrator', async () => {
  const { time, group, lines } = open();
  const given = aGroup({ spec: { source: { volumeGroupSnapshotContentName: 'imported' } } });
  group.seen('a', { snapshot: aGroup(), content: undefined, snapshotClass: aClass() });
  group.seen('b', { snapshot: given, content: theContent(), snapshotClass: undefined });
  time.ms = 2_000;
  const status = { creationTime: '2026-01-01T00:00:00Z', readyToUse: true };
  group.seen('a', { snapshot: aGroup({ status }), content: undefined, snapshotClass: aClass() });
  group.seen('b', { snapshot: { ...given, status }, content: theContent(), snapshotClass: undefined });
  for (const type of ['dynamic', 'pre-provisioned'])
    for (const operation of ['CreateGroupSnapshot', 'CreateGroupSnapshotAndReady'])
      expect(await lines()).toContain(`${line('sum', operation, type)} 2`);
});
