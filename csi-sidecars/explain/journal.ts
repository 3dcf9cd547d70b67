/** Entries of the provisioner's journal about a claim, also one that is gone: a volume of it may exist without an object. */
import { JOURNAL_DRIVER_LABEL, readLease } from '../../lib/journal/lease.ts';
import { LEASES } from '../../lib/kube/resources.ts';
import { readEntries } from '../../provisioner/intent/intent.ts';
import { kubectlName, type Place, placeOf } from '../reading/place.ts';
import { listVisible, type ReadOnlyClient } from '../reading/read-only-client.ts';
import { releaseEntry } from '../reading/release-entry.ts';
import type { RunningProgram } from './running.ts';

export interface OpenEntry {
  readonly lease: Place;
  readonly driver: string;
  readonly claimUid: string;
  /** As the driver was asked for it. */
  readonly volume: string;
  /** How many different requests may have made it. */
  readonly requests: number;
  /** When an outcome was unknown first, RFC 3339; undefined: none was, or nobody was asked. */
  readonly undecidedSince: string | undefined;
  /** How a person takes it away, where nobody settles it. */
  readonly release: string;
}

export interface Looked {
  readonly entries: readonly OpenEntry[];
  /** What could not be seen, a sentence each. */
  readonly unknown: readonly string[];
}

export interface JournalQuestion {
  readonly client: ReadOnlyClient;
  readonly running: RunningProgram | undefined;
  /** Where the Leases are; undefined: in any namespace. */
  readonly leaseNamespace: string | undefined;
  readonly signal: AbortSignal;
}

/** `claim`: `namespace/name`. What a running process says of an entry counts before what stands in the Lease. */
export async function openEntriesOf(claim: string, { client, running, leaseNamespace, signal }: JournalQuestion): Promise<Looked> {
  const { items, blind } = await listVisible(client, LEASES, {
    signal,
    labelSelector: JOURNAL_DRIVER_LABEL,
    ...(leaseNamespace === undefined ? {} : { namespace: leaseNamespace }),
  });
  const found = new Map<string, OpenEntry>();
  const unknown: string[] = [];
  for (const item of items) {
    const lease = placeOf(LEASES, item);
    const read = readLease(item);
    if (read.kind === 'unreadable') {
      unknown.push(`what ${kubectlName(lease)} holds: ${read.message}`);
      continue;
    }
    const driver = item.metadata?.labels?.[JOURNAL_DRIVER_LABEL] ?? '';
    for (const [claimUid, entry] of readEntries(read.texts)) {
      if (entry.kind === 'unreadable') continue;
      const [{ claim: named, request }] = entry.intents;
      if (`${named.namespace}/${named.name}` !== claim) continue;
      const about = { lease, driver, claimUid, volume: request.name };
      found.set(claimUid, { ...about, requests: entry.intents.length, undecidedSince: undefined, release: releaseEntry(about) });
    }
  }
  for (const { key, lease: where, driver, makes, requests, undecidedSince } of running?.entriesOf(claim) ?? []) {
    const about = { lease: { kind: LEASES.kind, ...where }, driver, claimUid: key, volume: makes };
    found.set(key, { ...about, requests, undecidedSince: undecidedSince ?? undefined, release: releaseEntry(about) });
  }
  if (blind?.reason === 'forbidden' && running === undefined)
    unknown.push(
      `whether the journal of csi-provisioner has an open entry of it: ${blind.message}${leaseNamespace === undefined ? ': name the namespace of csi-provisioner with --lease-namespace' : ` in namespace ${leaseNamespace}`}`,
    );
  return { entries: [...found.values()], unknown };
}

export function entryWords({ driver, volume, requests, undecidedSince }: OpenEntry): string {
  const since = undecidedSince === undefined ? '' : `, undecided since ${undecidedSince}`;
  return `${driver} was asked for ${volume}, which may exist without a PersistentVolume (${requests} ${requests === 1 ? 'request' : 'requests'}${since})`;
}
