/** What the role counts: the Go program's families under their names (peer facts 6.3), and ours about records. */
import type { MetricsRegistry } from '../lib/process/metrics.ts';
import { DEFAULT_BUCKETS } from '../lib/process/metrics.ts';

export interface ProvisionMetrics {
  provisioned(labels: ProvisionLabels, seconds: number): void;
  provisionFailed(labels: ProvisionLabels): void;
  deleted(className: string, seconds: number): void;
  deleteFailed(className: string): void;
  /** A case with an undecided call was closed without a success. */
  gaveUp(): void;
  /** A record could not be written, so a claim went on without. */
  recordRefused(): void;
}

export interface ProvisionLabels {
  readonly class: string;
  /** Kind of the data source; empty without one. */
  readonly source: string;
}

/** Records by state, asked at every scrape. */
export interface RecordCounts {
  readonly open: number;
  readonly unreadable: number;
  readonly secretMissing: number;
}

export function createProvisionMetrics(registry: MetricsRegistry, countRecords: () => RecordCounts): ProvisionMetrics {
  const claim = ['class', 'source'];
  const provisioned = registry.counter({
    name: 'controller_persistentvolumeclaim_provision_total',
    help: 'Total number of persistent volumes provisioned. Broken down by storage class name and source of the claim.',
    labels: claim,
  });
  const provisionFailed = registry.counter({
    name: 'controller_persistentvolumeclaim_provision_failed_total',
    help: 'Total number of persistent volume provision failed attempts. Broken down by storage class name and source of the claim.',
    labels: claim,
  });
  const provisionSeconds = registry.histogram({
    name: 'controller_persistentvolumeclaim_provision_duration_seconds',
    help: 'Latency in seconds to provision persistent volumes. Broken down by storage class name and source of the claim.',
    labels: claim,
    buckets: DEFAULT_BUCKETS,
  });
  const deleted = registry.counter({
    name: 'controller_persistentvolume_delete_total',
    help: 'Total number of persistent volumes deleted. Broken down by storage class name.',
    labels: ['class'],
  });
  const deleteFailed = registry.counter({
    name: 'controller_persistentvolume_delete_failed_total',
    help: 'Total number of persistent volume delete failed attempts. Broken down by storage class name.',
    labels: ['class'],
  });
  const deleteSeconds = registry.histogram({
    name: 'controller_persistentvolume_delete_duration_seconds',
    help: 'Latency in seconds to delete persistent volumes. Broken down by storage class name.',
    labels: ['class'],
    buckets: DEFAULT_BUCKETS,
  });
  const gaveUp = registry.counter({
    name: 'csi_provisioner_undecided_closed_total',
    help: 'Volumes taken not to exist after ten minutes of one and the same final answer to a call that had once gone unanswered.',
  });
  const refused = registry.counter({
    name: 'csi_provisioner_intent_records_refused_total',
    help: 'Claims that were provisioned without a record because Leases could not be written: a crash may leak their volume.',
  });
  registry.gauge({
    name: 'csi_provisioner_intent_records',
    help: 'Records of claims in work, by state: open, unreadable, secret_missing.',
    labels: ['state'],
    collect: (set) => {
      const { open, unreadable, secretMissing } = countRecords();
      set({ state: 'open' }, open);
      set({ state: 'unreadable' }, unreadable);
      set({ state: 'secret_missing' }, secretMissing);
    },
  });
  return {
    provisioned: (labels, seconds) => {
      provisioned.add({ ...labels });
      provisionSeconds.observe({ ...labels }, seconds);
    },
    provisionFailed: (labels) => provisionFailed.add({ ...labels }),
    deleted: (className, seconds) => {
      deleted.add({ class: className });
      deleteSeconds.observe({ class: className }, seconds);
    },
    deleteFailed: (className) => deleteFailed.add({ class: className }),
    gaveUp: () => gaveUp.add({}),
    recordRefused: () => refused.add({}),
  };
}
