/** The calls of a content's loop to its driver. A failure is an answer: it has to be written down. */
import { keyOf, type Store } from '../../lib/controller/store.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { type Outcome, outcomeOf } from '../../lib/csi/outcome.ts';
import type { Clock } from '../../lib/doors/clock.ts';
import { type Cause, causeOfAnswer } from '../failure-note.ts';
import { quote } from '../peer-words.ts';
import { afterAnswer } from './create-calls.ts';
import { describe } from './failure.ts';
import type { CallWith, DriverCalls, Seen, Unusable } from './driver-calls.ts';
import type { Content } from './kind.ts';
import type { FoundSnapshot } from './found.ts';
import type { ContentAnswer, ContentMemory, ContentState, DriverCall, Remembered } from './state.ts';
import { notListed, notTaken } from './words.ts';

export interface DriverDeps<C extends Content> {
  readonly calls: DriverCalls;
  readonly clock: Clock;
  readonly contents: Store<C>;
  readonly memory: ContentMemory;
  /** What an earlier call did was given up after many equal answers. */
  readonly gaveUp: () => void;
}

interface Run<C extends Content> {
  readonly state: ContentState<C>;
  readonly signal: AbortSignal;
}

/** Nothing is kept of a content that is gone. Answers it as the cache has it now. */
export function remember<C extends Content>({ contents, memory }: DriverDeps<C>, { content }: ContentState<C>, known: Remembered): C {
  const uid = content.metadata?.uid ?? '';
  const cached = contents.get(keyOf(content));
  if (cached?.metadata?.uid !== uid) return content;
  memory.set(uid, known);
  return cached;
}

/** Keeps the answer until it is written down. */
export function conclude<C extends Content>(deps: DriverDeps<C>, state: ContentState<C>, known: Remembered): ContentAnswer<C> {
  return { kind: 'driver', calls: known.calls, answer: known.answer, content: remember(deps, state, known), now: deps.clock.now() };
}

export async function create<C extends Content>(
  deps: DriverDeps<C>,
  { request, purpose }: DriverCall & { kind: 'create-snapshot' },
  run: Run<C>,
): Promise<ContentAnswer<C>> {
  const { state } = run;
  const { noun, createRpc } = state.kind;
  const unmarked = purpose === 'search';
  const answered = (outcome: Outcome, grpcCode: number | undefined): ReturnType<typeof afterAnswer> =>
    afterAnswer(state.calls, { outcome, grpcCode, nowMs: deps.clock.now(), unmarked });
  // Until it is answered, and whatever else may be thrown.
  remember(deps, state, { calls: answered('unknown', undefined).calls });
  const result = await ask(() => deps.calls.create(request, purpose, callWith(run)));
  if ('found' in result) return conclude(deps, state, { calls: { kind: 'none' }, answer: found('create-snapshot', result) });
  const { calls, gaveUp } = answered(outcomeOf({ rpc: createRpc, grpcCode: result.grpcCode }), result.grpcCode);
  if (gaveUp) deps.gaveUp();
  const lastWord = gaveUp
    ? `; this answer came too often after a call without one and is taken as final, a ${noun} named ${request.name} may exist`
    : '';
  const why = `${notTaken(state, result.unusable)}${remedy(state, result)}${lastWord}`;
  return conclude(deps, state, { calls, answer: describe(state, 'create-snapshot', { why, cause: causeOf(result) }) });
}

export async function refresh<C extends Content>(
  deps: DriverDeps<C>,
  { handles }: DriverCall & { kind: 'refresh-snapshot' | 'delete-snapshot' },
  run: Run<C>,
): Promise<ContentAnswer<C>> {
  const { state } = run;
  const { calls } = state;
  const result = await ask(() => deps.calls.ask(handles, callWith(run)));
  if ('found' in result) return conclude(deps, state, { calls, answer: found('refresh-snapshot', result) });
  const why = `${notListed(state, result.unusable)}${remedy(state, result)}`;
  return conclude(deps, state, { calls, answer: describe(state, 'refresh-snapshot', { why, cause: causeOf(result) }) });
}

export async function remove<C extends Content>(
  deps: DriverDeps<C>,
  { handles }: DriverCall & { kind: 'refresh-snapshot' | 'delete-snapshot' },
  run: Run<C>,
): Promise<ContentAnswer<C>> {
  const { state } = run;
  const result = await ask(() => deps.calls.delete(handles, callWith(run)));
  if (result === undefined) return conclude(deps, state, { calls: { kind: 'deleted' } });
  const why = `failed to delete ${state.kind.noun} ${handles.handle}: ${quote(result.unusable)}${withoutSecret(state)}`;
  return conclude(deps, state, { calls: state.calls, answer: describe(state, 'delete-snapshot', { why, cause: causeOf(result) }) });
}

function causeOf({ cause, grpcCode }: Unusable): Cause {
  return cause ?? causeOfAnswer(grpcCode);
}

function remedy<C extends Content>({ kind, lacks }: ContentState<C>, { grpcCode }: Unusable): string {
  if (lacks === undefined || grpcCode !== GrpcCode.UNIMPLEMENTED) return '';
  return `: the driver has not the capability ${lacks}, so it makes no ${kind.noun}s. Use a version of the driver that has, or delete the ${kind.ownerKind}`;
}

function withoutSecret<C extends Content>({ kind, secret }: ContentState<C>): string {
  if (secret?.isMissing !== true) return '';
  const { namespace, name } = secret.of;
  const annotations = kind.secretAnnotations;
  return `. It was asked without credentials, since secret ${namespace}/${name} is not found: create it again, or let the annotations ${annotations.name} and ${annotations.namespace} of this content name another`;
}

async function ask<T>(call: () => Promise<T>): Promise<T | Unusable> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    return { unusable: error.message, grpcCode: error.grpcCode };
  }
}

function found(effect: FoundSnapshot['effect'], { found: what }: Seen): FoundSnapshot {
  return { kind: 'snapshot', effect, ...what };
}

function callWith<C extends Content>({ state, signal }: Run<C>): CallWith {
  return { secrets: state.secret?.reveal() ?? {}, signal };
}
