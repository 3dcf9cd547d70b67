/**
 * The promises, each with a name; ARCHITECTURE.md lists them with what checks them. Here are those that hold once
 * the faults have ended; what holds at every step is in safety.ts.
 */
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import { matchesSelector } from '../../lib/kube/selectors.ts';
import type { Segment } from '../../mock-driver/model/records.ts';
import { openEntries } from './journal.ts';
import { isMember, type Mirror } from './mirror.ts';
import { volumeHandleOf } from './volume-source.ts';

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
  | 'events-are-declared'
  | 'errors-follow-the-back-off'
  | 'readiness-is-seen-in-time'
  | 'one-leader-acts'
  | 'secrets-stay-secret'
  | 'no-volume-without-its-record'
  | 'volume-is-where-it-was-asked-for'
  | 'nobody-waits-for-the-resync'
  | 'no-longer-than-go'
  | 'who-waits-is-told'
  | 'old-errors-go'
  | 'written-is-true'
  | 'capacity-is-what-the-driver-says'
  | 'capacity-is-written-once'
  | 'metrics-are-true';

export class Violation extends Error {
  readonly invariant: InvariantName;
  constructor(invariant: InvariantName, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
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
  /** Contents (uid) that arrived after their VolumeSnapshot was gone: once cut they may stay. */
  readonly lateContents: ReadonlySet<string>;
  /** Claims (uid) whose entry may stand in the journal for longer than whoever asks waits. */
  readonly openAccounts: ReadonlySet<string>;
  /** Nobody who could do something about the volume is there. */
  readonly isOutOfReach?: (volume: PersistentVolume) => boolean;
}

/** Everything that must hold once faults and users have stopped and the system had time. */
export function settledViolations(mirror: Mirror, ledger: LedgerView, expected: Expectation): Violation[] {
  const found: Violation[] = [];
  const fail = (invariant: InvariantName, message: string): void => {
    found.push(new Violation(invariant, message));
  };
  const volumeHandles = new Map(mirror.volumes.all().map((volume) => [volumeHandleOf(volume) ?? '', volume]));
  const contentHandles = new Map(mirror.contents.all().map((content) => [handleOf(content) ?? '', content]));
  for (const volume of ledger.volumes) {
    if (!volumeHandles.has(volume.id) && !expected.released.has(volume.id))
      fail('ledger-accounted-for', `volume ${volume.id} (${volume.name}) has no PV`);
  }
  const groupHandles = new Set(mirror.groupContents.all().flatMap(handlesOfGroup));
  for (const snapshot of ledger.snapshots) {
    if (!contentHandles.has(snapshot.id) && !groupHandles.has(snapshot.id) && !expected.released.has(snapshot.id)) {
      fail('ledger-accounted-for', `snapshot ${snapshot.id} (${snapshot.name}) has no VolumeSnapshotContent`);
    }
  }
  const ledgerVolumes = new Set(ledger.volumes.map((volume) => volume.id));
  const ledgerSnapshots = new Set(ledger.snapshots.map((snapshot) => snapshot.id));
  for (const [handle, volume] of volumeHandles) {
    if (handle !== '' && !ledgerVolumes.has(handle) && expected.isOutOfReach?.(volume) !== true)
      fail('nothing-lost', `PV ${volume.metadata?.name ?? ''} names volume ${handle}, which the driver lacks`);
  }
  for (const handle of groupHandles)
    if (!ledgerSnapshots.has(handle)) fail('nothing-lost', `a content of a group names snapshot ${handle}, which the driver lacks`);
  settledGroups(mirror, fail);
  for (const [handle, content] of contentHandles) {
    if (handle !== '' && !ledgerSnapshots.has(handle))
      fail('nothing-lost', `content ${content.metadata?.name ?? ''} names snapshot ${handle}, which the driver lacks`);
  }
  for (const { uid, lease } of openEntries(mirror.leases.all()).values()) {
    const claim = mirror.claims.all().find(({ metadata }) => metadata?.uid === uid);
    // The account of a claim is open while the claim lives and waits.
    if ((claim !== undefined && claim.status?.phase !== 'Bound') || expected.openAccounts.has(uid)) continue;
    fail('no-intent-left', `${lease} still holds claim ${uid}, which is ${claim === undefined ? 'gone' : 'bound'}`);
  }
  for (const claim of mirror.claims.all()) settledClaim(claim, expected, fail, mirror);
  for (const snapshot of mirror.snapshots.all()) settledSnapshot(snapshot, expected, { fail, mirror });
  const liveSnapshots = new Set(mirror.snapshots.all().map((snapshot) => snapshot.metadata?.uid));
  for (const content of mirror.contents.all()) {
    const owner = content.spec?.volumeSnapshotRef?.uid;
    // A member that its user took away by force goes with its group.
    const isOfGroup = groupHandles.has(handleOf(content) ?? '');
    const isExcused = isOfGroup || (expected.lateContents.has(content.metadata?.uid ?? '') && handleOf(content) !== undefined);
    if (content.spec?.deletionPolicy === 'Delete' && owner !== undefined && owner !== '' && !liveSnapshots.has(owner) && !isExcused) {
      fail('deleted-means-gone', `content ${content.metadata?.name ?? ''} has outlived its VolumeSnapshot`);
    }
  }
  const volumes = mirror.volumes.all().filter((volume) => expected.isOutOfReach?.(volume) !== true);
  for (const { metadata, spec, status } of volumes)
    if (status?.phase === 'Released' && spec?.persistentVolumeReclaimPolicy === 'Delete')
      fail('deleted-means-gone', `PV ${metadata?.name ?? ''} is Released and still there`);
  for (const object of [...volumes, ...mirror.contents.all(), ...mirror.groupContents.all()]) {
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
  const isSelected = mirror.groups.all().some((group) => group.status?.readyToUse !== true && selects(group, claim));
  if (finalizers.includes('snapshot.storage.kubernetes.io/pvc-as-source-protection') && !unready && !isSelected) {
    fail('no-finalizer-without-reason', `claim ${key} keeps pvc-as-source-protection`);
  }
  // cloning-protection stays on a living source until it is deleted, as in the Go program: it hinders nobody.
  return undefined;
}

function settledSnapshot(
  snapshot: VolumeSnapshot,
  expected: Expectation,
  { fail, mirror }: { readonly fail: (i: InvariantName, m: string) => void; readonly mirror: Mirror },
): void {
  const key = `${snapshot.metadata?.namespace ?? ''}/${snapshot.metadata?.name ?? ''}`;
  const finalizers = snapshot.metadata?.finalizers ?? [];
  // Who is deleted alone goes with its group.
  if (snapshot.metadata?.deletionTimestamp !== undefined && isMember(snapshot) && snapshot.status?.readyToUse === true) return undefined;
  if (snapshot.metadata?.deletionTimestamp !== undefined)
    return fail('deleted-means-gone', `snapshot ${key} is still there with ${finalizers.join(', ')}`);
  if (snapshot.status?.readyToUse !== true && !expected.unsnapshottable.has(key)) fail('desired-is-actual', `snapshot ${key} is not ready`);
  if (snapshot.status?.readyToUse === true && snapshot.status.error !== undefined)
    fail('desired-is-actual', `snapshot ${key} is ready with an error: ${snapshot.status.error.message ?? ''}`);
  const isWaitedFor = mirror.claims.all().some(({ spec, status }) => {
    const source = spec?.dataSource ?? spec?.dataSourceRef ?? undefined;
    return status?.phase !== 'Bound' && source?.kind === 'VolumeSnapshot' && source.name === snapshot.metadata?.name;
  });
  if (finalizers.includes('provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection') && !isWaitedFor) {
    fail('no-finalizer-without-reason', `snapshot ${key} keeps the provisioner's volumesnapshot-as-source-protection`);
  }
  return undefined;
}

/** Handles of the snapshots that a group's content stands for. */
function handlesOfGroup({ spec, status }: VolumeGroupSnapshotContent): readonly string[] {
  const made = (status?.volumeSnapshotInfoList ?? []).flatMap(({ snapshotHandle }) => snapshotHandle ?? []);
  return [...made, ...(spec?.source?.groupSnapshotHandles?.volumeSnapshotHandles ?? [])];
}

function selects({ metadata, spec }: VolumeGroupSnapshot, claim: PersistentVolumeClaim): boolean {
  return metadata?.namespace === claim.metadata?.namespace && matchesSelector(spec?.source?.selector, claim.metadata?.labels);
}

/** A group has a VolumeSnapshot for each volume that the driver told of, each ready; or it has a claim that cannot be a member. */
function settledGroups(mirror: Mirror, fail: (i: InvariantName, m: string) => void): void {
  const living = new Map(mirror.groups.all().map((group) => [group.metadata?.uid ?? '', group]));
  for (const group of living.values()) {
    const name = group.metadata?.name ?? '';
    if (group.metadata?.deletionTimestamp !== undefined) fail('deleted-means-gone', `group ${name} is still there`);
    const claims = mirror.claims.all().filter((claim) => selects(group, claim));
    const isHopeless =
      claims.length === 0 || claims.some(({ status, metadata }) => status?.phase !== 'Bound' || metadata?.deletionTimestamp !== undefined);
    const content = mirror.groupContents.all().find(({ spec }) => spec?.volumeGroupSnapshotRef?.uid === group.metadata?.uid);
    if (group.status?.readyToUse !== true && (content !== undefined || !isHopeless))
      fail('desired-is-actual', `group ${name} is not ready`);
    if (group.status?.readyToUse === true && group.status.error !== undefined)
      fail('desired-is-actual', `group ${name} is ready with an error: ${group.status.error.message ?? ''}`);
  }
  for (const { metadata, spec } of mirror.groupContents.all()) {
    const owner = spec?.volumeGroupSnapshotRef?.uid ?? '';
    if (spec?.deletionPolicy === 'Delete' && !living.has(owner))
      fail('deleted-means-gone', `content ${metadata?.name ?? ''} has outlived its group`);
  }
  for (const { metadata, status } of mirror.snapshots.all()) {
    const owner = metadata?.ownerReferences?.find(({ kind }) => kind === 'VolumeGroupSnapshot')?.uid;
    if (owner === undefined) continue;
    const group = living.get(owner);
    if (group === undefined) fail('deleted-means-gone', `member ${metadata?.name ?? ''} has outlived its group`);
    else if (status?.volumeGroupSnapshotName !== group.metadata?.name)
      fail('desired-is-actual', `member ${metadata?.name ?? ''} does not name its group`);
  }
}

/** What a write conflict looks like where a user can read it. */
export function isConflict(text: string | undefined): boolean {
  return text !== undefined && /the object has been modified|Operation cannot be fulfilled|injected Conflict/.test(text);
}
