/** The single writes of the journal, each with its outcome cleared up: a part, a shard that goes, everything at a take-over. */
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { isAlreadyExists, isNotFound, isPrecondition, isUnknownOutcome } from '../kube/api-error.ts';
import type { Lease } from '../kube/objects.ts';
import type { Entries, FoundText } from './entries.ts';
import type { LeaseKind } from './lease.ts';
import { isShardName, JOURNAL_KIND_LABEL, randomName, readLease } from './lease.ts';
import type { Part } from './part.ts';
import { mayHold } from './part.ts';
import type { JournalRequests } from './requests.ts';
import { isNotServed, isSameWrite } from './requests.ts';
import type { SealWorld } from './seal.ts';
import { sealJournal } from './seal.ts';

export interface PartWriter {
  /**
   * One PUT, or POST, of what is wanted in the part. `proof`: what stands, once more. Throws Displaced, or the
   * ApiError; after a conflict the part is as it stands now.
   */
  put(part: Part, how: { readonly proof?: boolean }, signal: AbortSignal): Promise<void>;
  /** DELETE of what holds nothing. */
  remove(part: Part, signal: AbortSignal): Promise<void>;
  /** Deletes shards of our head that no head names. */
  removeStrays(signal: AbortSignal): Promise<void>;
  /** Seals the whole journal and takes what stands in it as ours. Answers what others recorded. */
  seal(signal: AbortSignal): Promise<readonly FoundText[]>;
}

/** The Lease is somebody else's by now, or gone. */
export class Displaced extends Error {
  constructor(name: string) {
    super(`Lease ${name} is not ours any more`);
    this.name = 'Displaced';
  }
}

/** The server shows a Lease of ours as it was before a write that it confirmed: it was restored from a backup (decision 006). */
export class Undone extends Error {
  constructor(name: string) {
    super(`Lease ${name} is older than it was`);
    this.name = 'Undone';
  }
}

export interface PartWriterOptions {
  readonly requests: JournalRequests;
  readonly entries: Entries;
  readonly log: Logger;
  readonly random: Random;
  readonly elected: boolean;
  readonly sealing: SealWorld;
}

export function createPartWriter({ requests, entries, log, random, elected, sealing }: PartWriterOptions): PartWriter {
  const { head } = entries;
  const kind: LeaseKind = elected ? 'leader' : 'process';

  /** Takes over what a read showed of a part that is ours. */
  const see = (part: Part, lease: Lease): void => {
    const read = readLease(lease);
    const texts = read.kind === 'journal' ? read.texts : new Map<string, string>();
    const strange = [...texts.keys()].filter((uid) => !part.wanted.has(uid) && !mayHold(part, uid));
    if (strange.length > 0) {
      log.warn('entries that this process did not record are dropped', { lease: part.name, entries: strange.length, first: strange[0] });
    }
    // Not confirmed: what stands here was not written on the version that we know.
    part.lease = lease;
    part.standing = texts;
    if (part === head && read.kind === 'journal') entries.rename(read.shards);
    part.isUnsettled = true;
  };

  /** Undefined: there is none. */
  const read = async (part: Part, signal: AbortSignal): Promise<Lease | undefined> => {
    try {
      const lease = await requests.get(part.name, signal);
      if (part.lease !== undefined && isBefore(lease, part.lease)) throw new Undone(part.name);
      if (requests.isOwned(lease)) return lease;
      if (part.lease !== undefined || part === head) throw new Displaced(part.name);
      part.name = randomName(head.name, random);
      return undefined;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (part.lease !== undefined) throw new Displaced(part.name);
      return undefined;
    }
  };

  const put = async (part: Part, proof: boolean, signal: AbortSignal): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      const content = proof ? part.standing : entries.contentOf(part).texts;
      const names = part === head ? entries.names() : undefined;
      const body = requests.body({
        name: part.name,
        kind: part === head ? kind : 'shard',
        present: part.lease,
        entries: content,
        shards: names,
        expires: part === head && !elected,
      });
      part.sending = content;
      const shown = (lease: Lease): void => entries.confirm(part, { lease, texts: content, ...(names === undefined ? {} : { names }) });
      try {
        shown(await requests.send(body, signal));
        return;
      } catch (error) {
        const unknown = isUnknownOutcome(error);
        entries.unconfirmed(part, unknown ? 'perhaps' : 'no');
        if (isNotFound(error) && part.lease !== undefined) throw new Displaced(part.name);
        if (!unknown && !isPrecondition(error) && !isAlreadyExists(error)) throw error;
        if (signal.aborted) throw error;
        const found = await orElse(read(part, signal), error);
        if (found !== undefined && isSameWrite(found, body)) {
          part.sending = content;
          shown(found);
          return;
        }
        if (found !== undefined) see(part, found);
        if (!unknown || tries > 1) throw error;
      }
    }
  };

  /** Shards of this head that no head names: a POST that came late. The list is one state of the server, so none can be named in between. */
  const removeStrays = async (signal: AbortSignal): Promise<void> => {
    const leases = await requests.list(signal);
    const present = leases.find(({ metadata }) => metadata?.name === head.name);
    if (present?.metadata?.resourceVersion !== head.lease?.metadata?.resourceVersion) return;
    const known = new Set(entries.shards.map(({ name }) => name));
    for (const lease of leases) {
      const name = lease.metadata?.name ?? '';
      if (lease.metadata?.labels?.[JOURNAL_KIND_LABEL] !== 'shard' || !isShardName(head.name, name) || known.has(name)) continue;
      await requests.delete(lease, signal);
      log.info('shard that no journal names is removed', { lease: name });
    }
  };

  return {
    removeStrays,
    put: (part, { proof = false }, signal) => put(part, proof, signal),
    remove: async (part, signal) => {
      try {
        if (part.lease === undefined && part.isUnsettled) part.lease = await read(part, signal);
        if (part.lease !== undefined) await requests.delete(part.lease, signal);
      } catch (error) {
        if (
          isUnknownOutcome(error) ||
          (!isNotFound(error) && !isPrecondition(error) && !isNotServed(error) && !(error instanceof Displaced))
        )
          throw error;
        // Whoever changed it meets it as a shard that no journal names.
        log.debug(2, 'Lease of the journal could not be removed', { lease: part.name, error: String(error) });
      }
      entries.remove(part);
    },
    seal: async (signal) => {
      const own = entries.shards.filter(({ retired, lease }) => !retired && lease !== undefined).map(({ name }) => name);
      const parts = await sealJournal(sealing, { head: head.name, kind, create: true, expires: !elected, shards: own }, signal);
      const found = entries.adopt(parts);
      sealing.foreign.clear();
      if (elected) {
        try {
          await removeStrays(signal);
        } catch (error) {
          log.debug(2, 'shards that no journal names could not be looked for', { journal: head.name, error: String(error) });
        }
      }
      return found;
    },
  };
}

/** Its writes carry versions and numbers of their own, so none arrives after a later one. */
function isBefore(found: Lease, known: Lease): boolean {
  if (found.metadata?.uid !== known.metadata?.uid) return false;
  const [then, now] = [readLease(found), readLease(known)];
  return then.kind === 'journal' && now.kind === 'journal' && then.owner === now.owner && then.write < now.write;
}

/** A read that clears up a write: where it fails too, the write's failure is what is told. */
async function orElse<A>(request: Promise<A>, error: unknown): Promise<A> {
  try {
    return await request;
  } catch (another) {
    if (another instanceof Displaced || another instanceof Undone) throw another;
    throw error;
  }
}
