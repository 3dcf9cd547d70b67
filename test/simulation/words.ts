/**
 * What users are told. `who-waits-is-told`: who has waited for half a minute finds an error in its status or an event
 * on it (or on its content or volume) that names what is missing or what the driver answered. `old-errors-go`: nobody is
 * shown the error of a call that succeeded since, ready or not.
 *
 * Not asked for: what the Go programs leave unsaid on purpose (a class that is missing for a claim, a claim that waits
 * for its Pod, a claim that is held while it is being copied, a content that is deleted under a living snapshot).
 */
import type { CoreEvent, KubeObject, PersistentVolumeClaim, VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { CallLog, LoggedCall, LoggedRpc } from './call-log.ts';
import type { Calm } from './calm.ts';
import type { Cause, Known } from './causes.ts';
import { causeOfClaim, causeOfSnapshot } from './causes.ts';
import { nodeOfContent, nodeOfVolume } from './local-places.ts';
import { handleOf, Violation } from './invariants.ts';
import { sourceOf } from './volume-source.ts';

const TOLD_WITHIN_MS = 30_000;
const SPAM_BURST = 25;
/** After a success. */
const GONE_WITHIN_MS = 5_000;

export interface WordsInit {
  readonly known: Known;
  readonly calls: CallLog;
  readonly calm: Calm;
  readonly now: () => number;
  readonly unbindable: ReadonlySet<string>;
}

/** Somebody who waits, for something that must be named. */
interface Waiting {
  readonly key: string;
  readonly who: string;
  /** What a text must hold one of; empty: any text will do. */
  readonly words: readonly string[];
  readonly why: string;
  readonly told: () => readonly string[];
}

export class Words {
  readonly violations: Violation[] = [];
  private readonly init: WordsInit;
  /** Since when each waits for what it waits for. */
  private since = new Map<string, number>();
  /** What was found already. */
  private readonly untold = new Set<string>();

  constructor(init: WordsInit) {
    this.init = init;
  }

  /** True while somebody waits. */
  look(): boolean {
    const now = this.init.now();
    const calmMs = this.init.calm.since();
    const present = new Map<string, number>();
    for (const { key, who, words, why, told } of this.waiting()) {
      const since = this.since.get(key) ?? now;
      present.set(key, since);
      if (calmMs === undefined || now - Math.max(since, calmMs) < TOLD_WITHIN_MS || this.untold.has(key)) continue;
      const texts = told();
      if (words.length === 0 ? texts.length > 0 : texts.some((text) => words.some((word) => text.includes(word)))) continue;
      this.untold.add(key);
      const said = texts.length === 0 ? 'nothing' : texts.map((text) => JSON.stringify(text.slice(0, 160))).join(', ');
      this.violations.push(new Violation('who-waits-is-told', `${who} waits: ${why}. It is told ${said}`));
    }
    this.since = present;
    // An un-ready snapshot is not shown what is over either.
    if (calmMs !== undefined && now - calmMs >= GONE_WITHIN_MS)
      for (const old of this.oldErrors(GONE_WITHIN_MS)) {
        if (this.untold.has(old.message)) continue;
        this.untold.add(old.message);
        this.violations.push(old);
      }
    return present.size > 0;
  }

  private *waiting(): Iterable<Waiting> {
    const { mirror } = this.init.known;
    for (const claim of mirror.claims.all()) {
      const waiting = claim.metadata?.deletionTimestamp === undefined ? this.claim(claim) : undefined;
      if (waiting !== undefined) yield waiting;
    }
    for (const snapshot of mirror.singles()) {
      const waiting = snapshot.metadata?.deletionTimestamp === undefined ? this.snapshot(snapshot) : this.endingSnapshot(snapshot);
      if (this.isAway(nodeOfContent(this.contentsOf(snapshot)[0]))) continue;
      if (waiting !== undefined) yield waiting;
    }
    for (const content of mirror.contents.all()) {
      const owner = mirror.snapshots.objects.get(content.spec?.volumeSnapshotRef?.uid ?? '');
      // The snapshot's own words are asked for while it is there.
      if (content.metadata?.deletionTimestamp === undefined || owner !== undefined || this.isAway(nodeOfContent(content))) continue;
      yield this.ending('content', content, () => [...this.eventsOn(content), ...errorOf(content)]);
    }
    for (const volume of mirror.volumes.all()) {
      if (volume.status?.phase !== 'Released' || volume.spec?.persistentVolumeReclaimPolicy !== 'Delete') continue;
      const source = sourceOf(volume);
      if (source?.driver !== this.init.known.driver.name || this.isAway(nodeOfVolume(volume))) continue;
      const refusal = this.refusal('DeleteVolume', source.handle);
      const ending = this.ending('PV', volume, () => this.eventsOn(volume));
      yield refusal === undefined ? ending : { ...ending, key: `${ending.key} ${refusal.code}`, words: refusal.words, why: refusal.why };
    }
  }

  private claim(claim: PersistentVolumeClaim): Waiting | undefined {
    const { known, unbindable } = this.init;
    const name = `${claim.metadata?.namespace ?? ''}/${claim.metadata?.name ?? ''}`;
    if (claim.status?.phase === 'Bound' || unbindable.has(name)) return undefined;
    const cause = causeOfClaim(known, claim);
    const uid = claim.metadata?.uid ?? '';
    if (cause?.silent === true || (cause === undefined && this.isFirstCallOpen('CreateVolume', `pvc-${uid}`))) return undefined;
    const reason = this.reason(uid, cause, this.refusal('CreateVolume', `pvc-${uid}`));
    return { who: `claim ${name}`, told: () => this.eventsOn(claim), ...(this.isSpam(claim) ? { ...reason, words: [] } : reason) };
  }

  private snapshot(snapshot: VolumeSnapshot): Waiting | undefined {
    if (snapshot.status?.readyToUse === true) return undefined;
    const cause = causeOfSnapshot(this.init.known, snapshot);
    const uid = snapshot.metadata?.uid ?? '';
    if (cause?.silent === true || (cause === undefined && this.isFirstCallOpen('CreateSnapshot', `snapshot-${uid}`))) return undefined;
    return {
      who: nameOf('snapshot', snapshot),
      told: () => this.toldOf(snapshot),
      ...this.reason(uid, cause, this.refusal('CreateSnapshot', `snapshot-${uid}`)),
    };
  }

  private endingSnapshot(snapshot: VolumeSnapshot): Waiting | undefined {
    if (this.contentsOf(snapshot).some((content) => this.isFirstCallOpen('DeleteSnapshot', handleOf(content) ?? ''))) return undefined;
    return this.ending('snapshot', snapshot, () => this.toldOf(snapshot));
  }

  private ending(kind: string, object: KubeObject, told: () => readonly string[]): Waiting {
    const why = `it is to go, and has ${(object.metadata?.finalizers ?? []).join(', ')}`;
    return { key: `ending ${object.metadata?.uid ?? ''}`, who: nameOf(kind, object), words: [], why, told };
  }

  /** What is missing comes first: without it the driver is not asked. */
  private reason(uid: string, cause: Cause | undefined, refusal: Refusal | undefined): Pick<Waiting, 'key' | 'words' | 'why'> {
    if (cause !== undefined) return { key: `${uid} ${cause.what}`, words: cause.name === '' ? [] : [cause.name], why: cause.what };
    if (refusal !== undefined) return { key: `${uid} ${refusal.code}`, words: refusal.words, why: refusal.why };
    return { key: uid, words: [], why: 'it has all that it needs' };
  }

  /** Nobody can say more yet; that it was begun was said by an event, which may have died with its sender. */
  private isFirstCallOpen(rpc: LoggedRpc, subject: string): boolean {
    const calls = this.init.calls.of(rpc, subject);
    return (
      !this.init.calm.untouched && calls.length > 0 && calls.every(({ answer }) => answer === undefined) && calls.at(-1)?.lost !== true
    );
  }

  private refusal(rpc: LoggedRpc, subject: string): Refusal | undefined {
    const answered = this.init.calls.of(rpc, subject).filter(({ answer }) => answer !== undefined);
    const last = answered.at(-1);
    return last?.answer === undefined || last.answer.code === 0 ? undefined : refusalOf(last, last.answer);
  }

  private toldOf(snapshot: VolumeSnapshot): readonly string[] {
    return [
      ...this.eventsOn(snapshot),
      ...errorOf(snapshot),
      ...this.contentsOf(snapshot).flatMap((content) => [...this.eventsOn(content), ...errorOf(content)]),
    ];
  }

  private contentsOf({ metadata }: VolumeSnapshot): readonly VolumeSnapshotContent[] {
    return this.init.known.mirror.contents.all().filter(({ spec }) => spec?.volumeSnapshotRef?.uid === metadata?.uid);
  }

  /** Who would say something is not there. */
  private isAway(node: string | undefined): boolean {
    return node !== undefined && this.init.known.isServed?.(node) === false;
  }

  private eventsOn(object: KubeObject): readonly string[] {
    return this.recordedOn(object).map(({ reason = '', message = '' }) => `${reason}: ${message}`);
  }

  private recordedOn({ metadata }: KubeObject): readonly CoreEvent[] {
    return this.init.known.mirror.events
      .all()
      .filter(({ involvedObject }) => involvedObject?.uid === metadata?.uid && metadata?.uid !== undefined);
  }

  /** Of so many events on one object client-go drops what follows, but for one in five minutes. */
  private isSpam(object: KubeObject): boolean {
    return this.recordedOn(object).reduce((sum, { count = 1 }) => sum + count, 0) >= SPAM_BURST;
  }

  /** Errors that are shown though the last call succeeded at least `agoMs` ago; to be asked once things have settled, with 0. */
  *oldErrors(agoMs = 0): Iterable<Violation> {
    const { mirror } = this.init.known;
    const isOld = (call: LoggedCall | undefined): boolean =>
      call?.answer !== undefined && call.answer.code === 0 && this.init.now() - call.answer.atMs >= agoMs;
    for (const content of mirror.contents.all()) {
      const owner = content.spec?.volumeSnapshotRef?.uid ?? '';
      const calls = this.init.calls.of('CreateSnapshot', `snapshot-${owner}`);
      const given = agoMs === 0 && content.status?.readyToUse === true;
      if (!given && (handleOf(content) === undefined || !isOld(calls.findLast(({ answer }) => answer !== undefined)))) continue;
      if (content.metadata?.deletionTimestamp !== undefined) continue;
      const snapshot = mirror.snapshots.objects.get(owner);
      for (const [kind, object] of [['content', content] as const, ['snapshot', snapshot] as const])
        if (object?.status?.error !== undefined)
          yield new Violation(
            'old-errors-go',
            `${nameOf(kind, object)} shows "${object.status.error.message ?? ''}", and its last call succeeded`,
          );
    }
  }
}

interface Refusal {
  readonly code: number;
  readonly words: readonly string[];
  readonly why: string;
}

/** Names of codes as the Go programs print them. */
const CODES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];
const CANCELLED = 1;

function refusalOf({ rpc }: LoggedCall, { code, message }: { readonly code: number; readonly message: string }): Refusal {
  const name = CODES[code] ?? String(code);
  // A call that its caller gave up was too slow for it.
  const words = code === CANCELLED ? [name, 'DeadlineExceeded'] : [name, ...(message === '' ? [] : [message])];
  return { code, words, why: `${rpc} was answered ${name}` };
}

function errorOf({ status }: VolumeSnapshot | VolumeSnapshotContent): readonly string[] {
  return status?.error?.message === undefined ? [] : [status.error.message];
}

function nameOf(kind: string, { metadata }: KubeObject): string {
  return `${kind} ${metadata?.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata?.name ?? ''}`;
}
