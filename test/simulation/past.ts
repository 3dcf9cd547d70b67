/** When things came to be as they are: what the objects themselves do not say, and a rule about waiting asks for. */
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import type { CallLog } from './call-log.ts';
import type { Known } from './causes.ts';
import { causeOfClaim, causeOfSnapshot } from './causes.ts';
import { retryInForceMs } from './go-rules.ts';
import { handleOf } from './invariants.ts';
import { nodeOfClaim } from './local-places.ts';
import { volumeHandleOf } from './volume-source.ts';

export const PROVISIONER_HOLDS = 'provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection';
export const BEING_CREATED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-created';
const BEING_DELETED = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted';

/** A claim that is not Bound or a snapshot that is not cut, and lives. */
interface Waiter {
  readonly who: string;
  readonly sinceMs: number;
  /** Since when it has all that it needs; undefined: it does not. */
  clearMs: number | undefined;
  /** The back-off that was in force when it got that. */
  inForceMs: number;
}

interface Selection {
  readonly node: string | undefined;
  readonly atMs: number;
}

export class Past {
  private readonly known: Known;
  private readonly calls: CallLog;
  private readonly waiters = new Map<string, Waiter>();
  private readonly deleted = new Map<string, number>();
  private readonly contentGone = new Map<string, number>();
  /** Since when the content of a snapshot (uid) carries the mark of a call. */
  private readonly marked = new Map<string, number>();
  private readonly begun = new Map<string, number>();
  private readonly cleared = new Map<string, number[]>();
  private readonly held = new Map<string, number>();
  private readonly letGo = new Map<string, number>();
  private readonly released = new Map<string, number>();
  private readonly free = new Map<string, number>();
  private readonly selections = new Map<string, Selection>();
  /** The selection that the last CreateVolume of a claim was sent with. */
  private readonly sentWith = new Map<string, Selection | undefined>();
  private readonly classes = new Map<string, { readonly uid: string; readonly atMs: number }>();

  constructor(known: Known, calls: CallLog, now: () => number) {
    this.known = known;
    this.calls = calls;
    const { mirror } = known;
    mirror.claims.listeners.push(({ object }) => {
      const uid = object?.metadata?.uid ?? '';
      const node = nodeOfClaim(object ?? {});
      if (this.selections.get(uid)?.node !== node) this.selections.set(uid, { node, atMs: now() });
    });
    mirror.snapshots.listeners.push(({ old, object }) => {
      const { uid = '', deletionTimestamp, finalizers = [] } = object?.metadata ?? {};
      const wasHeld = old?.metadata?.finalizers?.includes(PROVISIONER_HOLDS) === true;
      if (wasHeld && !finalizers.includes(PROVISIONER_HOLDS)) this.letGo.set(uid, now());
      if (deletionTimestamp === undefined || this.deleted.has(uid)) return;
      this.deleted.set(uid, now());
      const markedMs = this.marked.get(uid);
      if (markedMs !== undefined) this.begun.set(uid, markedMs);
    });
    mirror.contents.listeners.push(({ old, object }) => {
      const uid = (object ?? old)?.spec?.volumeSnapshotRef?.uid ?? '';
      if (object === undefined) this.contentGone.set(uid, now());
      const isMarked = object?.metadata?.annotations?.[BEING_CREATED] !== undefined;
      if (isMarked === this.marked.has(uid)) return;
      if (isMarked) {
        this.marked.set(uid, now());
        const isTold = object?.metadata?.annotations?.[BEING_DELETED] !== undefined || object?.metadata?.deletionTimestamp !== undefined;
        if (this.deleted.has(uid) && !isTold) this.begun.set(uid, now());
      } else if (this.marked.delete(uid)) this.cleared.set(uid, [...this.clearedMs(uid), now()]);
    });
    mirror.volumes.listeners.push(({ object }) => {
      const uid = object?.metadata?.uid ?? '';
      if (object?.status?.phase !== 'Released') this.released.delete(uid);
      else if (!this.released.has(uid)) this.released.set(uid, now());
    });
    mirror.classes.listeners.push(({ object }) => {
      const { name = '', uid = '' } = object?.metadata ?? {};
      if (object !== undefined && this.classes.get(name)?.uid !== uid) this.classes.set(name, { uid, atMs: now() });
    });
    calls.listeners.push(({ rpc, subject, answer }) => {
      const uid = subject.replace(/^pvc-/, '');
      if (rpc === 'CreateVolume' && answer === undefined) this.sentWith.set(uid, this.selections.get(uid));
    });
  }

  /** Brings what is waited for up to date. `unbindable`: namespace/name of claims that wait for nothing that comes. */
  look(now: number, unbindable: ReadonlySet<string>): void {
    const { mirror } = this.known;
    const living = new Set<string>();
    const waits = (uid: string, who: string, clear: boolean): void => {
      living.add(uid);
      const waiter = this.waiters.get(uid) ?? { who, sinceMs: now, clearMs: undefined, inForceMs: 0 };
      if (!clear) waiter.clearMs = undefined;
      else if (waiter.clearMs === undefined) {
        waiter.clearMs = now;
        waiter.inForceMs = now > waiter.sinceMs ? retryInForceMs(now - waiter.sinceMs) : 0;
      }
      this.waiters.set(uid, waiter);
    };
    for (const claim of mirror.claims.all()) {
      const { uid = '', name = '', namespace = '', deletionTimestamp } = claim.metadata ?? {};
      if (deletionTimestamp === undefined && claim.status?.phase !== 'Bound' && !unbindable.has(`${namespace}/${name}`))
        waits(uid, `claim ${name}`, causeOfClaim(this.known, claim) === undefined);
      if (deletionTimestamp === undefined || this.isReadBySnapshot(claim)) this.free.delete(uid);
      else if (!this.free.has(uid)) this.free.set(uid, now);
    }
    for (const snapshot of mirror.singles()) {
      const { uid = '', name = '', namespace, deletionTimestamp } = snapshot.metadata ?? {};
      const content = mirror.contents.all().find(({ spec }) => spec?.volumeSnapshotRef?.uid === uid);
      if (deletionTimestamp === undefined && snapshot.status?.readyToUse !== true && handleOf(content) === undefined)
        waits(uid, `snapshot ${name}`, causeOfSnapshot(this.known, snapshot) === undefined);
      const isRestored = mirror.claims
        .all()
        .some(
          ({ metadata, spec, status }) =>
            metadata?.namespace === namespace &&
            status?.phase !== 'Bound' &&
            spec?.dataSource?.kind === 'VolumeSnapshot' &&
            spec.dataSource.name === name,
        );
      if (isRestored) this.held.set(uid, now);
    }
    for (const uid of this.waiters.keys()) if (!living.has(uid)) this.waiters.delete(uid);
  }

  /** Who has all that it needs and is not served, nor was refused by the driver, with when it must be at the latest. */
  *servable(calmMs: number): Iterable<{ key: string; who: string; due: { what: string; dueMs: number } }> {
    for (const [uid, { who, clearMs, inForceMs }] of this.waiters) {
      if (clearMs === undefined || this.isRefused(uid)) continue;
      yield { key: `waiter ${uid} ${clearMs}`, who, due: { what: 'served', dueMs: Math.max(clearMs, calmMs) + inForceMs } };
    }
  }

  /** From when on a call for it is to be sent, by what was missing before; 0 where nothing ever was. */
  servableFrom(uid: string): number {
    const waiter = this.waiters.get(uid);
    return waiter?.clearMs === undefined || waiter.inForceMs === 0 ? 0 : waiter.clearMs + waiter.inForceMs;
  }

  /** When it was seen first that somebody waits for it. */
  askedMs(uid: string): number {
    return this.waiters.get(uid)?.sinceMs ?? 0;
  }

  deletedMs(uid: string): number | undefined {
    return this.deleted.get(uid);
  }

  /**
   * When the mark was set that the content of a snapshot carried as it was told of the snapshot's deletion, which csi-snapshotter does not
   * know before; undefined: it carried none.
   */
  begunMs(uid: string): number | undefined {
    return this.begun.get(uid);
  }

  /** When the mark was taken off the content of a snapshot, each time. */
  clearedMs(uid: string): readonly number[] {
    return this.cleared.get(uid) ?? [];
  }

  /** When the last restore that waited for the snapshot was seen; 0: none ever was. */
  heldByRestoreMs(uid: string): number | 'now' {
    const snapshot = this.known.mirror.snapshots.objects.get(uid);
    const { name, namespace } = snapshot?.metadata ?? {};
    const holds = this.known.mirror.claims
      .all()
      .some(
        ({ metadata, spec, status }) => metadata?.namespace === namespace && status?.phase !== 'Bound' && spec?.dataSource?.name === name,
      );
    return holds ? 'now' : (this.held.get(uid) ?? 0);
  }

  /** When the provisioner took its finalizer off a snapshot; 0: it never did. */
  letGoMs(uid: string): number {
    return this.letGo.get(uid) ?? 0;
  }

  contentGoneMs(uid: string): number {
    return this.contentGone.get(uid) ?? 0;
  }

  releasedMs(uid: string): number | undefined {
    return this.released.get(uid);
  }

  /** Since when no snapshot reads a claim that is being deleted; undefined: one does, or it lives. */
  freeOfSnapshotsSince(uid: string): number | undefined {
    return this.free.get(uid);
  }

  /** The node that the last CreateVolume was for is selected still. */
  isForSelectedNode(uid: string): boolean {
    const selection = this.selections.get(uid);
    return this.known.hasTopology && selection?.node !== undefined && this.sentWith.get(uid) === selection;
  }

  /** When the present choice of a node was made; 0: none was. */
  selectedMs(uid: string): number {
    const selection = this.selections.get(uid);
    return selection?.node === undefined ? 0 : selection.atMs;
  }

  /** When the class of the claim was replaced, if later than `sinceMs`. */
  mendedSince(claim: PersistentVolumeClaim, sinceMs: number): number | undefined {
    const atMs = this.classes.get(claim.spec?.storageClassName ?? '')?.atMs ?? 0;
    return atMs > sinceMs ? atMs : undefined;
  }

  /** The driver refused it at some time: when it is asked again is a matter of the rules about calls. */
  private isRefused(uid: string): boolean {
    return [...this.calls.of('CreateVolume', `pvc-${uid}`), ...this.calls.of('CreateSnapshot', `snapshot-${uid}`)].some(
      ({ answer }) => answer !== undefined && answer.code !== 0,
    );
  }

  private isReadBySnapshot(claim: PersistentVolumeClaim): boolean {
    const { mirror } = this.known;
    const { name, namespace } = claim.metadata ?? {};
    const unready = mirror.snapshots
      .all()
      .some(
        ({ metadata, spec, status }) =>
          metadata?.namespace === namespace && spec?.source?.persistentVolumeClaimName === name && status?.readyToUse !== true,
      );
    const handle = volumeHandleOf(mirror.volumes.all().find(({ spec }) => spec?.claimRef?.uid === claim.metadata?.uid));
    const undecided = mirror.contents
      .all()
      .some((content) => content.spec?.source?.volumeHandle === handle && handle !== undefined && handleOf(content) === undefined);
    return unready || undecided;
  }
}
