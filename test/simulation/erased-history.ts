/**
 * What the restore of a backup takes from everybody's knowledge, and so from what the invariants may ask for.
 * Four things, and no more, are excused:
 *  - what was made for claims and snapshots that came to be since the backup, or, by a cache that lagged, since then
 *    for such as were gone before: nothing knows of them any more;
 *  - what was made since the backup for a claim or snapshot that the backup knows as not begun, if that goes before
 *    it is begun again: while it lives, what was made must be found again by its name;
 *  - the end of what was on its way out: it may live again, but whoever heard that its end was asked for may act on
 *    that until the restart is noticed;
 *  - that the entry of a claim which lives goes though its PV, or the account of its earlier call, is undone: who saved the PV
 *    learns it by the next list, and asks for the same volume again, as does who begins anew.
 */
import type { KubeObject } from '../../lib/kube/objects.ts';
import { openEntries } from './journal.ts';
import type { Mirror } from './mirror.ts';
import { volumeHandleOf } from './volume-source.ts';

export class ErasedHistory {
  private readonly mirror: Mirror;
  /** Names in the driver of claims and snapshots that came to be since the last backup. */
  private readonly namedSince = new Set<string>();
  /** Of those that a restore undid. */
  private readonly undone = new Set<string>();
  /** Of those that a restore brought back to where nothing was begun, by uid. */
  private readonly notBegun = new Map<string, string>();
  private readonly ending = new Set<string>();
  /** Names in the driver of what had a PV or a content when the present was erased. */
  private readonly accounted = new Set<string>();

  constructor(mirror: Mirror) {
    this.mirror = mirror;
    mirror.claims.listeners.push(({ old, object }) => old ?? this.namedSince.add(volumeNameOf(object)));
    mirror.snapshots.listeners.push(({ old, object }) => old ?? this.namedSince.add(snapshotNameOf(object)));
  }

  /** A backup is taken. */
  backup(): void {
    this.namedSince.clear();
  }

  /** The present is about to be erased. */
  erase(): void {
    for (const name of this.namedSince) this.undone.add(name);
    const { claims, volumes, snapshots, contents } = this.mirror;
    for (const { spec } of volumes.all()) this.accounted.add(`pvc-${spec?.claimRef?.uid ?? ''}`);
    for (const { spec } of contents.all()) this.accounted.add(`snapshot-${spec?.volumeSnapshotRef?.uid ?? ''}`);
    for (const volume of volumes.all())
      if (!isAlive(claims.all(), volume.spec?.claimRef?.uid)) this.ending.add(volumeHandleOf(volume) ?? '');
    for (const { spec, status } of contents.all())
      if (!isAlive(snapshots.all(), spec?.volumeSnapshotRef?.uid)) this.ending.add(status?.snapshotHandle ?? '');
  }

  /** The mirror shows what was restored. */
  restored(): void {
    const { claims, volumes, leases, snapshots, contents } = this.mirror;
    const open = openEntries(leases.all());
    for (const claim of claims.all()) {
      const uid = claim.metadata?.uid ?? '';
      const begun = open.has(uid) || volumes.all().some(({ spec }) => spec?.claimRef?.uid === uid);
      if (!begun) this.notBegun.set(uid, volumeNameOf(claim));
    }
    for (const name of this.accounted) if (this.forgotten(name)) this.undone.add(name);
    for (const snapshot of snapshots.all()) {
      const uid = snapshot.metadata?.uid ?? '';
      if (!contents.all().some(({ spec }) => spec?.volumeSnapshotRef?.uid === uid)) this.notBegun.set(uid, snapshotNameOf(snapshot));
    }
  }

  /** Neither the object that asked for it nor one that accounts for it came back. */
  private forgotten(name: string): boolean {
    const { claims, volumes, leases, snapshots, contents } = this.mirror;
    const uid = name.replace(/^(pvc|snapshot)-/, '');
    const knows = [...claims.all(), ...snapshots.all()].some(({ metadata }) => metadata?.uid === uid);
    const accounts =
      volumes.all().some(({ spec }) => spec?.claimRef?.uid === uid) ||
      contents.all().some(({ spec }) => spec?.volumeSnapshotRef?.uid === uid) ||
      openEntries(leases.all()).has(uid);
    return !knows && !accounts;
  }

  /** True for a handle whose end was asked for. */
  wasEnding(handle: string): boolean {
    return this.ending.has(handle);
  }

  /** True for a claim (uid) that lives and had a PV, or an account of a call, which may be undone. */
  mayHaveLostVolume(uid: string): boolean {
    return (
      (this.accounted.has(`pvc-${uid}`) || this.notBegun.has(uid)) && this.mirror.claims.all().some(({ metadata }) => metadata?.uid === uid)
    );
  }

  /** True for a name whose record may have been undone, while the call that it was for was under way. */
  isUndone(name: string): boolean {
    return this.undone.has(name) || [...this.notBegun.values()].includes(name);
  }

  /** True for a name in the driver that nobody can account for any more. */
  isUnaccountable(name: string): boolean {
    if (this.undone.has(name)) return true;
    const { claims, snapshots } = this.mirror;
    const lives = (uid: string): boolean => [...claims.all(), ...snapshots.all()].some(({ metadata }) => metadata?.uid === uid);
    return [...this.notBegun].some(([uid, theirs]) => theirs === name && !lives(uid));
  }
}

function isAlive(all: readonly KubeObject[], uid: string | undefined): boolean {
  const found = all.find(({ metadata }) => metadata?.uid === uid);
  return found !== undefined && found.metadata?.deletionTimestamp === undefined;
}

function volumeNameOf(claim: KubeObject | undefined): string {
  return `pvc-${claim?.metadata?.uid ?? ''}`;
}

function snapshotNameOf(snapshot: KubeObject | undefined): string {
  return `snapshot-${snapshot?.metadata?.uid ?? ''}`;
}
