/**
 * The journal of the role and the claims in progress, held together: what predecessors left is taken up, what
 * the journal has let go is over, and who looks from outside is told how much is open.
 */
import type { EntryInspection } from '../../lib/controller/inspection.ts';
import type { Informer } from '../../lib/controller/informer.ts';
import type { RoleContext } from '../../lib/controller/role.ts';
import { historyChanged } from '../../lib/errors/terminal-error.ts';
import type { Lease } from '../../lib/kube/objects.ts';
import { NO_JOURNAL, REASON } from '../facts/names.ts';
import type { ClaimsInProgress } from './claims-in-progress.ts';
import type { SourceReference } from './intent.ts';
import { encodeEntry, readEntries, readEntry } from './intent.ts';
import type { FoundEntry, Journal } from '../../lib/journal/journal.ts';
import { createJournal } from '../../lib/journal/journal.ts';
import { headName, readLease } from '../../lib/journal/lease.ts';
import type { Inherited, Operation } from './operation.ts';
import { adopted, intentsOf, uncertainOf } from './operation.ts';

/** RBAC is mended by people. */
const REFUSED_AGAIN_MS = 10 * 60_000;

/** What the journal holds, by state; asked at every scrape. */
export interface JournalCounts {
  /** Claims with an entry. */
  readonly open: number;
  /** Of these: a volume may exist and no PV names it. */
  readonly undecided: number;
  readonly secretMissing: number;
  /** Leases that could not be read and were put aside. */
  readonly unreadable: number;
}

export interface AccountsInit {
  readonly context: RoleContext;
  readonly progress: ClaimsInProgress;
  readonly driver: string;
  readonly leaseNamespace: string;
  readonly options: {
    readonly crashSafeProvisioning: boolean;
    /** Name of the one node that is served; empty: all of them are. */
    readonly nodeName: string;
    readonly leaderElectionLeaseDurationMs: number;
  };
  /** One process works at a time. */
  readonly elected: boolean;
  /** Journals of processes that run beside this one. Undefined where this one is elected. */
  readonly journals: Informer<Lease> | undefined;
}

export interface Accounts {
  readonly journal: Pick<Journal, 'record' | 'close' | 'holds' | 'flush'>;
  readonly place: { readonly namespace: string; readonly name: string };
  readonly counts: () => JournalCounts;
  /** Claims whose volume may exist without a PV: what stands in the journal, or is about to. */
  readonly inspect: () => readonly EntryInspection[];
  /** Resolves once everything that an elected predecessor left is known. `wake`: claims (uid) that have to be looked at. */
  takeOver(signal: AbortSignal, wake: (claimUid: string) => void): Promise<void>;
  /** Claims (uid) that a process beside this one, or one that is gone, may be filling from this source, a `namespace/name`; also those that have their PV by now. */
  usersElsewhere(kind: SourceReference['kind'], key: string): readonly string[];
  /** A process beside this one, or one that is gone, asked for the deletion of this volume of the claim. */
  isDeletedElsewhere(claimUid: string, handle: string): boolean;
  /** At an orderly end: what is over leaves the journal, so that whoever is swapped in finds nothing that is done. */
  end(cancel: AbortSignal | undefined): Promise<void>;
}

export function openAccounts(init: AccountsInit): Accounts {
  const { context, progress, driver, leaseNamespace, options, elected } = init;
  const { doors, log, client, events } = context;
  const { nodeName } = options;
  const identity = `${nodeName === '' ? doors.host.hostname() : nodeName}_${doors.random.uuid()}`;
  // The driver of another node cannot answer for what was asked of this one.
  const isOfThisNode = ({ spec }: Lease): boolean => nodeName === '' || spec?.holderIdentity?.startsWith(`${nodeName}_`) === true;
  const place = { namespace: leaseNamespace, name: headName(driver, elected ? undefined : identity) };
  const counts = (unreadable: number): JournalCounts => {
    let open = 0;
    let undecided = 0;
    let secretMissing = 0;
    for (const [, { operation, awaits }] of progress.entries()) {
      if (operation.phase !== 'none') open += 1;
      if (uncertainOf(operation) !== undefined) undecided += 1;
      if (awaits === 'secret') secretMissing += 1;
    }
    return { open, undecided, secretMissing, unreadable };
  };
  const inspect = (): EntryInspection[] =>
    [...progress.entries()].flatMap(([key, { operation }]) => {
      if (operation.phase === 'none' || operation.phase === 'closing') return [];
      const { claim, request } = operation.intent;
      const uncertain = uncertainOf(operation);
      return [
        {
          key,
          about: `${claim.namespace}/${claim.name}`,
          driver,
          makes: request.name,
          lease: place,
          phase: operation.phase,
          requests: intentsOf(operation.intent, uncertain).length,
          undecidedSinceMs: uncertain?.sinceMs,
        },
      ];
    });
  if (!options.crashSafeProvisioning)
    return {
      journal: NOTHING_WRITTEN,
      place,
      counts: () => counts(0),
      // Nothing stands anywhere.
      inspect: () => [],
      takeOver: async () => {},
      usersElsewhere: () => [],
      isDeletedElsewhere: () => false,
      end: async () => {},
    };

  let wake: (claimUid: string) => void = () => {};
  const journal = createJournal({
    client,
    clock: doors.clock,
    log,
    random: doors.random,
    driver,
    namespace: leaseNamespace,
    identity,
    elected,
    leaseIsFresh: (sinceMs) => context.leaseIsFresh(sinceMs),
    leaseDurationMs: options.leaderElectionLeaseDurationMs,
    refusedAgainMs: REFUSED_AGAIN_MS,
    takeUp: (entries) => entries.flatMap((entry) => take(entry)),
    isOver: (uid) => !isUndecided(progress.of(uid).operation),
    undone: () => context.fatal(historyChanged('leases')),
    unwritable: (reason) => log.warn(NO_JOURNAL, { namespace: leaseNamespace, reason }),
  });

  /** Answers what has to stand in the journal for it; nothing where its claim has its volume. */
  const take = ({ uid, value }: FoundEntry): readonly FoundEntry[] => {
    const read = readEntry(uid, value);
    if (read.kind === 'entry') {
      const after = adopted(progress.of(uid).operation, read, doors.clock.now());
      const { operation } = progress.update(uid, { operation: after, inherited: true });
      wake(uid);
      return isUndecided(operation)
        ? [{ uid, value: encodeEntry(intentsOf(operation.intent, operation.uncertain), operation.uncertain?.deleting) }]
        : [];
    }
    const message = `the entry of claim uid ${uid} is not acted upon: ${read.message}; a volume of that claim may exist in the storage`;
    log.warn(message, { lease: `${place.namespace}/${place.name}` });
    const regarding = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: place };
    events.record({ type: 'Warning', reason: REASON.undecided, message, regarding });
    // It stands for somebody to look at, unless the claim has an entry of its own here.
    return progress.of(uid).operation.phase === 'none' ? [{ uid, value }] : [];
  };

  /** Entries of processes that run beside this one, or are gone and not taken over yet. None where this one is elected. */
  const elsewhere = (): readonly (Inherited & { readonly uid: string })[] =>
    (init.journals?.store.list() ?? []).flatMap((lease) => {
      const other = lease.metadata?.name === place.name ? undefined : readLease(lease);
      if (other?.kind !== 'journal') return [];
      return readEntries(other.texts).flatMap(([uid, read]) => (read.kind === 'entry' ? [{ uid, ...read }] : []));
    });

  return {
    journal,
    place,
    counts: () => counts(journal.figures().unreadable),
    inspect,
    takeOver: async (signal, wakeClaim) => {
      wake = wakeClaim;
      journal.onClosed((uid) => {
        if (progress.of(uid).operation.phase === 'closing') progress.update(uid, { operation: { phase: 'none' } });
        wake(uid);
      });
      journal.onFound((entries) => {
        for (const entry of entries) take(entry);
      });
      for (const entry of await journal.takeOver(signal)) take(entry);
      const { journals } = init;
      if (journals === undefined) return;
      const observe = (): void => journal.observe(journals.store.list().filter(isOfThisNode));
      observe();
      journals.onEvent(observe);
    },
    usersElsewhere: (kind, key) =>
      elsewhere().flatMap(({ uid, intents }) =>
        intents.some(({ source }) => source?.kind === kind && `${source.namespace}/${source.name}` === key) ? [uid] : [],
      ),
    isDeletedElsewhere: (uid, handle) => elsewhere().some((entry) => entry.uid === uid && entry.deleting === handle),
    end: async (cancel) => {
      if (cancel?.aborted !== true) await journal.flush(cancel ?? new AbortController().signal).catch(() => {});
      journal.stop();
    },
  };
}

function isUndecided(operation: Operation): operation is Operation & { readonly phase: 'open' | 'opening' } {
  return operation.phase === 'open' || operation.phase === 'opening';
}

/** --crash-safe-provisioning=false: calls are sent as the Go program sends them. */
const NOTHING_WRITTEN: Accounts['journal'] = {
  record: async () => 'recorded',
  close: () => {},
  holds: () => false,
  flush: async () => {},
};
