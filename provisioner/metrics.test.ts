import { expect, test } from 'vitest';
import { createMetrics } from '../lib/process/metrics.ts';
import { createProvisionMetrics } from './metrics.ts';

const counts = { open: 7, undecided: 3, secretMissing: 2, unreadable: 1 };

function open() {
  const registry = createMetrics({ usage: () => ({ residentBytes: 1, cpuSeconds: 1, startSeconds: 1 }) });
  return { registry, metrics: createProvisionMetrics(registry, () => counts) };
}

test('what was provisioned is counted, and timed in seconds', async () => {
  const { registry, metrics } = open();
  metrics.provisioned({ class: 'fast', source: 'VolumeSnapshot' }, 2);
  metrics.provisionFailed({ class: 'fast', source: 'VolumeSnapshot' });
  metrics.provisionFailed({ class: 'fast', source: 'VolumeSnapshot' });
  const lines = (await registry.expose()).split('\n');
  const labels = '{class="fast",source="VolumeSnapshot"}';
  expect(lines).toContain(`controller_persistentvolumeclaim_provision_total${labels} 1`);
  expect(lines).toContain(`controller_persistentvolumeclaim_provision_failed_total${labels} 2`);
  expect(lines).toContain(`controller_persistentvolumeclaim_provision_duration_seconds_sum${labels} 2`);
});

test('what was deleted is counted, and timed in seconds', async () => {
  const { registry, metrics } = open();
  metrics.deleted('fast', 3);
  metrics.deleteFailed('fast');
  const lines = (await registry.expose()).split('\n');
  expect(lines).toContain('controller_persistentvolume_delete_total{class="fast"} 1');
  expect(lines).toContain('controller_persistentvolume_delete_failed_total{class="fast"} 1');
  expect(lines).toContain('controller_persistentvolume_delete_duration_seconds_sum{class="fast"} 3');
});

test('each state of the journal has its own count', async () => {
  const lines = (await open().registry.expose()).split('\n');
  for (const [state, count] of Object.entries({ open: 7, undecided: 3, secret_missing: 2, unreadable: 1 }))
    expect(lines).toContain(`csi_provisioner_journal_entries{state="${state}"} ${count}`);
});
