/**
 * Where the making of one claim's volume stands, as one value, and what every event does to it. Pure.
 *
 *   none → opening → open → created → closing → none
 *
 * `opening`: its entry is being written to the journal. `open`: the entry stands and CreateVolume may be sent, is
 * running or was answered. `created`: there is a volume and no PV yet. `closing`: nothing may be left of it, and
 * the entry goes with the journal's next write.
 *
 * Two readers, which must not be mixed. What users wait for follows the driver's latest answer, as in the Go
 * program: `sourceInUse`. The account, `uncertain`, follows certainty: a request whose outcome once was unknown
 * stays until the volume is found or certainly does not exist, and nobody waits for it.
 */
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import type { Ambiguity, Outcome } from '../../lib/csi/outcome.ts';
import { judge } from '../../lib/csi/outcome.ts';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import type { Intent, SourceReference } from './intent.ts';
import { MOST_UNCERTAIN, sameIntent } from './intent.ts';

/** Requests that may have made a volume which no PV names yet. */
export interface Account {
  /** At least one; the first is the one that is settled first. */
  readonly intents: readonly Intent[];
  /** The final answers to the first of them since its outcome was unknown. */
  readonly ambiguity: Ambiguity;
  /** Wall clock of the first unknown outcome, ms. */
  readonly sinceMs: number;
  /** A deletion of this volume was asked for and may still be carried out: should the driver answer with it, it must not be used. */
  readonly deleting?: string | undefined;
}

export interface OpenOperation {
  readonly phase: 'open';
  readonly intent: Intent;
  /** `unknown`, `final`: what the latest answer was. */
  readonly call: 'not-sent' | 'running' | 'unknown' | 'final';
  readonly uncertain: Account | undefined;
  /** A volume that nobody wants (too small, of an earlier class): it is deleted before anything else is asked for. */
  readonly unwanted: { readonly handle: string; readonly madeBy: Intent } | undefined;
  /** When the attempt's call began, on the monotonic clock. */
  readonly startedMs: number | undefined;
}

export type Operation =
  | { readonly phase: 'none' }
  | { readonly phase: 'opening'; readonly intent: Intent; readonly uncertain: Account | undefined }
  | OpenOperation
  | {
      readonly phase: 'created';
      readonly intent: Intent;
      /** The finished PV, not saved yet. */
      readonly volume: PersistentVolume;
      readonly startedMs: number | undefined;
    }
  | { readonly phase: 'closing'; readonly name: string };

export const NO_OPERATION = { phase: 'none' } as const satisfies Operation;

/** Something stands, or may stand, in the journal and in the storage. */
export function isOpen(operation: Operation): boolean {
  return operation.phase !== 'none';
}

/** Name of the volume that it is about. */
export function volumeNameOf(operation: Operation): string | undefined {
  if (operation.phase === 'none') return undefined;
  return operation.phase === 'closing' ? operation.name : operation.intent.request.name;
}

/** The source that the driver may be reading from right now, as far as its latest answer says. */
export function sourceInUse(operation: Operation): SourceReference | undefined {
  switch (operation.phase) {
    case 'none':
    case 'closing':
      return undefined;
    case 'open':
      return operation.call === 'final' ? undefined : operation.intent.source;
    case 'opening':
    case 'created':
      return operation.intent.source;
    default:
      return operation satisfies never;
  }
}

/** What the journal has to hold: the request that is sent next, and those that are uncertain. */
export function intentsOf(intent: Intent, uncertain: Account | undefined): readonly [Intent, ...Intent[]] {
  return [intent, ...(uncertain?.intents ?? []).filter((other) => !sameIntent(other, intent))];
}

export function uncertainOf(operation: Operation): Account | undefined {
  return operation.phase === 'open' || operation.phase === 'opening' ? operation.uncertain : undefined;
}

/** The request is about to be written down. */
export function opening(before: Operation, intent: Intent): Operation {
  return { phase: 'opening', intent, uncertain: uncertainOf(before) };
}

/** It stands in the journal, or only in memory where that cannot be written. */
export function opened(intent: Intent, uncertain: Account | undefined): OpenOperation {
  return { phase: 'open', intent, call: 'not-sent', uncertain, unwanted: undefined, startedMs: undefined };
}

/** It could not be written down, so it was not sent. An earlier entry of the claim may stand all the same: it is closed. */
export function notOpened(operation: Operation): Operation {
  if (operation.phase !== 'opening') return operation;
  const { uncertain, intent } = operation;
  const [first] = uncertain?.intents ?? [];
  if (first === undefined) return { phase: 'closing', name: intent.request.name };
  return { ...opened(first, uncertain), call: 'unknown' };
}

/** What stood in a journal: nothing is known of the calls that were made for it. */
export interface Inherited {
  readonly intents: readonly [Intent, ...Intent[]];
  readonly deleting: string | undefined;
}

/** Of an earlier process. */
export function inherited({ intents, deleting }: Inherited, nowMs: number): OpenOperation {
  return { ...opened(intents[0], { ...account(bounded(intents), nowMs), deleting }), call: 'unknown' };
}

/** As above, where this process may be at work on the claim already. */
export function adopted(operation: Operation, entry: Inherited, nowMs: number): Operation {
  const { intents } = entry;
  // With the volume in hand nothing of the past is uncertain.
  if (operation.phase === 'created') return operation;
  if (operation.phase !== 'open' && operation.phase !== 'opening') return inherited(entry, nowMs);
  const known = operation.uncertain?.intents ?? [];
  const fresh = intents.filter((one) => !known.some((other) => sameIntent(one, other)));
  const deleting = operation.uncertain?.deleting ?? entry.deleting;
  const sinceMs = operation.uncertain?.sinceMs ?? nowMs;
  return { ...operation, uncertain: { ...account(bounded([...known, ...fresh]), nowMs), sinceMs, deleting } };
}

/** The newest and the oldest are kept: the oldest is the one that most likely made something. */
function bounded(intents: readonly Intent[]): readonly Intent[] {
  return intents.length <= MOST_UNCERTAIN ? intents : [...intents.slice(0, MOST_UNCERTAIN - 1), ...intents.slice(-1)];
}

function account(intents: readonly Intent[], nowMs: number): Account {
  return { intents, ambiguity: { times: 0, sinceMs: nowMs }, sinceMs: nowMs };
}

export interface Answer {
  readonly outcome: Outcome;
  readonly grpcCode: number | undefined;
  readonly nowMs: number;
}

export interface Answered {
  readonly operation: Operation;
  /** The account was closed by repetition, not by knowledge: worth a Warning and a counter. */
  readonly gaveUp: boolean;
}

/** CreateVolume of `sent` was answered without a volume. */
export function answered(operation: OpenOperation, sent: Intent, { outcome, grpcCode, nowMs }: Answer): Answered {
  const { uncertain } = operation;
  if (outcome === 'unknown') {
    const intents = uncertain?.intents ?? [];
    const known = intents.some((other) => sameIntent(other, sent));
    const next = account(bounded(known ? intents : [sent, ...intents]), nowMs);
    const kept = { sinceMs: uncertain?.sinceMs ?? nowMs, deleting: uncertain?.deleting };
    return { operation: { ...operation, call: 'unknown', uncertain: { ...next, ...kept } }, gaveUp: false };
  }
  if (uncertain === undefined) return { operation: { phase: 'closing', name: sent.request.name }, gaveUp: false };
  const final: OpenOperation = { ...operation, call: 'final' };
  const [first, ...others] = uncertain.intents;
  // What the driver says of another request says nothing about this one.
  if (first === undefined || !sameIntent(first, sent)) return { operation: final, gaveUp: false };
  const anew = { times: 0, sinceMs: nowMs };
  // Another request made it.
  if (grpcCode === GrpcCode.ALREADY_EXISTS && others.length > 0)
    return { operation: { ...final, uncertain: { ...uncertain, intents: [...others, first], ambiguity: anew } }, gaveUp: false };
  const { ambiguity, gaveUp } = judge(uncertain.ambiguity, { outcome, grpcCode, nowMs });
  if (ambiguity !== undefined) return { operation: { ...final, uncertain: { ...uncertain, ambiguity } }, gaveUp };
  if (others.length > 0) return { operation: { ...final, uncertain: { ...uncertain, intents: others, ambiguity: anew } }, gaveUp };
  return { operation: { phase: 'closing', name: sent.request.name }, gaveUp };
}

/** The driver made a volume that is not to be used. It certainly exists, so it stays on the account until it is deleted. */
export function madeUnwanted(
  operation: OpenOperation,
  { handle, sent, nowMs }: { handle: string; sent: Intent; nowMs: number },
): Operation {
  const uncertain = { ...(operation.uncertain ?? account([sent], nowMs)), deleting: handle };
  return { ...operation, call: 'final', uncertain, unwanted: { handle, madeBy: sent } };
}

/** The unwanted volume is certainly gone. What else may be there stays on the account. */
export function deletedUnwanted({ uncertain, ...operation }: OpenOperation): OpenOperation {
  return { ...operation, unwanted: undefined, uncertain: uncertain === undefined ? undefined : { ...uncertain, deleting: undefined } };
}

/** Its PV could not be saved under its name: what became of it is asked for anew by the same call. */
export function unsavable(intent: Intent, nowMs: number): OpenOperation {
  return { ...opened(intent, account([intent], nowMs)), call: 'unknown' };
}
