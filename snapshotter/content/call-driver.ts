/** The calls of a content's loop to its driver. A failure is an answer: it has to be written down. */
import { keyOf, type Store } from '../../lib/controller/store.ts';
import type { CsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { type Outcome, outcomeOf } from '../../lib/csi/outcome.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { Snapshot } from '../../proto/gen/csi.ts';
import { volumeHandleOf } from '../content-accessors.ts';
import { CAUSE, causeOfAnswer } from '../failure-note.ts';
import { afterAnswer } from './create-calls.ts';
import { DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE } from '../names.ts';
import { quote } from '../peer-words.ts';
import { notTaken } from './create-request.ts';
import { describe } from './failure.ts';
import type { ContentAnswer, ContentMemory, ContentState, DriverCall, FoundSnapshot, Remembered } from './state.ts';

export interface DriverDeps {
  readonly csi: Pick<CsiClient, 'createSnapshot' | 'deleteSnapshot' | 'listSnapshots'>;
  readonly clock: Clock;
  readonly contents: Store<VolumeSnapshotContent>;
  readonly memory: ContentMemory;
  /** What an earlier call did was given up after many equal answers. */
  readonly gaveUp: () => void;
}

interface Run {
  readonly state: ContentState;
  readonly signal: AbortSignal;
}

/** Above this an API server stores no object: the write would be refused for ever, and the case never decided. */
const LONGEST_HANDLE = 1 << 20;
const INT64_MAX = 2n ** 63n - 1n;

/** Nothing is kept of a content that is gone. Answers it as the cache has it now. */
export function remember({ contents, memory }: DriverDeps, { content }: ContentState, known: Remembered): VolumeSnapshotContent {
  const uid = content.metadata?.uid ?? '';
  const cached = contents.get(keyOf(content));
  if (cached?.metadata?.uid !== uid) return content;
  memory.set(uid, known);
  return cached;
}

/** Keeps the answer until it is written down. */
export function conclude(deps: DriverDeps, state: ContentState, known: Remembered): ContentAnswer {
  return { kind: 'driver', calls: known.calls, answer: known.answer, content: remember(deps, state, known), now: deps.clock.now() };
}

export async function createSnapshot(
  deps: DriverDeps,
  { request, unmarked }: DriverCall & { kind: 'create-snapshot' },
  { state, signal }: Run,
): Promise<ContentAnswer> {
  const { content } = state;
  const answered = (outcome: Outcome, grpcCode: number | undefined): ReturnType<typeof afterAnswer> =>
    afterAnswer(state.calls, { outcome, grpcCode, nowMs: deps.clock.now(), unmarked });
  // Until it is answered, and whatever else may be thrown.
  remember(deps, state, { calls: answered('unknown', undefined).calls });
  const result = await ask(() => deps.csi.createSnapshot({ ...request, secrets: secretsOf(state) }, signal));
  const snapshot = result.ok ? result.value.snapshot : undefined;
  const length = Buffer.byteLength(snapshot?.snapshotId ?? '');
  if (snapshot !== undefined && length > 0 && length <= LONGEST_HANDLE)
    return conclude(deps, state, { calls: { kind: 'none' }, answer: found('create-snapshot', snapshot) });
  // An answer that cannot be used says as little as none.
  const grpcCode = result.ok ? undefined : result.grpcCode;
  const { calls, gaveUp } = answered(outcomeOf({ rpc: 'CreateSnapshot', grpcCode }), grpcCode);
  if (gaveUp) deps.gaveUp();
  const why = result.ok ? unusable(length) : result.message;
  const lastWord = gaveUp
    ? `; this answer came too often after a call without one and is taken as final, a snapshot named ${request.name} may exist`
    : '';
  const words = `${notTaken(volumeHandleOf(content), why)}${lastWord}`;
  const failure = describe(content, 'create-snapshot', { why: words, cause: causeOfAnswer(grpcCode) });
  return conclude(deps, state, { calls, answer: failure });
}

function unusable(length: number): string {
  return length === 0
    ? 'the driver answered without a snapshot id'
    : `the driver answered with a snapshot id of ${length} characters, too long for a VolumeSnapshotContent`;
}

export async function listSnapshot(
  deps: DriverDeps,
  { handle }: DriverCall & { kind: 'refresh-snapshot' },
  { state, signal }: Run,
): Promise<ContentAnswer> {
  const { content, calls } = state;
  const request = { maxEntries: 0, startingToken: '', sourceVolumeId: '', snapshotId: handle, secrets: secretsOf(state) };
  const result = await ask(() => deps.csi.listSnapshots(request, signal));
  // A driver that ignores the filter must not lend another snapshot's time and size.
  const entry = result.ok ? result.value.entries.find(({ snapshot }) => snapshot?.snapshotId === handle) : undefined;
  if (entry?.snapshot !== undefined) return conclude(deps, state, { calls, answer: found('refresh-snapshot', entry.snapshot) });
  const why = result.ok ? `can not find snapshot for snapshotID ${handle}` : result.message;
  const words = `failed to list snapshot for content ${content.metadata?.name ?? ''}: ${quote(why)}`;
  const cause = result.ok ? CAUSE.missing : causeOfAnswer(result.grpcCode);
  const failure = describe(content, 'refresh-snapshot', { why: words, cause });
  return conclude(deps, state, { calls, answer: failure });
}

export async function deleteSnapshot(
  deps: DriverDeps,
  { handle }: DriverCall & { kind: 'delete-snapshot' },
  { state, signal }: Run,
): Promise<ContentAnswer> {
  const result = await ask(() => deps.csi.deleteSnapshot({ snapshotId: handle, secrets: secretsOf(state) }, signal));
  if (result.ok) return conclude(deps, state, { calls: { kind: 'deleted' } });
  const cause = causeOfAnswer(result.grpcCode);
  const why = `failed to delete snapshot ${handle}: ${quote(result.message)}${withoutSecret(state)}`;
  return conclude(deps, state, { calls: state.calls, answer: describe(state.content, 'delete-snapshot', { why, cause }) });
}

function withoutSecret({ secret }: ContentState): string {
  if (secret?.isMissing !== true) return '';
  const { namespace, name } = secret.of;
  return `. It was asked without credentials, since secret ${namespace}/${name} is not found: create it again, or let the annotations ${DELETION_SECRET_NAME} and ${DELETION_SECRET_NAMESPACE} of this content name another`;
}

type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly grpcCode: number | undefined; readonly message: string };

async function ask<T>(call: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    return { ok: false, grpcCode: error.grpcCode, message: error.message };
  }
}

function found(effect: FoundSnapshot['effect'], { snapshotId, creationTime, sizeBytes, readyToUse }: Snapshot): FoundSnapshot {
  const given = creationTime === undefined ? 0n : creationTime.seconds * 1_000_000_000n + BigInt(creationTime.nanos);
  // Zero is what a driver answers that does not know the time yet.
  const time = given === 0n ? undefined : given;
  const isOdd = time !== undefined && (time > INT64_MAX || time < -INT64_MAX);
  return {
    kind: 'snapshot',
    effect,
    handle: snapshotId,
    creationTime: isOdd ? undefined : time,
    oddTime: isOdd ? creationTime?.seconds : undefined,
    sizeBytes,
    ready: readyToUse,
  };
}

function secretsOf({ secret }: ContentState): Record<string, string> {
  return secret?.reveal() ?? {};
}
