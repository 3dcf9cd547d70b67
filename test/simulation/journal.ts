/**
 * What a driver's journal says, read from its Leases by rules of our own: the invariants must not believe what the
 * program that wrote it believes.
 *
 * A head is the journal of a leader or of a process; it may name shards. A shard that no head names belongs to
 * nobody: it may have arrived late, long after its sender was gone.
 */
import type { Lease } from '../../lib/kube/objects.ts';

const JOURNAL = 'csi-sidecars/journal';
const ENTRIES = 'csi-sidecars/entries';
const JOURNAL_DRIVER = 'csi-sidecars/journal-driver';
const JOURNAL_KIND = 'csi-sidecars/journal-kind';

/** One open claim of the journal. */
export interface JournalEntry {
  /** The claim's. */
  readonly uid: string;
  /** The Lease that holds it. */
  readonly lease: string;
  /** What was asked of the driver, or is about to be. */
  readonly requests: readonly JournalRequest[];
}

export interface JournalRequest {
  readonly name: string;
  /** Of the source, in a restore or a clone. */
  readonly snapshotId: string | undefined;
  readonly volumeId: string | undefined;
}

export function isJournal(lease: Lease | undefined): boolean {
  return lease?.metadata?.labels?.[JOURNAL_DRIVER] !== undefined;
}

/** True for the body of a write to a Lease of a journal. */
export function holdsJournal(body: Uint8Array | undefined): boolean {
  return body !== undefined && Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(JOURNAL_DRIVER);
}

function isHead(lease: Lease): boolean {
  const kind = lease.metadata?.labels?.[JOURNAL_KIND];
  return isJournal(lease) && (kind === 'leader' || kind === 'process');
}

/** Every entry that counts, by the uid of its claim. Where two Leases hold the same claim, that of the head counts. */
export function openEntries(leases: readonly Lease[]): ReadonlyMap<string, JournalEntry> {
  const heads = leases.filter(isHead);
  const named = new Set(heads.flatMap((head) => shardsOf(head).map((shard) => `${driverOf(head)} ${shard}`)));
  const shards = leases.filter(
    (lease) => lease.metadata?.labels?.[JOURNAL_KIND] === 'shard' && named.has(`${driverOf(lease)} ${lease.metadata.name ?? ''}`),
  );
  const found = new Map<string, JournalEntry>();
  for (const lease of [...shards, ...heads]) for (const entry of entriesOf(lease)) found.set(entry.uid, entry);
  return found;
}

/** True for an entry that was asked to copy this snapshot or volume. */
export function reads(entry: JournalEntry, id: string): boolean {
  return entry.requests.some(({ snapshotId, volumeId }) => snapshotId === id || volumeId === id);
}

function driverOf(lease: Lease): string {
  return lease.metadata?.labels?.[JOURNAL_DRIVER] ?? '';
}

function shardsOf(head: Lease): readonly string[] {
  const { shards } = record(parsed(head, JOURNAL));
  return Array.isArray(shards) ? shards.filter((name) => typeof name === 'string') : [];
}

function entriesOf(lease: Lease): readonly JournalEntry[] {
  return Object.entries(record(parsed(lease, ENTRIES))).map(([uid, entry]) => {
    const { requests } = record(entry);
    const list: readonly unknown[] = Array.isArray(requests) ? requests : [];
    return { uid, lease: lease.metadata?.name ?? '', requests: list.map(requestOf) };
  });
}

function requestOf(request: unknown): JournalRequest {
  const { name, snapshotId, volumeId } = record(request);
  return { name: text(name) ?? '', snapshotId: text(snapshotId), volumeId: text(volumeId) };
}

function parsed(lease: Lease, annotation: string): unknown {
  try {
    return JSON.parse(lease.metadata?.annotations?.[annotation] ?? '{}');
  } catch {
    // What cannot be read accounts for nothing.
    return {};
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
