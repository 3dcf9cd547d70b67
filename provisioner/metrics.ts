/** What the role counts: the Go program's families under their names, and ours about records. */
import type { MetricsRegistry } from '../lib/process/metrics.ts';
import type { JournalCounts } from './intent/accounts.ts';
import { DEFAULT_BUCKETS } from '../lib/process/metrics.ts';

export interface ProvisionMetrics {
  provisioned(labels: ProvisionLabels, seconds: number): void;
  provisionFailed(labels: ProvisionLabels): void;
  deleted(className: string, seconds: number): void;
  deleteFailed(className: string): void;
  /** A call that had gone unanswered was taken to have made nothing. */
  gaveUp(): void;
  /** A claim went on without an entry in the journal, since that cannot be written. */
  unrecorded(): void;
}

export interface ProvisionLabels {
  readonly class: string;
  /** Kind of the data source; empty without one. */
  readonly source: string;
}

export function createProvisionMetrics(registry: MetricsRegistry, countEntries: () => JournalCounts): ProvisionMetrics {
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
  const unrecorded = registry.counter({
    name: 'csi_provisioner_unrecorded_claims_total',
    help: 'CreateVolume calls that were sent without an entry in the journal because Leases could not be written: a crash may leak their volume.',
  });
  registry.gauge({
    name: 'csi_provisioner_journal_entries',
    help: 'Entries of the journal by state: open; of these undecided (a volume may exist and no PV names it) and secret_missing; unreadable (put aside).',
    labels: ['state'],
    collect: (set) => {
      const { open, undecided, secretMissing, unreadable } = countEntries();
      set({ state: 'open' }, open);
      set({ state: 'undecided' }, undecided);
      set({ state: 'secret_missing' }, secretMissing);
      set({ state: 'unreadable' }, unreadable);
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
    unrecorded: () => unrecorded.add({}),
  };
}
