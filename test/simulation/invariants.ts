/**
 * The promises that hold at every step (safety) and once the faults have ended (settling). Each has a
 * name; ARCHITECTURE.md lists them with what checks them.
 */
import type { Lease, PersistentVolume, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { Change, Segment } from '../../mock-driver/model/records.ts';
import { ErasedHistory } from './erased-history.ts';
import type { Mirror } from './mirror.ts';

export type InvariantName =
  | 'nothing-deleted-that-is-needed'
  | 'retain-keeps'
  | 'no-second-volume-for-a-finished-claim'
  | 'ledger-accounted-for'
  | 'nothing-lost'
  | 'no-finalizer-without-reason'
  | 'desired-is-actual'
  | 'restored-bytes-are-the-snapshot'
  | 'settled-means-silent'
  | 'deleted-means-gone'
  | 'no-intent-left'
  | 'program-survives'
  | 'conflicts-are-silent'
  | 'errors-follow-the-back-off'
  | 'readiness-is-seen-in-time'
  | 'one-leader-acts'
  | 'secrets-stay-secret'
  | 'no-volume-without-its-record'
  | 'volume-is-where-it-was-asked-for';

export class Violation extends Error {
  readonly invariant: InvariantName;
  constructor(invariant: InvariantName, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

const BEING_DELETED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted';
const INTENT_PREFIX = 'csi-intent-';

/** Facts about the past that the present objects no longer show. */
export class SafetyChecks {
  /** Claims (uid) whose PV was saved and has gone since. */
  private readonly finishedClaims = new Set<string>();
  /** Handles of contents and PVs that were Retain when their deletion was asked for. */
  private readonly retained = new Map<string, string>();
  /** Contents (uid) that carried the being-deleted mark at some time: a second writer may have wiped it since. */
  private readonly marked = new Set<string>();
  /** Claims (uid) for which a record was seen at some time. */
  private readonly recorded = new Set<string>();
  readonly erased: ErasedHistory;
  readonly violations: Violation[] = [];
  private readonly mirror: Mirror;
  private readonly ledger: () => LedgerView;

  constructor(mirror: Mirror, ledger: () => LedgerView) {
    this.mirror = mirror;
    this.ledger = ledger;
    mirror.leases.listeners.push(({ old, object }) => this.leaseChanged(old, object));
    this.erased = new ErasedHistory(mirror);
    mirror.volumes.listeners.push(({ old, object }) => this.volumeChanged(old, object));
    mirror.contents.listeners.push(({ old, object }) => this.contentChanged(old, object));
  }

  /** Called when the driver is about to commit what a call asked for. */
  commits(change: Change): void {
    if (change.op === 'delete-snapshot') this.deleteSnapshot(change.id);
    if (change.op === 'delete-volume') this.deleteVolume(change.id);
    if (change.op === 'create-volume') this.createVolume(change.volume.name);
  }

  /** A backup was restored, and the mirror shows it: whose past is undone has neither finished nor been retained. */
  restored(): void {
    this.erased.restored();
    for (const { metadata } of this.mirror.claims.all()) this.finishedClaims.delete(metadata?.uid ?? '');
    for (const { spec } of this.mirror.volumes.all()) this.retained.delete(spec?.csi?.volumeHandle ?? '');
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
    const reader = this.mirror.leases.all().find((lease) => isOpenIntent(lease, this.mirror) && JSON.stringify(lease).includes(id));
    if (reader !== undefined && contents.length > 0) {
      this.fail(
        'nothing-deleted-that-is-needed',
        `DeleteSnapshot ${id} while ${reader.metadata?.name ?? ''} says that a volume is being filled from it`,
      );
    }
  }

  private deleteVolume(id: string): void {
    if (this.erased.wasEnding(id)) return;
    for (const volume of this.mirror.volumes.all()) {
      if (volume.spec?.csi?.volumeHandle !== id) continue;
      const uid = volume.spec.claimRef?.uid;
      const claim = this.mirror.claims.all().find((candidate) => candidate.metadata?.uid === uid);
      if (claim !== undefined && claim.spec?.volumeName === volume.metadata?.name) {
        this.fail('nothing-deleted-that-is-needed', `DeleteVolume ${id} while claim ${claim.metadata?.name ?? ''} is bound to it`);
      }
      if (volume.spec.persistentVolumeReclaimPolicy === 'Retain' && volume.metadata?.deletionTimestamp === undefined) {
        this.fail('retain-keeps', `DeleteVolume ${id}, which PV ${volume.metadata?.name ?? ''} retains`);
      }
    }
    const kept = this.retained.get(id);
    if (kept !== undefined) this.fail('retain-keeps', `DeleteVolume ${id}, which ${kept} retains`);
  }

  private createVolume(name: string): void {
    const uid = name.replace(/^pvc-/, '');
    // What is made for a claim that is gone hurts nobody: it is deleted at once (decision 008).
    const lives = this.mirror.claims.all().some(({ metadata }) => metadata?.uid === uid);
    if (this.finishedClaims.has(uid) && lives)
      this.fail('no-second-volume-for-a-finished-claim', `CreateVolume ${name} after its PV was saved, released and deleted`);
    // Where no record was ever written (a program that may not write Leases) this says nothing.
    else if (this.recorded.has(uid) && !this.isAccountedFor(uid))
      this.fail('no-volume-without-its-record', `volume ${name} comes to be after its record went`);
  }

  /** A record that goes while its volume exists leaves nobody who would ever delete it. */
  private leaseChanged(old: Lease | undefined, object: Lease | undefined): void {
    const uid = claimOfIntent(object ?? old);
    if (uid === undefined) return;
    this.recorded.add(uid);
    if (object !== undefined || this.isAccountedFor(uid)) return;
    if (this.ledger().volumes.some(({ name }) => name === `pvc-${uid}`))
      this.fail('no-volume-without-its-record', `record ${old?.metadata?.name ?? ''} went while its volume has no PV`);
  }

  /** By a record or a PV, be it one that was. */
  private isAccountedFor(uid: string): boolean {
    if (this.finishedClaims.has(uid) || this.mirror.leases.all().some((lease) => claimOfIntent(lease) === uid)) return true;
    return this.mirror.volumes.all().some((volume) => volume.spec?.claimRef?.uid === uid);
  }

  private volumeChanged(old: PersistentVolume | undefined, object: PersistentVolume | undefined): void {
    const uid = (object ?? old)?.spec?.claimRef?.uid;
    if (object === undefined && uid !== undefined && uid !== '') this.finishedClaims.add(uid);
    const handle = (object ?? old)?.spec?.csi?.volumeHandle;
    if (handle === undefined) return;
    if (object === undefined) {
      if (old?.spec?.persistentVolumeReclaimPolicy === 'Retain') this.retained.set(handle, `deleted PV ${old.metadata?.name ?? ''}`);
    }
  }

  private contentChanged(old: VolumeSnapshotContent | undefined, object: VolumeSnapshotContent | undefined): void {
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

function claimOfIntent(lease: Lease | undefined): string | undefined {
  const name = lease?.metadata?.name ?? '';
  return name.startsWith(INTENT_PREFIX) ? name.slice(INTENT_PREFIX.length) : undefined;
}

/** A record whose claim has no PV yet: the volume may be in the making. */
function isOpenIntent(lease: Lease, mirror: Mirror): boolean {
  const uid = claimOfIntent(lease);
  return uid !== undefined && !mirror.volumes.all().some((volume) => volume.spec?.claimRef?.uid === uid);
}

export function handleOf(content: VolumeSnapshotContent | undefined): string | undefined {
  return content?.status?.snapshotHandle ?? content?.spec?.source?.snapshotHandle;
}

export interface LedgerView {
  readonly volumes: readonly {
    readonly id: string;
    readonly name: string;
    readonly segment?: Segment | undefined;
    readonly source?: { readonly id: string } | undefined;
  }[];
  readonly snapshots: readonly { readonly id: string; readonly name: string; readonly sourceVolumeId?: string }[];
}

export interface Expectation {
  /** Namespace/name of claims that cannot be bound (missing class, missing source, …): excused from `desired-is-actual`. */
  readonly unbindable: ReadonlySet<string>;
  readonly unsnapshottable: ReadonlySet<string>;
  /** Handles whose object was Retain when it was deleted: may stay in the driver without an object. */
  readonly released: ReadonlySet<string>;
}

/** Everything that must hold once faults and users have stopped and the system had time. */
export function settledViolations(mirror: Mirror, ledger: LedgerView, expected: Expectation): Violation[] {
  const found: Violation[] = [];
  const fail = (invariant: InvariantName, message: string): void => {
    found.push(new Violation(invariant, message));
  };
  const volumeHandles = new Map(mirror.volumes.all().map((volume) => [volume.spec?.csi?.volumeHandle ?? '', volume]));
  const contentHandles = new Map(mirror.contents.all().map((content) => [handleOf(content) ?? '', content]));
  for (const volume of ledger.volumes) {
    if (!volumeHandles.has(volume.id) && !expected.released.has(volume.id))
      fail('ledger-accounted-for', `volume ${volume.id} (${volume.name}) has no PV`);
  }
  for (const snapshot of ledger.snapshots) {
    if (!contentHandles.has(snapshot.id) && !expected.released.has(snapshot.id)) {
      fail('ledger-accounted-for', `snapshot ${snapshot.id} (${snapshot.name}) has no VolumeSnapshotContent`);
    }
  }
  const ledgerVolumes = new Set(ledger.volumes.map((volume) => volume.id));
  const ledgerSnapshots = new Set(ledger.snapshots.map((snapshot) => snapshot.id));
  for (const [handle, volume] of volumeHandles) {
    if (handle !== '' && !ledgerVolumes.has(handle))
      fail('nothing-lost', `PV ${volume.metadata?.name ?? ''} names volume ${handle}, which the driver lacks`);
  }
  for (const [handle, content] of contentHandles) {
    if (handle !== '' && !ledgerSnapshots.has(handle))
      fail('nothing-lost', `content ${content.metadata?.name ?? ''} names snapshot ${handle}, which the driver lacks`);
  }
  for (const lease of mirror.leases.all()) {
    if (lease.metadata?.name?.startsWith(INTENT_PREFIX) === true) fail('no-intent-left', `record ${lease.metadata.name} is still open`);
  }
  for (const claim of mirror.claims.all()) settledClaim(claim, expected, fail, mirror);
  for (const snapshot of mirror.snapshots.all()) settledSnapshot(snapshot, expected, fail);
  const liveSnapshots = new Set(mirror.snapshots.all().map((snapshot) => snapshot.metadata?.uid));
  for (const content of mirror.contents.all()) {
    const owner = content.spec?.volumeSnapshotRef?.uid;
    if (content.spec?.deletionPolicy === 'Delete' && owner !== undefined && owner !== '' && !liveSnapshots.has(owner)) {
      fail('deleted-means-gone', `content ${content.metadata?.name ?? ''} has outlived its VolumeSnapshot`);
    }
  }
  for (const object of [...mirror.volumes.all(), ...mirror.contents.all()]) {
    if (object.metadata?.deletionTimestamp !== undefined) {
      fail(
        'deleted-means-gone',
        `${object.kind ?? ''} ${object.metadata.name ?? ''} is still there with ${(object.metadata.finalizers ?? []).join(', ')}`,
      );
    }
  }
  return found;
}

function settledClaim(
  claim: PersistentVolumeClaim,
  expected: Expectation,
  fail: (i: InvariantName, m: string) => void,
  mirror: Mirror,
): void {
  const key = `${claim.metadata?.namespace ?? ''}/${claim.metadata?.name ?? ''}`;
  const finalizers = claim.metadata?.finalizers ?? [];
  if (claim.metadata?.deletionTimestamp !== undefined)
    return fail('deleted-means-gone', `claim ${key} is still there with ${finalizers.join(', ')}`);
  if (claim.status?.phase !== 'Bound' && !expected.unbindable.has(key))
    fail('desired-is-actual', `claim ${key} is ${claim.status?.phase ?? 'without a phase'}`);
  const unready = mirror.snapshots
    .all()
    .some(
      (s) =>
        s.metadata?.namespace === claim.metadata?.namespace &&
        s.spec?.source?.persistentVolumeClaimName === claim.metadata?.name &&
        s.status?.readyToUse !== true,
    );
  if (finalizers.includes('snapshot.storage.kubernetes.io/pvc-as-source-protection') && !unready) {
    fail('no-finalizer-without-reason', `claim ${key} keeps pvc-as-source-protection`);
  }
  // cloning-protection stays on a living source until it is deleted, as in the Go program: it hinders nobody.
  return undefined;
}

function settledSnapshot(snapshot: VolumeSnapshot, expected: Expectation, fail: (i: InvariantName, m: string) => void): void {
  const key = `${snapshot.metadata?.namespace ?? ''}/${snapshot.metadata?.name ?? ''}`;
  const finalizers = snapshot.metadata?.finalizers ?? [];
  if (snapshot.metadata?.deletionTimestamp !== undefined)
    return fail('deleted-means-gone', `snapshot ${key} is still there with ${finalizers.join(', ')}`);
  if (snapshot.status?.readyToUse !== true && !expected.unsnapshottable.has(key)) fail('desired-is-actual', `snapshot ${key} is not ready`);
  if (snapshot.status?.readyToUse === true && snapshot.status.error !== undefined)
    fail('desired-is-actual', `snapshot ${key} is ready with an error: ${snapshot.status.error.message ?? ''}`);
  if (finalizers.includes('provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection')) {
    fail('no-finalizer-without-reason', `snapshot ${key} keeps the provisioner's volumesnapshot-as-source-protection`);
  }
  return undefined;
}

/** What a write conflict looks like where a user can read it. */
export function isConflict(text: string | undefined): boolean {
  return text !== undefined && /the object has been modified|Operation cannot be fulfilled|injected Conflict/.test(text);
}
