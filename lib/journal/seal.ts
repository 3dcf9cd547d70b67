/**
 * Taking a journal over: read it by a quorum read, write it as it is under our own identity, shard by shard after
 * the head. From then on its former owner's writes answer 409: it confirms nothing any more, and what it
 * confirmed before is in what was read. No clock is asked.
 */
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { isAlreadyExists, isNotFound, isPrecondition, isUnknownOutcome, orNothing } from '../kube/api-error.ts';
import type { Lease } from '../kube/objects.ts';
import type { SealedPart } from './entries.ts';
import type { LeaseKind, ReadLease } from './lease.ts';
import { ENTRIES_ANNOTATION, JOURNAL_ANNOTATION, MAX_SHARDS, randomName, readLease } from './lease.ts';
import type { JournalRequests } from './requests.ts';
import { isSameWrite } from './requests.ts';

export interface SealWorld {
  readonly requests: JournalRequests;
  readonly log: Logger;
  readonly random: Random;
  /** A Lease was found that cannot be read. */
  readonly unreadable: () => void;
  /**
   * Names of what is being sealed and was not ours. A sealing that breaks off is begun again, and finds our own name
   * on what it sealed before: this tells that the entries are a predecessor's all the same. Cleared by the caller.
   */
  readonly foreign: Set<string>;
}

export interface SealTarget {
  readonly head: string;
  readonly kind: LeaseKind;
  /** A head that is not there is made, empty. */
  readonly create: boolean;
  /** Others may take it over if we do not go on. */
  readonly expires: boolean;
  /** Shards that are ours, whether the head names them or not. */
  readonly shards: readonly string[];
}

/** Writes race with the former owner's: so many times at once, then the caller pauses. */
const RACES = 5;

/** The head first, then its shards. Empty: there is no head. */
export async function sealJournal(world: SealWorld, target: SealTarget, signal: AbortSignal): Promise<readonly SealedPart[]> {
  const { head, kind, create, expires } = target;
  const sealed = await sealLease(world, { name: head, kind, create, expires }, signal);
  if (sealed === undefined) return [];
  const listed = sealed.shards;
  const parts: SealedPart[] = [sealed.part];
  for (const name of new Set([...listed, ...target.shards])) {
    const named = listed.includes(name);
    const shard = await sealLease(world, { name, kind: 'shard', create: false, expires: false }, signal);
    if (shard !== undefined) parts.push({ ...shard.part, named, foreign: named && shard.part.foreign });
    else if (named) world.log.warn('shard of the journal is gone', { lease: name, journal: head });
  }
  return parts.slice(0, MAX_SHARDS + 1);
}

interface LeaseTarget extends Pick<SealTarget, 'kind' | 'create' | 'expires'> {
  readonly name: string;
}

interface SealedLease {
  readonly part: SealedPart;
  readonly shards: readonly string[];
}

async function sealLease(world: SealWorld, target: LeaseTarget, signal: AbortSignal): Promise<SealedLease | undefined> {
  const { requests } = world;
  let sent: { readonly body: Lease; readonly read: ReadLease } | undefined;
  for (let tries = 1; ; tries += 1) {
    const present = await find(requests, target.name, signal);
    if (present === undefined && !target.create) return undefined;
    if (present !== undefined && sent !== undefined && isSameWrite(present, sent.body)) return asSealed(world, present, sent.read);
    const read: ReadLease = present === undefined ? EMPTY : readLease(present);
    if (present !== undefined && read.kind === 'unreadable') await setAside(world, { lease: present, message: read.message }, signal);
    sent = { body: requests.body(writeOf(target, present, read)), read };
    if (!requests.isOurs(read)) world.foreign.add(target.name);
    try {
      return asSealed(world, await requests.send(sent.body, signal), read);
    } catch (error) {
      // A shard that went in between is met by the next read.
      const again =
        isPrecondition(error) || isAlreadyExists(error) || isUnknownOutcome(error) || (isNotFound(error) && present !== undefined);
      if (!again || signal.aborted || tries === RACES) throw error;
    }
  }
}

const EMPTY: ReadLease = { kind: 'journal', owner: '', write: 0, shards: [], texts: new Map(), odd: 0 };

function writeOf(
  { name, kind, expires }: LeaseTarget,
  present: Lease | undefined,
  read: ReadLease,
): Parameters<JournalRequests['body']>[0] {
  // Entries go back as the text that was read: nothing of it may be lost by reading it.
  const text = present?.metadata?.annotations?.[ENTRIES_ANNOTATION] ?? '{}';
  const shards = read.kind === 'journal' ? read.shards : [];
  return {
    name,
    kind,
    present,
    entries: read.kind === 'journal' ? text : '{}',
    shards: kind === 'shard' ? undefined : shards,
    expires,
  };
}

function asSealed({ foreign, log }: SealWorld, lease: Lease, read: ReadLease): SealedLease {
  const name = lease.metadata?.name ?? '';
  if (read.kind === 'unreadable') return { part: { name, lease, texts: new Map(), named: true, foreign: true, odd: false }, shards: [] };
  if (read.odd > 0) log.warn('entries that no journal can hold are dropped', { lease: name, entries: read.odd });
  return { part: { name, lease, texts: read.texts, named: true, foreign: foreign.has(name), odd: read.odd > 0 }, shards: read.shards };
}

function find(requests: JournalRequests, name: string, signal: AbortSignal): Promise<Lease | undefined> {
  return orNothing(requests.get(name, signal));
}

/** What cannot be read is copied before it is overwritten: a person, or a newer version, may read it. */
async function setAside(
  { requests, log, random, unreadable }: SealWorld,
  { lease, message }: { readonly lease: Lease; readonly message: string },
  signal: AbortSignal,
): Promise<void> {
  const name = lease.metadata?.name ?? '';
  const aside = randomName(`${name}-unreadable`, random);
  const body = requests.body({ name: aside, kind: 'unreadable', present: undefined, entries: '', expires: false });
  const text = lease.metadata?.annotations ?? {};
  const annotations = Object.fromEntries(
    [JOURNAL_ANNOTATION, ENTRIES_ANNOTATION].flatMap((key) => (text[key] === undefined ? [] : [[key, text[key]]])),
  );
  await requests.send({ ...body, metadata: { ...body.metadata, annotations } }, signal);
  unreadable();
  const remedy = 'volumes that it names may be left over: compare the driver with the PersistentVolumes, then delete the copy';
  log.warn('journal cannot be read', { lease: name, copy: aside, reason: message, remedy });
}
