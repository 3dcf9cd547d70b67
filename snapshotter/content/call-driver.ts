/** The calls of a content's loop to its driver. A failure is an answer: it has to be written down. */
import type { CsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { outcomeOf } from '../../lib/csi/outcome.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import type { Snapshot } from '../../proto/gen/csi.ts';
import { volumeHandleOf } from '../content-facts.ts';
import type { CaseBook, CreateRecord } from './case-book.ts';
import { judgeCreate } from './doubt.ts';
import { messageOf } from './failure.ts';
import type { ContentAnswer, ContentState, DriverAnswer, DriverCall, DriverEffect } from './state.ts';

export interface DriverTools {
  readonly csi: Pick<CsiClient, 'createSnapshot' | 'deleteSnapshot' | 'listSnapshots'>;
  readonly clock: Clock;
  readonly cases: CaseBook;
  /** True where this process may destroy. */
  readonly leaseIsFresh: () => boolean;
  /** Keeps an answer until it is written down, and answers it with the content as the cache has it now. */
  readonly conclude: (state: ContentState, result: { readonly answer: DriverAnswer; readonly record: CreateRecord }) => ContentAnswer;
  /** An undecided call was given up after many equal answers. */
  readonly gaveUp: () => void;
}

interface Run {
  readonly state: ContentState;
  readonly signal: AbortSignal;
}

/** Above this an API server stores no object: the write would be refused for ever, and the case never decided. */
const LONGEST_HANDLE = 1 << 20;

export async function callDriver(tools: DriverTools, step: DriverCall, run: Run): Promise<ContentAnswer> {
  switch (step.kind) {
    case 'create-snapshot':
      return createSnapshot(tools, step, run);
    case 'refresh-snapshot':
      return listSnapshot(tools, step, run);
    case 'delete-snapshot':
      return deleteSnapshot(tools, step, run);
    default:
      return step satisfies never;
  }
}

async function createSnapshot(
  tools: DriverTools,
  { request }: DriverCall & { kind: 'create-snapshot' },
  { state, signal }: Run,
): Promise<ContentAnswer> {
  const { clock, csi } = tools;
  const result = await ask(() => csi.createSnapshot({ ...request, secrets: secretsOf(state) }, signal));
  const snapshot = result.ok ? result.value.snapshot : undefined;
  if (snapshot !== undefined && snapshot.snapshotId !== '' && snapshot.snapshotId.length <= LONGEST_HANDLE) {
    const { record } = judgeCreate(state.record, { outcome: 'done', grpcCode: 0, nowMs: clock.now() });
    return tools.conclude(state, { answer: found('create-snapshot', snapshot), record });
  }
  const grpcCode = result.ok ? undefined : result.grpcCode;
  const outcome = outcomeOf({ rpc: 'CreateSnapshot', grpcCode });
  const { record, decided, gaveUp } = judgeCreate(state.record, { outcome, grpcCode, nowMs: clock.now() });
  if (gaveUp) tools.gaveUp();
  const why = result.ok ? unusable(snapshot) : result.message;
  const handle = volumeHandleOf(state.content) ?? '';
  const lastWord = gaveUp
    ? `; this answer came too often after a call without one and is taken as final, a snapshot named ${request.name} may exist`
    : '';
  const message = messageOf['create-snapshot'](
    state.content,
    `failed to take snapshot of the volume ${handle}: ${JSON.stringify(why)}${lastWord}`,
  );
  return tools.conclude(state, { answer: { kind: 'failed', effect: 'create-snapshot', message, decided, gaveUp }, record });
}

function unusable(snapshot: Snapshot | undefined): string {
  const length = snapshot?.snapshotId.length ?? 0;
  return length === 0
    ? 'the driver answered without a snapshot id'
    : `the driver answered with a snapshot id of ${length} characters, too long for a VolumeSnapshotContent`;
}

async function listSnapshot(
  tools: DriverTools,
  { handle }: DriverCall & { kind: 'refresh-snapshot' },
  { state, signal }: Run,
): Promise<ContentAnswer> {
  const request = { maxEntries: 0, startingToken: '', sourceVolumeId: '', snapshotId: handle, secrets: secretsOf(state) };
  const result = await ask(() => tools.csi.listSnapshots(request, signal));
  const snapshot = result.ok ? result.value.entries[0]?.snapshot : undefined;
  if (snapshot !== undefined)
    return tools.conclude(state, { answer: found('refresh-snapshot', { ...snapshot, snapshotId: handle }), record: state.record });
  const why = result.ok ? `the driver knows no snapshot ${handle}` : result.message;
  return failed(tools, state, { effect: 'refresh-snapshot', why: `failed to list snapshot ${handle}: ${JSON.stringify(why)}` });
}

async function deleteSnapshot(
  tools: DriverTools,
  { handle }: DriverCall & { kind: 'delete-snapshot' },
  { state, signal }: Run,
): Promise<ContentAnswer> {
  const { record } = state;
  // The new leader may have decided otherwise: a lease that was not renewed in time allows no destruction.
  if (!tools.leaseIsFresh()) return tools.conclude(state, { answer: { kind: 'not-leader' }, record });
  const result = await ask(() => tools.csi.deleteSnapshot({ snapshotId: handle, secrets: secretsOf(state) }, signal));
  if (!result.ok)
    return failed(tools, state, {
      effect: 'delete-snapshot',
      why: `failed to delete snapshot ${handle}: ${JSON.stringify(result.message)}`,
    });
  return tools.conclude(state, { answer: { kind: 'deleted' }, record: { ...record, deleted: true } });
}

function failed(tools: DriverTools, state: ContentState, { effect, why }: { effect: DriverEffect; why: string }): ContentAnswer {
  const answer = { kind: 'failed', effect, message: messageOf[effect](state.content, why), decided: false, gaveUp: false } as const;
  return tools.conclude(state, { answer, record: state.record });
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

function found(effect: 'create-snapshot' | 'refresh-snapshot', snapshot: Snapshot): DriverAnswer {
  const { snapshotId, creationTime, sizeBytes, readyToUse } = snapshot;
  return {
    kind: 'snapshot',
    effect,
    handle: snapshotId,
    creationTime: creationTime === undefined ? undefined : creationTime.seconds * 1_000_000_000n + BigInt(creationTime.nanos),
    sizeBytes,
    ready: readyToUse,
  };
}

function secretsOf({ secret }: ContentState): Record<string, string> {
  return secret?.reveal() ?? {};
}
