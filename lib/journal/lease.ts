/**
 * What a Lease of the journal looks like: names, labels, two annotations, sizes. Pure.
 *
 * All entries of a Lease are in one annotation, since managedFields lists every annotation key and would grow
 * with them. A Lease is read back years later, by another version, or after somebody edited it: `readLease`
 * never throws, and what it cannot read it calls unreadable instead of empty.
 */
import type { Random } from '../doors/random.ts';
import { isDnsSubdomain } from '../kube/names.ts';
import type { Lease } from '../kube/objects.ts';
import { formatMicroTime } from '../kube/time.ts';
import { digest, driverLabel } from './driver-label.ts';

export const JOURNAL_ANNOTATION = 'csi-sidecars/journal';
export const ENTRIES_ANNOTATION = 'csi-sidecars/entries';
export const JOURNAL_DRIVER_LABEL = 'csi-sidecars/journal-driver';
export const JOURNAL_KIND_LABEL = 'csi-sidecars/journal-kind';

export type LeaseKind = 'leader' | 'process' | 'shard' | 'unreadable';

/** Longest value, in bytes of UTF-8: one claim must not fill the journal of all. */
export const MAX_ENTRY_BYTES = 16 * 1024;
/** Of the 64 KiB that a write may have: 4 are for labels, names and versions, 16 of the head's for the names of its shards. */
export const SHARD_ENTRIES_BYTES = 60 * 1024;
export const HEAD_ENTRIES_BYTES = 44 * 1024;
/** So many of the longest names fit into 16 KiB. */
export const MAX_SHARDS = 160;

const VERSION = 1;
const SUFFIX = /-[a-z0-9]{5}$/;
const SUFFIX_LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const LONGEST_DRIVER = 100;

/** The head of a driver's journal; with `identity`, of one process where no leader is elected. */
export function headName(driver: string, identity?: string): string {
  // Dots stay: `a.b` and `a-b` are two drivers.
  const legal = driver.length <= LONGEST_DRIVER && isDnsSubdomain(driver);
  const name = legal
    ? driver
    : `${driver
        .toLowerCase()
        .replaceAll(/[^a-z0-9]/g, '-')
        .slice(0, LONGEST_DRIVER)}-${digest(driver).slice(0, 8)}`;
  return `csi-journal-${name}${identity === undefined ? '' : `-${digest(identity).slice(0, 10)}`}`;
}

export function randomName(stem: string, random: Random): string {
  const letters = Array.from({ length: 5 }, () => SUFFIX_LETTERS[Math.floor(random.next() * SUFFIX_LETTERS.length)] ?? 'a');
  return `${stem}-${letters.join('')}`;
}

/** A head is never believed about a name of another form: it would have us write to any Lease. */
export function isShardName(head: string, name: string): boolean {
  return name.length === head.length + 6 && name.startsWith(head) && SUFFIX.test(name);
}

export function headOfShard(name: string): string {
  return name.replace(SUFFIX, '');
}

export function isUid(text: string): boolean {
  return /^[A-Za-z0-9-]{1,63}$/.test(text);
}

export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** What an entry adds to a write: the annotation is a string within JSON, so its quotes are written with backslashes. */
export function entryBytes(uid: string, text: string): number {
  return bytesOf(JSON.stringify(text)) + uid.length + 6;
}

export interface LeaseContent {
  readonly kind: LeaseKind;
  readonly identity: string;
  /** Counts the writes of a process: no two are alike, so each changes the version, and an answer that was lost is known again. */
  readonly write: number;
  /** Of a head: its shards, in the order in which they were made. */
  readonly shards: readonly string[] | undefined;
  /** The text of the annotation. */
  readonly entries: string;
  /** Without a leader: by when others may take it over. */
  readonly renewal: { readonly wallMs: number; readonly durationMs: number } | undefined;
}

export interface LeasePlace {
  readonly name: string;
  readonly namespace: string;
  readonly driver: string;
}

/** The Lease as it is to be written; over `present`, whose other fields stay. */
export function leaseOf(present: Lease | undefined, { name, namespace, driver }: LeasePlace, content: LeaseContent): Lease {
  const journal = { version: VERSION, owner: content.identity, write: content.write, shards: content.shards };
  const renewal =
    content.renewal === undefined
      ? {}
      : {
          leaseDurationSeconds: Math.max(1, Math.ceil(content.renewal.durationMs / 1000)),
          renewTime: formatMicroTime(content.renewal.wallMs),
        };
  return {
    ...present,
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...present?.metadata,
      name,
      namespace,
      labels: { ...present?.metadata?.labels, [JOURNAL_DRIVER_LABEL]: driverLabel(driver), [JOURNAL_KIND_LABEL]: content.kind },
      annotations: {
        ...present?.metadata?.annotations,
        [JOURNAL_ANNOTATION]: JSON.stringify(journal),
        [ENTRIES_ANNOTATION]: content.entries,
      },
    },
    spec: { ...present?.spec, holderIdentity: content.identity, ...renewal },
  };
}

/** uid → JSON text of the value. */
export type Texts = ReadonlyMap<string, string>;

export function encodeEntries(texts: Texts): string {
  return `{${[...texts].map(([uid, text]) => `${JSON.stringify(uid)}:${text}`).join(',')}}`;
}

export type ReadLease =
  | {
      readonly kind: 'journal';
      /** Empty where nobody wrote it yet. */
      readonly owner: string;
      readonly write: number;
      readonly shards: readonly string[];
      readonly texts: Texts;
      /** Entries and names that nobody of us can have written: they count for nothing. */
      readonly odd: number;
    }
  | { readonly kind: 'unreadable'; readonly message: string };

export function readLease(lease: Lease): ReadLease {
  const annotations = lease.metadata?.annotations ?? {};
  const head = annotations[JOURNAL_ANNOTATION];
  const entries = annotations[ENTRIES_ANNOTATION];
  if (head === undefined && entries === undefined) return { kind: 'journal', owner: '', write: 0, shards: [], texts: new Map(), odd: 0 };
  const journal = parseObject(head);
  if (journal === undefined) return unreadable(`annotation ${JOURNAL_ANNOTATION} is no JSON object`);
  if (journal.version !== VERSION) return unreadable(`version ${String(journal.version)} of the journal is not known`);
  const values = entries === undefined ? {} : parseObject(entries);
  if (values === undefined) return unreadable(`annotation ${ENTRIES_ANNOTATION} is no JSON object`);
  const listed = Array.isArray(journal.shards) ? (journal.shards as readonly unknown[]) : [];
  const shards = listed.filter((name) => typeof name === 'string' && isShardName(lease.metadata?.name ?? '', name)) as string[];
  const kept = [...new Set(shards)].slice(0, MAX_SHARDS);
  const texts = new Map<string, string>();
  const all = Object.entries(values);
  for (const [uid, value] of all) {
    const text = JSON.stringify(value);
    if (isUid(uid) && isObject(value) && bytesOf(text) <= MAX_ENTRY_BYTES) texts.set(uid, text);
  }
  const odd = all.length - texts.size + listed.length - kept.length;
  const owner = typeof journal.owner === 'string' && journal.owner === (lease.spec?.holderIdentity ?? '') ? journal.owner : '';
  return { kind: 'journal', owner, write: Number(journal.write), shards: kept, texts, odd };
}

function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(message: string): ReadLease {
  return { kind: 'unreadable', message };
}
