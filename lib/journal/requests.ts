/** The requests of a journal: each write under our identity, numbered, counted and measured. */
import type { Clock } from '../doors/clock.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Lease } from '../kube/objects.ts';
import { LEASES } from '../kube/resources.ts';
import type { LeaseKind, ReadLease, Texts } from './lease.ts';
import { bytesOf, encodeEntries, JOURNAL_DRIVER_LABEL, leaseOf, readLease } from './lease.ts';
import { driverLabel } from './driver-label.ts';

export interface JournalPlace {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace' | 'delete' | 'list'>;
  readonly clock: Clock;
  readonly driver: string;
  readonly namespace: string;
  readonly identity: string;
  readonly leaseDurationMs: number;
}

export interface LeaseWrite {
  readonly name: string;
  readonly kind: LeaseKind;
  /** Undefined: POST. */
  readonly present: Lease | undefined;
  /** A string: the annotation as it stands. */
  readonly entries: Texts | string;
  readonly shards?: readonly string[] | undefined;
  /** Others may take it over unless it is written again within the lease duration. */
  readonly expires: boolean;
}

export interface JournalRequests {
  /** The Lease that `write` will send, with a number of its own. */
  body(write: LeaseWrite): Lease;
  /** Sends what body() made. */
  send(body: Lease, signal: AbortSignal): Promise<Lease>;
  get(name: string, signal: AbortSignal): Promise<Lease>;
  delete(lease: Lease, signal: AbortSignal): Promise<void>;
  /** Every Lease of the driver, in one state of the server. */
  list(signal: AbortSignal): Promise<readonly Lease[]>;
  /** Written by us, as far as it can be read. */
  isOurs(read: ReadLease): boolean;
  /** The same of a Lease whose text may have been spoilt: then its holder tells. */
  isOwned(lease: Lease): boolean;
  figures(): { readonly writes: number; readonly largestWriteBytes: number };
}

const PAGE = 500;

export function createJournalRequests(place: JournalPlace): JournalRequests {
  const { client, clock, namespace, identity, leaseDurationMs } = place;
  let numbers = 0;
  let writes = 0;
  let largestWriteBytes = 0;
  const isOurs = (read: ReadLease): boolean => read.kind === 'journal' && read.owner === identity;
  return {
    body: ({ name, kind, present, entries, shards, expires }) => {
      numbers += 1;
      return leaseOf(
        present,
        { name, namespace, driver: place.driver },
        {
          kind,
          identity,
          write: numbers,
          shards,
          entries: typeof entries === 'string' ? entries : encodeEntries(entries),
          renewal: expires ? { wallMs: clock.now(), durationMs: leaseDurationMs } : undefined,
        },
      );
    },
    send: (body, signal) => {
      writes += 1;
      largestWriteBytes = Math.max(largestWriteBytes, bytesOf(JSON.stringify(body)));
      return body.metadata?.resourceVersion === undefined
        ? client.create(LEASES, body, { signal })
        : client.replace(LEASES, body, { signal });
    },
    get: (name, signal) => client.get(LEASES, { name, namespace }, signal),
    delete: async ({ metadata = {} }, signal) => {
      writes += 1;
      const { name = '', uid, resourceVersion } = metadata;
      // Without both it would delete whatever has the name by then.
      if (uid === undefined || resourceVersion === undefined) throw new TypeError(`Lease ${name} was never read`);
      await client.delete(LEASES, { name, namespace }, { uid, resourceVersion, signal });
    },
    list: async (signal) => {
      const leases: Lease[] = [];
      for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
        const page = await client.list(LEASES, {
          namespace,
          labelSelector: `${JOURNAL_DRIVER_LABEL}=${driverLabel(place.driver)}`,
          limit: PAGE,
          ...(token === undefined ? {} : { continueToken: token }),
          signal,
        });
        leases.push(...page.items);
        token = page.continueToken;
      }
      return leases;
    },
    isOurs,
    isOwned: (lease) => {
      const read = readLease(lease);
      return read.kind === 'unreadable' ? lease.spec?.holderIdentity === identity : isOurs(read);
    },
    figures: () => ({ writes, largestWriteBytes }),
  };
}

/** True if what stands is this very write. */
export function isSameWrite(found: Lease, sent: Lease): boolean {
  const a = readLease(found);
  const b = readLease(sent);
  return a.kind === 'journal' && b.kind === 'journal' && a.owner === b.owner && a.write === b.write && sameTexts(a.texts, b.texts);
}

function sameTexts(a: Texts, b: Texts): boolean {
  return a.size === b.size && [...a].every(([uid, text]) => b.get(uid) === text);
}

/** The server says that this cannot be done here at all: no right, no namespace, no such verb. */
export function isNotServed(error: unknown): error is ApiError {
  return error instanceof ApiError && [403, 404, 405].includes(error.status);
}

/** The server does not like what the write holds. */
export function isContentRefused(error: unknown): error is ApiError {
  return error instanceof ApiError && [400, 413, 422].includes(error.status);
}
