/**
 * How long the Go programs would make somebody wait: their rules on the same answers of the driver, restarts and acts
 * of users, as far as users feel them. Each rule says what is owed to an object now, and from when on. Pure.
 *
 * Sources: external-snapshotter v8 (sidecar: codes that are not final, mark being-created, retries; controller:
 * deletion of a VolumeSnapshot), external-provisioner v6 with its controller library (codes, reschedule, pause after
 * InvalidArgument, deletion of a PersistentVolume). Their retries are exponential, from 1 s to 5 min, without end;
 * a restart forgets them.
 */
const OK = 0;
const CANCELLED = 1;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const ABORTED = 10;
const UNAVAILABLE = 14;

const LONGEST_MS = 5 * 60_000;

/** Codes after which csi-snapshotter believes that the snapshot may still be in the making. Every other one is final. */
const SNAPSHOT_RUNS_ON: ReadonlySet<number> = new Set([CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, UNAVAILABLE]);

/** After these csi-provisioner believes that the volume may still be in the making. */
export function volumeRunsOn(code: number): boolean {
  return code === CANCELLED || code === DEADLINE_EXCEEDED || code === ABORTED || code === UNAVAILABLE;
}

export interface Answer {
  readonly atMs: number;
  readonly code: number;
}

/** The calls of one kind about one object. */
export interface Calls {
  /** In order; those of all lives of the program. */
  readonly answers: readonly Answer[];
  /** One is awaited. */
  readonly running: boolean;
  /** One was sent by a life that is over, later than the last answer. */
  readonly lost: boolean;
}

/** What is owed, and from when on. */
export interface Due {
  readonly what:
    | 'gone'
    | 'call CreateSnapshot'
    | 'call DeleteSnapshot'
    | 'call CreateVolume'
    | 'call DeleteVolume'
    | 'another node'
    | 'a node'
    | 'bound';
  readonly dueMs: number;
}

export interface Life {
  /** Since when the programs work undisturbed. */
  readonly sinceMs: number;
  /** When the program that calls began; it knows nothing of what was before. */
  readonly bornMs: number;
  /** Back-offs of other failures may be in force. */
  readonly longBackoff: boolean;
  /** When there was no driver: what is due then fails, and counts. */
  readonly driverless: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** After so many failures in a row. */
export function backoffMs(failures: number): number {
  return Math.min(1000 * 2 ** Math.max(0, failures - 1), LONGEST_MS);
}

/** When the next call is sent after a failed one; `earlier`: failures of the same object in other calls. */
function againMs({ answers }: Calls, { sinceMs, bornMs, longBackoff, driverless }: Life, earlier = 0): number {
  const last = answers.at(-1);
  if (last === undefined || last.atMs < bornMs) return sinceMs;
  if (longBackoff) return last.atMs + LONGEST_MS;
  // All count since the start: where one was a success and a call follows, it led to nothing, or to a look that counts.
  let failures = earlier;
  let dueMs = bornMs;
  for (const { atMs } of answers.filter((answer) => answer.atMs >= bornMs)) {
    for (; dueMs < atMs && isIn(driverless, dueMs); dueMs += backoffMs(failures)) failures += 1;
    failures += 1;
    dueMs = atMs + backoffMs(failures);
  }
  for (; isIn(driverless, dueMs); dueMs += backoffMs(failures)) failures += 1;
  return dueMs;
}

function isIn(periods: Life['driverless'], atMs: number): boolean {
  return periods.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
}

/** How long somebody may still wait for what a retry finds out: the retries came ever more slowly, as long as it waited. */
export function retryInForceMs(waitedMs: number): number {
  return Math.min(waitedMs + 1000, LONGEST_MS);
}

export interface DeletedSnapshot {
  readonly deletedMs: number;
  /** Undefined: there is none. */
  readonly content: { readonly retained: boolean; readonly cut: boolean; readonly marked: boolean } | undefined;
  /** When the mark was set that the content carried as it was told of the deletion; undefined: it carried none. */
  readonly begunMs: number | undefined;
  /** When the mark was taken off the content, each time. */
  readonly clearedMs: readonly number[];
  readonly create: Calls;
  readonly remove: Calls;
}

/** A VolumeSnapshot whose deletion is asked for, and that no waiting restore holds. */
export function owedToDeletedSnapshot(snapshot: DeletedSnapshot, life: Life): Due | undefined {
  const { deletedMs, content, begunMs = 0, clearedMs, create, remove } = snapshot;
  const from = (ms: number): number => Math.max(ms, deletedMs, life.sinceMs);
  if (content === undefined || content.retained) return { what: 'gone', dueMs: from(0) };
  const last = create.answers.at(-1);
  // What the driver says after its final word is no matter: the object was let go at that.
  const before = create.answers.findLast(({ atMs }) => atMs <= deletedMs);
  // Nor what it said before a call that was begun since.
  const isLatest = before !== undefined && before.atMs >= begunMs;
  const words = [...(isLatest ? [before] : []), ...create.answers.filter(({ atMs }) => atMs > deletedMs)];
  // Who dies before the mark is off is followed by one who has heard nothing.
  const nextMs = (word: Answer): number => create.answers[create.answers.indexOf(word) + 1]?.atMs ?? Infinity;
  const isKnown = (word: Answer): boolean => word.atMs >= life.bornMs || clearedMs.some((atMs) => atMs >= word.atMs && atMs < nextMs(word));
  const final = words.find((word) => word.code !== OK && !SNAPSHOT_RUNS_ON.has(word.code) && isKnown(word));
  if (final !== undefined && !content.cut) return { what: 'gone', dueMs: from(final.atMs) };
  if (create.running || remove.running) return undefined;
  if (content.cut || (last?.code === OK && !create.lost)) return owedToCut({ create, remove }, life, from);
  if (create.lost || (last === undefined && content.marked)) return { what: 'call CreateSnapshot', dueMs: from(0) };
  // Nothing was sent.
  if (last === undefined) return { what: 'gone', dueMs: from(0) };
  return { what: 'call CreateSnapshot', dueMs: from(againMs(create, life)) };
}

/** A living VolumeSnapshot that is not cut. How often an un-ready one is looked at is no matter of these rules. */
export function owedToSnapshot(create: Calls, life: Life): Due | undefined {
  const last = create.answers.at(-1);
  if (create.running || (last?.code === OK && !create.lost)) return undefined;
  if (create.lost) return { what: 'call CreateSnapshot', dueMs: life.sinceMs };
  return last === undefined ? undefined : { what: 'call CreateSnapshot', dueMs: Math.max(againMs(create, life), life.sinceMs) };
}

function owedToCut({ create, remove }: Pick<DeletedSnapshot, 'create' | 'remove'>, life: Life, from: (ms: number) => number): Due {
  const last = remove.answers.at(-1);
  if (last?.code === OK && !remove.lost) return { what: 'gone', dueMs: from(last.atMs) };
  const failed = last !== undefined && !remove.lost;
  // Found out only now that there is something to delete.
  const cutMs = create.answers.at(-1)?.atMs ?? 0;
  return { what: 'call DeleteSnapshot', dueMs: from(failed ? againMs(remove, life, create.answers.length) : cutMs) };
}

export interface WaitingClaim {
  readonly create: Calls;
  readonly askedMs: number;
  /** The driver has topology, the last call was for the node that is selected still, and that is since then. Else undefined. */
  readonly selectedMs: number | undefined;
  /** When its class was replaced by another, if it was since the last answer. */
  readonly mendedMs: number | undefined;
}

/** A claim that is not Bound, and for which everything is there that it needs. */
export function owedToClaim({ create, askedMs, selectedMs, mendedMs }: WaitingClaim, life: Life): Due | undefined {
  const last = create.answers.at(-1);
  const full =
    selectedMs === undefined ? undefined : create.answers.find(({ atMs, code }) => code === RESOURCE_EXHAUSTED && atMs >= selectedMs);
  if (full !== undefined) return { what: 'another node', dueMs: Math.max(full.atMs, life.sinceMs) };
  if (create.running) return undefined;
  if (create.lost) return { what: 'call CreateVolume', dueMs: life.sinceMs };
  const from = (ms: number): number => Math.max(ms, life.sinceMs);
  if (last === undefined) return { what: 'call CreateVolume', dueMs: from(askedMs) };
  if (last.code === OK) return { what: 'bound', dueMs: from(last.atMs) };
  if (last.code !== INVALID_ARGUMENT || last.atMs < life.bornMs) return { what: 'call CreateVolume', dueMs: from(againMs(create, life)) };
  const pauseMs = mendedMs === undefined ? LONGEST_MS : mendedMs - last.atMs + retryInForceMs(mendedMs - last.atMs);
  return { what: 'call CreateVolume', dueMs: from(last.atMs + Math.min(pauseMs, LONGEST_MS)) };
}

/** A PersistentVolume that was released at `releasedMs`, with reclaim policy Delete, attached nowhere. */
export function owedToReleasedVolume(releasedMs: number, remove: Calls, life: Life): Due | undefined {
  const last = remove.answers.at(-1);
  const from = (ms: number): number => Math.max(ms, releasedMs, life.sinceMs);
  if (remove.running) return undefined;
  if (last?.code === OK && !remove.lost) return { what: 'gone', dueMs: from(last.atMs) };
  return { what: 'call DeleteVolume', dueMs: from(remove.lost || last === undefined ? 0 : againMs(remove, life)) };
}
