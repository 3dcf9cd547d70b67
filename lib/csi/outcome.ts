/**
 * What an answer of the driver says about the object it was asked to make or delete.
 *
 * Two readers, never to be mixed: what users wait for follows `outcomeOf` on the latest answer, as in the Go
 * programs; the account of what an earlier call may have made is closed by `judge`, behind their backs.
 * Source: the error scheme of the CSI specification and the Go programs (docs/peer-behaviour.md#answers-of-createvolume
 * and docs/peer-behaviour.md#answers-of-createsnapshot).
 */
import { GrpcCode } from './grpc-code.ts';

export type Outcome =
  /** The call succeeded. */
  | 'done'
  /** Final: the driver did not and will not make it. */
  | 'failed'
  /** It may exist or come to exist. */
  | 'unknown'
  /** Final here: another node or segment should be chosen (CreateVolume with topology and a selected node). */
  | 'reschedule';

export type MakingRpc =
  | 'CreateVolume'
  | 'DeleteVolume'
  | 'CreateSnapshot'
  | 'DeleteSnapshot'
  | 'CreateVolumeGroupSnapshot'
  | 'DeleteVolumeGroupSnapshot';

export interface AnswerOf {
  readonly rpc: MakingRpc;
  /** Undefined: the failure was no gRPC status. */
  readonly grpcCode: number | undefined;
  /** CreateVolume only: the driver supports topology and a node was selected for the claim. */
  readonly canReschedule?: boolean;
}

/** Codes after which the driver may still be at work, whatever was asked. */
const RUNNING_ON: ReadonlySet<number> = new Set([GrpcCode.CANCELLED, GrpcCode.DEADLINE_EXCEEDED, GrpcCode.UNAVAILABLE, GrpcCode.ABORTED]);

/** What "no room" means: a snapshot may find room later under the same name, a volume is refused here. */
const EXHAUSTED: Readonly<Record<MakingRpc, 'unknown' | 'refused'>> = {
  CreateVolume: 'refused',
  DeleteVolume: 'refused',
  CreateSnapshot: 'unknown',
  DeleteSnapshot: 'unknown',
  CreateVolumeGroupSnapshot: 'unknown',
  DeleteVolumeGroupSnapshot: 'unknown',
};

export function outcomeOf({ rpc, grpcCode, canReschedule }: AnswerOf): Outcome {
  if (grpcCode === GrpcCode.OK) return 'done';
  if (grpcCode === undefined || RUNNING_ON.has(grpcCode)) return 'unknown';
  if (grpcCode !== GrpcCode.RESOURCE_EXHAUSTED) return 'failed';
  if (EXHAUSTED[rpc] === 'unknown') return 'unknown';
  return rpc === 'CreateVolume' && canReschedule === true ? 'reschedule' : 'failed';
}

/** The account of a name whose earlier call ended unknown: what final answers have come since. Plain data, kept by the caller. */
export interface Ambiguity {
  /** The final code that was answered last, if the last answer was final. */
  readonly grpcCode?: number;
  /** How often in a row, and since when (wall clock, ms). */
  readonly times: number;
  readonly sinceMs: number;
}

export interface Verdict {
  readonly outcome: Outcome;
  /** To be kept for the next answer; undefined: the account is closed. */
  readonly ambiguity: Ambiguity | undefined;
  /** True once, when the account is closed without a success: worth a Warning and a counter. */
  readonly gaveUp: boolean;
}

/**
 * Answers that say nothing about an earlier call, however often they come: the driver refused the login and did
 * not look, or an object of the name exists, which may well be what the earlier call made.
 */
const PROVES_NOTHING: ReadonlySet<number> = new Set([GrpcCode.UNAUTHENTICATED, GrpcCode.PERMISSION_DENIED, GrpcCode.ALREADY_EXISTS]);

const FINAL_TIMES = 5;
const FINAL_SPAN_MS = 10 * 60_000;

/**
 * After an unknown answer, one final code proves nothing: it may be about the second call while the first
 * still runs. Only success closes the account, or the same final code five times over at least ten minutes.
 * Without an unknown answer before it, every final answer is final at once.
 */
export function judge(
  ambiguity: Ambiguity | undefined,
  answer: { readonly outcome: Outcome; readonly grpcCode: number | undefined; readonly nowMs: number },
): Verdict {
  const { outcome, grpcCode, nowMs } = answer;
  if (outcome === 'done') return { outcome, ambiguity: undefined, gaveUp: false };
  if (outcome === 'unknown' || grpcCode === undefined)
    return { outcome: 'unknown', ambiguity: { times: 0, sinceMs: nowMs }, gaveUp: false };
  if (ambiguity === undefined) return { outcome, ambiguity: undefined, gaveUp: false };
  if (PROVES_NOTHING.has(grpcCode)) return { outcome: 'unknown', ambiguity: { times: 0, sinceMs: nowMs }, gaveUp: false };
  const again = ambiguity.grpcCode === grpcCode;
  const next: Ambiguity = { grpcCode, times: again ? ambiguity.times + 1 : 1, sinceMs: again ? ambiguity.sinceMs : nowMs };
  const enough = next.times >= FINAL_TIMES && nowMs - next.sinceMs >= FINAL_SPAN_MS;
  return enough ? { outcome, ambiguity: undefined, gaveUp: true } : { outcome: 'unknown', ambiguity: next, gaveUp: false };
}
