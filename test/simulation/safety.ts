/** The promises that hold at every step, whatever goes wrong: checked in the turn in which something changes. */
import type { Lease, PersistentVolume, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { Change } from '../../mock-driver/model/records.ts';
import type { CallLog, LoggedCall } from './call-log.ts';
import { ErasedHistory } from './erased-history.ts';
import type { InvariantName, LedgerView } from './invariants.ts';
import { volumeRunsOn } from './go-rules.ts';
import { handleOf, Violation } from './invariants.ts';
import type { JournalEntry } from './journal.ts';
import { isJournal, openEntries, reads } from './journal.ts';
import { LateMakings } from './late-makings.ts';
import type { Mirror } from './mirror.ts';
import { volumeHandleOf } from './volume-source.ts';

const BEING_DELETED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted';

/** After a start or an end of a controller, until one is surely at work: a lease has to run out first. */
const TAKE_OVER_MS = 45_000;
/** So long it may take to meet what has arrived. */
const MEETING_MS = 5_000;

/** Facts about the past that the present objects no longer show. */
export class SafetyChecks {
  /** Claims (uid) whose PV was saved and has gone since. */
  private readonly finishedClaims = new Set<string>();
  /** Handles of contents and PVs that were Retain when their deletion was asked for. */
  private readonly retained = new Map<string, string>();
  /** Contents (uid) that carried the being-deleted mark at some time: a second writer may have wiped it since. */
  private readonly marked = new Set<string>();
  /** Claims (uid) whose entry stood in a journal when their PV went, or arrived later: without an election that of a process that is gone. */
  private readonly outlived = new Set<string>();
  /** Leases that a write of long ago is changing. */
  private readonly changedLate = new Set<string>();
  private readonly goneSnapshots = new Set<string>();
  /** Claims (uid), and when they went. */
  private readonly goneClaims = new Map<string, number>();
  /**
   * Contents (uid) whose POST arrived when their VolumeSnapshot was going or gone, and no controller was steadily at work, or its
   * watch was behind. One that is cut before a controller sees it stays, for everybody to see (decision 008).
   */
  readonly lateContents = new Set<string>();
  private readonly arrivals = new Map<string, number>();
  private controllerChangedMs = Number.NEGATIVE_INFINITY;
  private controllerSeesMs = Number.NEGATIVE_INFINITY;
  private readonly now: () => number;
  /** Claims (uid) that a journal held at some time. */
  private readonly recorded = new Set<string>();
  /** Those that a journal holds now. */
  private open: ReadonlyMap<string, JournalEntry> = new Map();
  /** A journal was written at some time: from then on nothing is made without an entry. */
  private kept = false;
  /** A story refuses the journal: only for claims that it held is an entry still asked for. */
  journalRefused = false;
  readonly erased: ErasedHistory;
  readonly lateMakings: LateMakings;
  readonly violations: Violation[] = [];
  private readonly mirror: Mirror;
  private readonly ledger: () => LedgerView;
  private readonly calls: CallLog;

  constructor(mirror: Mirror, ledger: () => LedgerView, { calls, now }: { readonly calls: CallLog; readonly now: () => number }) {
    this.now = now;
    this.mirror = mirror;
    this.ledger = ledger;
    this.calls = calls;
    mirror.leases.listeners.push(({ old, object }) => this.leaseChanged(old, object));
    this.erased = new ErasedHistory(mirror);
    this.lateMakings = new LateMakings(calls, now);
    mirror.volumes.listeners.push(({ old, object }) => this.volumeChanged(old, object));
    mirror.claims.listeners.push(({ old, object }) => {
      if (object === undefined) this.goneClaims.set(old?.metadata?.uid ?? '', now());
    });
    mirror.snapshots.listeners.push(({ old, object }) => {
      if (object === undefined) this.goneSnapshots.add(old?.metadata?.uid ?? '');
    });
    mirror.contents.listeners.push(({ old, object }) => this.contentChanged(old, object));
  }

  /** Called when the driver is about to commit what a call asked for. */
  commits(change: Change): void {
    if (change.op === 'delete-snapshot') this.deleteSnapshot(change.id);
    if (change.op === 'delete-group') this.deleteGroup(change.id);
    if (change.op === 'delete-volume') this.deleteVolume(change.id);
    if (change.op === 'create-volume') this.createVolume(change.volume);
  }

  /** A write of a Lease arrives long after it was sent. `answered` tells whether it was applied. */
  leaseArrivesLate(name: string): { answered(status: number): void } {
    this.changedLate.add(name);
    return {
      answered: (status) => {
        if (status >= 400) this.changedLate.delete(name);
      },
    };
  }

  /** The present is about to be undone: that entries go with it is no closing of them. */
  erase(): void {
    this.erased.erase();
    this.open = new Map();
  }

  /** A backup was restored, and the mirror shows it: whose past is undone has neither finished nor been retained. */
  restored(): void {
    this.erased.restored();
    // An entry that comes back with the backup outlives the PV that it was for.
    for (const uid of openEntries(this.mirror.leases.all()).keys()) if (this.finishedClaims.has(uid)) this.outlived.add(uid);
    for (const { metadata } of this.mirror.claims.all()) {
      this.finishedClaims.delete(metadata?.uid ?? '');
      this.goneClaims.delete(metadata?.uid ?? '');
    }
    for (const volume of this.mirror.volumes.all()) this.retained.delete(volumeHandleOf(volume) ?? '');
    for (const content of this.mirror.contents.all()) this.retained.delete(handleOf(content) ?? '');
  }

  /** Handles that may stay in the driver without an object, since it was Retain when it was deleted. */
  releasedHandles(): ReadonlySet<string> {
    return new Set(this.retained.keys());
  }

  private fail(invariant: InvariantName, message: string): void {
    this.violations.push(new Violation(invariant, message));
  }

  private deleteSnapshot(id: string): void {
    if (this.erased.wasEnding(id)) return;
    const contents = this.mirror.contents.all().filter((content) => handleOf(content) === id);
    for (const content of contents) {
      const name = content.metadata?.name ?? '';
      const claimed = content.spec?.volumeSnapshotRef?.uid;
      const owner = this.mirror.snapshots.all().find((snapshot) => snapshot.metadata?.uid === claimed);
      if (content.metadata?.deletionTimestamp === undefined) {
        this.fail('nothing-deleted-that-is-needed', `DeleteSnapshot ${id} while content ${name} is not being deleted`);
      } else if (owner !== undefined && owner.metadata?.deletionTimestamp === undefined) {
        this.fail('nothing-deleted-that-is-needed', `DeleteSnapshot ${id} while VolumeSnapshot ${owner.metadata?.name ?? ''} lives`);
      } else if (!this.marked.has(content.metadata.uid ?? '') && claimed !== undefined && claimed !== '') {
        this.fail('nothing-deleted-that-is-needed', `DeleteSnapshot ${id} though content ${name} never carried the being-deleted mark`);
      }
    }
    const kept = this.retained.get(id);
    if (kept !== undefined) this.fail('retain-keeps', `DeleteSnapshot ${id}, which ${kept} retains`);
    const reader = [...this.open.values()].find((entry) => reads(entry, id) && !this.hasVolume(entry.uid) && this.mayBeFilling(entry));
    if (reader !== undefined && contents.length > 0) {
      this.fail(
        'nothing-deleted-that-is-needed',
        `DeleteSnapshot ${id} while ${reader.lease} says that a volume is being filled from it, for claim ${reader.uid}`,
      );
    }
  }

  /**
   * The source is held as long as the latest call was not answered, or not finally: as the Go program does, which asks no more once a
   * claim that is gone had a final answer. From then on nobody is to get that volume, and a source that is going, which no
   * finalizer can be put on any more, is let go for good: what is asked later settles the account alone. So it does for a
   * claim that had its volume and is gone with it, where its entry outlived them.
   */
  private mayBeFilling({ uid, requests }: JournalEntry): boolean {
    const goneMs = this.goneClaims.get(uid);
    if (goneMs !== undefined && this.finishedClaims.has(uid)) return false;
    return requests.some(({ name }) => {
      const calls = this.calls.of('CreateVolume', name);
      const isFinal = ({ answer }: LoggedCall): boolean => answer !== undefined && !volumeRunsOn(answer.code);
      if (goneMs !== undefined && calls.some((call) => call.atMs >= goneMs && isFinal(call))) return false;
      const last = calls.at(-1);
      return last !== undefined && !isFinal(last);
    });
  }

  private deleteGroup(id: string): void {
    for (const { metadata, spec, status } of this.mirror.groupContents.all()) {
      if (status?.volumeGroupSnapshotHandle !== id) continue;
      const name = metadata?.name ?? '';
      const owner = this.mirror.groups.all().find((group) => group.metadata?.uid === spec?.volumeGroupSnapshotRef?.uid);
      if (metadata?.deletionTimestamp === undefined)
        this.fail('nothing-deleted-that-is-needed', `DeleteVolumeGroupSnapshot ${id} while content ${name} is not being deleted`);
      else if (owner !== undefined && owner.metadata?.deletionTimestamp === undefined)
        this.fail(
          'nothing-deleted-that-is-needed',
          `DeleteVolumeGroupSnapshot ${id} while VolumeGroupSnapshot ${owner.metadata?.name ?? ''} lives`,
        );
      if (spec?.deletionPolicy === 'Retain') this.fail('retain-keeps', `DeleteVolumeGroupSnapshot ${id}, which content ${name} retains`);
    }
  }

  private deleteVolume(id: string): void {
    const name = this.ledger().volumes.find((volume) => volume.id === id)?.name;
    if (name !== undefined) this.lateMakings.deletes(name);
    if (this.erased.wasEnding(id)) return;
    for (const volume of this.mirror.volumes.all()) {
      if (volumeHandleOf(volume) !== id) continue;
      const uid = volume.spec?.claimRef?.uid;
      const claim = this.mirror.claims.all().find((candidate) => candidate.metadata?.uid === uid);
      if (claim !== undefined && claim.spec?.volumeName === volume.metadata?.name) {
        this.fail('nothing-deleted-that-is-needed', `DeleteVolume ${id} while claim ${claim.metadata?.name ?? ''} is bound to it`);
      }
      if (volume.spec?.persistentVolumeReclaimPolicy === 'Retain' && volume.metadata?.deletionTimestamp === undefined) {
        this.fail('retain-keeps', `DeleteVolume ${id}, which PV ${volume.metadata?.name ?? ''} retains`);
      }
    }
    const kept = this.retained.get(id);
    if (kept !== undefined) this.fail('retain-keeps', `DeleteVolume ${id}, which ${kept} retains`);
  }

  private createVolume({ id, name }: { readonly id: string; readonly name: string }): void {
    if (this.lateMakings.makes({ id, name })) return;
    const uid = name.replace(/^pvc-/, '');
    // Whoever takes up the journal of a process that died before its entry went cannot know that its PV has been (decision 008).
    const lives = this.mirror.claims.all().some(({ metadata }) => metadata?.uid === uid);
    if (this.finishedClaims.has(uid) && (lives || !this.outlived.has(uid)))
      this.fail('no-second-volume-for-a-finished-claim', `CreateVolume ${name} after its PV was saved, released and deleted`);
    else if (this.isToBeRecorded(uid) && !this.isAccountedFor(uid) && !this.erased.isUndone(name))
      this.fail('no-volume-without-its-record', `volume ${name} comes to be without an entry in the journal`);
  }

  /** Where no journal was ever written (a program that may not write Leases) nothing can be asked for. */
  private isToBeRecorded(uid: string): boolean {
    return this.recorded.has(uid) || (this.kept && !this.journalRefused);
  }

  /** An entry that goes while its volume exists leaves nobody who would ever delete it. */
  private leaseChanged(old: Lease | undefined, object: Lease | undefined): void {
    if (!isJournal(old) && !isJournal(object)) return;
    this.kept = true;
    const before = this.open;
    this.open = openEntries(this.mirror.leases.all());
    for (const uid of this.open.keys()) this.recorded.add(uid);
    if (this.changedLate.delete(object?.metadata?.name ?? ''))
      for (const uid of this.open.keys()) if (!before.has(uid) && this.finishedClaims.has(uid)) this.outlived.add(uid);
    for (const [uid, { lease, requests }] of before) {
      if (this.isAccountedFor(uid) || this.erased.mayHaveLostVolume(uid)) continue;
      const names = new Set([`pvc-${uid}`, ...requests.map(({ name }) => name)]);
      const left = this.ledger().volumes.find(({ name }) => names.has(name));
      if (left !== undefined)
        this.fail('no-volume-without-its-record', `the entry of claim ${uid} went from ${lease} while volume ${left.id} has no PV`);
    }
  }

  /** By an entry or a PV, be it one that was. */
  private isAccountedFor(uid: string): boolean {
    return this.finishedClaims.has(uid) || this.open.has(uid) || this.hasVolume(uid);
  }

  private hasVolume(uid: string): boolean {
    return this.mirror.volumes.all().some((volume) => volume.spec?.claimRef?.uid === uid);
  }

  private volumeChanged(old: PersistentVolume | undefined, object: PersistentVolume | undefined): void {
    const uid = (object ?? old)?.spec?.claimRef?.uid;
    if (object === undefined && uid !== undefined && uid !== '') {
      this.finishedClaims.add(uid);
      if (this.open.has(uid)) this.outlived.add(uid);
    }
    const handle = volumeHandleOf(object ?? old);
    if (handle === undefined) return;
    if (object === undefined) {
      if (old?.spec?.persistentVolumeReclaimPolicy === 'Retain') this.retained.set(handle, `deleted PV ${old.metadata?.name ?? ''}`);
    }
  }

  /** A program that would meet late contents starts or ends. */
  controllerChanged(): void {
    this.controllerChangedMs = this.now();
    this.missesArrivals();
  }

  /** The controller at work is shown what contents are now only then. */
  controllerLags(untilMs: number): void {
    this.controllerSeesMs = Math.max(this.controllerSeesMs, untilMs);
    this.missesArrivals();
  }

  private missesArrivals(): void {
    for (const [uid, atMs] of this.arrivals) if (this.now() - atMs < MEETING_MS) this.lateContents.add(uid);
  }

  private lateArrival(uid: string): void {
    this.arrivals.set(uid, this.now());
    if (this.now() - this.controllerChangedMs < TAKE_OVER_MS || this.now() < this.controllerSeesMs) this.lateContents.add(uid);
  }

  private isGoing(snapshotUid: string): boolean {
    if (this.goneSnapshots.has(snapshotUid)) return true;
    return this.mirror.snapshots.all().some(({ metadata }) => metadata?.uid === snapshotUid && metadata.deletionTimestamp !== undefined);
  }

  private contentChanged(old: VolumeSnapshotContent | undefined, object: VolumeSnapshotContent | undefined): void {
    const owner = object?.spec?.volumeSnapshotRef?.uid;
    if (old === undefined && owner !== undefined && this.isGoing(owner)) this.lateArrival(object?.metadata?.uid ?? '');
    // What an administrator brought, and the driver never confirmed, is not ours to delete (as in the Go program).
    const brought = old?.spec?.source?.snapshotHandle;
    if (object === undefined && brought !== undefined && old?.status?.snapshotHandle === undefined)
      this.retained.set(brought, `content ${old?.metadata?.name ?? ''}, which was never confirmed,`);
    if (object?.metadata?.annotations?.[BEING_DELETED] === 'yes') this.marked.add(object.metadata.uid ?? '');
    const handle = object === undefined ? handleOf(old) : handleOf(object);
    if (handle === undefined) return;
    const dying = object === undefined || object.metadata?.deletionTimestamp !== undefined;
    const wasAlive = old?.metadata?.deletionTimestamp === undefined;
    const policy = old?.spec?.deletionPolicy ?? object?.spec?.deletionPolicy;
    if (dying && wasAlive && policy === 'Retain') this.retained.set(handle, `content ${old?.metadata?.name ?? ''}`);
    // An administrator may still ask for the deletion of a retained snapshot before the object goes.
    if (object !== undefined && object.spec?.deletionPolicy === 'Delete') this.retained.delete(handle);
  }
}
