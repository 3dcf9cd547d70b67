/**
 * How long somebody waits. `no-longer-than-go`: what the rules of the Go programs owe to an object (go-rules.ts) it
 * gets within a second. `nobody-waits-for-the-resync`: in a run in which nothing goes wrong, who has all that it needs
 * is served within five seconds beyond the back-off in force; half of the runs have no resync at all.
 *
 * Looked at with every change of an object, every call and answer, and once a second while somebody waits.
 */
import type { VolumeSnapshot } from '../../lib/kube/objects.ts';
import type { Records } from '../../mock-driver/model/records.ts';
import type { CallLog, LoggedCall, LoggedRpc } from './call-log.ts';
import type { Calm } from './calm.ts';
import type { Known } from './causes.ts';
import { causeOfClaim, causeOfSnapshot } from './causes.ts';
import { Competition } from './competition.ts';
import type { Calls, Due, Life } from './go-rules.ts';
import { owedToClaim, owedToDeletedSnapshot, owedToReleasedVolume, owedToSnapshot, retryInForceMs } from './go-rules.ts';
import { handleOf, Violation } from './invariants.ts';
import type { InvariantName } from './invariants.ts';
import { nodeOfClaim, nodeOfContent, nodeOfVolume } from './local-places.ts';
import { BEING_CREATED, Past, PROVISIONER_HOLDS } from './past.ts';
import { sourceOf } from './volume-source.ts';

export const LATER_THAN_GO_MS = 1_000;
const SERVED_WITHIN_MS = 5_000;
/** A request that is slow may have been sent before what it is waited for. */
export const SLOWEST_MS = 2_000;
const SOURCE_PROTECTION = 'snapshot.storage.kubernetes.io/pvc-as-source-protection';
/** The Go provisioner lets go of a snapshot in a sweep. */
const SWEEP_MS = 5 * 60_000;

export interface WaitsInit {
  readonly known: Known;
  readonly calls: CallLog;
  readonly calm: Calm;
  readonly now: () => number;
  /** False for answers that lack what they must hold: nobody knows what a program makes of them. */
  readonly answersAreWhole: () => boolean;
  /** Namespace/name of claims that can never be bound, by what the story did to them. */
  readonly unbindable: ReadonlySet<string>;
  readonly records: () => Records;
}

const NO_CALLS: Calls = { answers: [], running: false, lost: false };

interface Owed {
  readonly invariant: InvariantName;
  readonly who: string;
  readonly due: { readonly what: string; readonly dueMs: number };
  readonly graceMs: number;
  readonly fromMs: number;
}

export class Waits {
  readonly violations: Violation[] = [];
  private readonly init: WaitsInit;
  private readonly past: Past;
  /** Undefined: one provisioner serves all nodes. */
  private readonly competition: Competition | undefined;
  private owed = new Map<string, Owed>();
  private readonly told = new Set<string>();

  constructor(init: WaitsInit) {
    this.init = init;
    this.past = new Past(init.known, init.calls, init.now);
    this.competition = init.known.isServed && new Competition(init.known, init.records, init.now);
  }

  /** True while somebody waits. */
  look(): boolean {
    const now = this.init.now();
    this.past.look(now, this.init.unbindable);
    const present = this.owedNow();
    // What is owed no more was given now, or nobody can say.
    for (const [key, owed] of this.owed)
      if (present.has(key) || (this.init.calm.since() !== undefined && !this.init.calm.refusing)) this.judge(key, owed, now);
    for (const [key, owed] of present) if (!this.owed.has(key)) this.judge(key, owed, now);
    this.owed = present;
    return present.size > 0;
  }

  private judge(key: string, { invariant, who, due, graceMs, fromMs }: Owed, now: number): void {
    const lateMs = now - due.dueMs - this.init.calm.delaysSince(fromMs - SLOWEST_MS);
    if (lateMs <= graceMs || this.told.has(key)) return;
    this.told.add(key);
    const waited = (ms: number): string => (ms / 1000).toFixed(1);
    this.violations.push(
      new Violation(
        invariant,
        `${who}: ${due.what} was due at ${waited(due.dueMs)} s, and it is ${waited(now)} s (${waited(lateMs)} s late)`,
      ),
    );
  }

  private owedNow(): Map<string, Owed> {
    const found = new Map<string, Owed>();
    const { calm, now } = this.init;
    const sinceMs = calm.since();
    if (sinceMs === undefined || calm.refusing) return found;
    const { driverless, serverErred: longBackoff } = calm;
    const isPerNode = this.init.known.isServed !== undefined;
    const life =
      (role: Parameters<Calm['bornMs']>[0]): LifeOn =>
      (node) => ({ sinceMs, bornMs: calm.bornMs(role, isPerNode ? node : undefined), longBackoff, driverless });
    const [provisioner, snapshotter] = [life('csi-provisioner'), life('csi-snapshotter')];
    const add = (key: string, owed: Omit<Owed, 'fromMs'>): void => {
      const full = `${key} ${owed.due.what}`;
      found.set(full, { ...owed, fromMs: this.owed.get(full)?.fromMs ?? now() });
    };
    for (const { key, who, due } of [...this.claims(provisioner), ...this.snapshots(snapshotter), ...this.volumes(provisioner)])
      add(key, { invariant: 'no-longer-than-go', who, due, graceMs: LATER_THAN_GO_MS });
    if (calm.untouched)
      for (const { key, who, due } of this.past.servable(sinceMs))
        add(key, { invariant: 'nobody-waits-for-the-resync', who, due, graceMs: SERVED_WITHIN_MS });
    return found;
  }

  private *claims(lifeOn: LifeOn): Iterable<{ key: string; who: string; due: Due }> {
    const { known, unbindable, calm } = this.init;
    for (const claim of known.mirror.claims.all()) {
      const uid = claim.metadata?.uid ?? '';
      const name = `${claim.metadata?.namespace ?? ''}/${claim.metadata?.name ?? ''}`;
      const who = `claim ${name}`;
      const life = lifeOn(nodeOfClaim(claim));
      if (claim.metadata?.deletionTimestamp !== undefined) {
        const freeMs = this.past.freeOfSnapshotsSince(uid);
        const held = claim.metadata.finalizers?.includes(SOURCE_PROTECTION) === true;
        if (held && freeMs !== undefined) yield { key: `claim ${uid}`, who, due: { what: 'gone', dueMs: Math.max(freeMs, life.sinceMs) } };
        continue;
      }
      if (claim.status?.phase === 'Bound' || unbindable.has(name)) continue;
      const taking = this.competition?.owed(claim, calm, life.sinceMs);
      if (taking !== undefined) yield { key: `claim ${uid} ${taking.dueMs}`, who, due: taking };
      if (causeOfClaim(known, claim) !== undefined) continue;
      const create = this.callsOf('CreateVolume', `pvc-${uid}`, nodeOfClaim(claim));
      // What such an answer made is deleted first, and failures of that slow the retries down as well.
      if (create.answers.some(({ code }) => code === 0) && !this.init.answersAreWhole()) continue;
      const due = owedToClaim(
        {
          create,
          askedMs: this.past.askedMs(uid),
          selectedMs: this.past.isForSelectedNode(uid) ? this.past.selectedMs(uid) : undefined,
          mendedMs: this.past.mendedSince(claim, create.answers.at(-1)?.atMs ?? 0),
        },
        { ...life, sinceMs: Math.max(life.sinceMs, this.past.servableFrom(uid), this.past.selectedMs(uid)) },
      );
      if (due !== undefined) yield { key: keyOf('claim', uid, { due, turn: create.answers.length }), who, due };
    }
  }

  private *snapshots(lifeOn: LifeOn): Iterable<{ key: string; who: string; due: Due }> {
    for (const snapshot of this.init.known.mirror.singles()) {
      const uid = snapshot.metadata?.uid ?? '';
      const who = `snapshot ${snapshot.metadata?.namespace ?? ''}/${snapshot.metadata?.name ?? ''}`;
      const create = this.callsOf('CreateSnapshot', `snapshot-${uid}`);
      const due = this.owedToSnapshot(snapshot, create, lifeOn);
      if (due !== undefined)
        yield { key: keyOf('snapshot', uid, { due: due.due, turn: create.answers.length + due.removals }), who, due: due.due };
    }
  }

  private owedToSnapshot(snapshot: VolumeSnapshot, create: Calls, lifeOn: LifeOn): { due: Due; removals: number } | undefined {
    const { known } = this.init;
    const uid = snapshot.metadata?.uid ?? '';
    const content = known.mirror.contents
      .all()
      .find(
        ({ metadata, spec }) => spec?.volumeSnapshotRef?.uid === uid || metadata?.name === snapshot.spec?.source?.volumeSnapshotContentName,
      );
    const life = lifeOn(nodeOfContent(content));
    const deletedMs = this.past.deletedMs(uid);
    const cause = causeOfSnapshot(known, { ...snapshot, status: { ...snapshot.status, readyToUse: false } });
    const answered = create.answers.at(-1)?.code === 0;
    if (answered && !this.init.answersAreWhole() && handleOf(content) === undefined) return undefined;
    if (deletedMs === undefined) {
      if (cause !== undefined || content === undefined || snapshot.status?.readyToUse === true) return undefined;
      const own = { ...life, sinceMs: Math.max(life.sinceMs, this.past.servableFrom(uid)) };
      const due = owedToSnapshot(create, own);
      return due && { due, removals: 0 };
    }
    const heldMs = this.past.heldByRestoreMs(uid);
    if (heldMs === 'now') return undefined;
    // Without its secret or its class a call cannot be sent.
    if (content !== undefined && cause !== undefined && cause.kind === 'waits') return undefined;
    if (content !== undefined && cause?.what.startsWith('class') === true) return undefined;
    const unclaimedMs = Math.max(deletedMs, this.past.contentGoneMs(uid), heldMs === 0 ? 0 : heldMs + retryInForceMs(heldMs - deletedMs));
    const sweptMs = unclaimedMs + SWEEP_MS;
    const held = snapshot.metadata?.finalizers?.includes(PROVISIONER_HOLDS) === true;
    const freeMs = held ? sweptMs : Math.max(unclaimedMs, Math.min(sweptMs, this.past.letGoMs(uid)));
    const remove = this.callsOf('DeleteSnapshot', handleOf(content) ?? '');
    const due = owedToDeletedSnapshot(
      {
        deletedMs: freeMs,
        content: content && {
          retained: content.spec?.deletionPolicy === 'Retain',
          cut: handleOf(content) !== undefined,
          marked: content.metadata?.annotations?.[BEING_CREATED] === 'yes',
        },
        begunMs: this.past.begunMs(uid),
        clearedMs: this.past.clearedMs(uid),
        create,
        remove,
      },
      life,
    );
    return due && { due, removals: remove.answers.length };
  }

  private *volumes(lifeOn: LifeOn): Iterable<{ key: string; who: string; due: Due }> {
    const { mirror, driver, isServed } = this.init.known;
    for (const volume of mirror.volumes.all()) {
      const { metadata, spec, status } = volume;
      const releasedMs = this.past.releasedMs(metadata?.uid ?? '');
      const source = sourceOf(volume);
      if (source?.driver !== driver.name || spec?.persistentVolumeReclaimPolicy !== 'Delete' || status?.phase !== 'Released') continue;
      const node = nodeOfVolume(volume);
      if (releasedMs === undefined || (node !== undefined && isServed?.(node) === false)) continue;
      const remove = this.callsOf('DeleteVolume', source.handle);
      const due = owedToReleasedVolume(releasedMs, remove, lifeOn(node));
      if (due !== undefined)
        yield { key: keyOf('PV', metadata?.uid ?? '', { due, turn: remove.answers.length }), who: `PV ${metadata?.name ?? ''}`, due };
    }
  }

  /** Where each node has a provisioner of its own, those of the node's. */
  private callsOf(rpc: LoggedRpc, subject: string, node?: string): Calls {
    const all = this.init.calls.of(rpc, subject);
    const calls = node === undefined || this.competition === undefined ? all : all.filter(({ program }) => program.endsWith(`-${node}`));
    if (calls.length === 0) return NO_CALLS;
    const answers = calls.flatMap(({ answer }) => answer ?? []).sort((a, b) => a.atMs - b.atMs);
    const open = calls.filter(({ answer }) => answer === undefined);
    const isLate = ({ atMs }: LoggedCall): boolean => atMs >= (answers.at(-1)?.atMs ?? 0);
    return { answers, running: open.some(({ lost }) => lost !== true), lost: open.some((call) => call.lost === true && isLate(call)) };
  }
}

/** The life of who serves a node. */
type LifeOn = (node: string | undefined) => Life;

/** Each call is owed anew after an answer; what ends the waiting is owed once. */
function keyOf(kind: string, uid: string, { due, turn }: { readonly due: Due; readonly turn: number }): string {
  return due.what.startsWith('call') ? `${kind} ${uid} ${turn}` : `${kind} ${uid}`;
}
