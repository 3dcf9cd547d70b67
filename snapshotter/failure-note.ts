/**
 * The failure that a program can read: one annotation beside `status.error`, which is for people. It says by which code the
 * latest attempt failed, whether waiting alone can heal it, and since when that is so. csi-snapshotter writes it on the content,
 * snapshot-controller on the VolumeSnapshot, each only when code or retryability changes; it goes when the failure does.
 */
import { GrpcCode, grpcCodeName } from '../lib/csi/grpc-code.ts';
import type { KubeObject } from '../lib/kube/objects.ts';
import { formatTime } from '../lib/kube/time.ts';
import { FAILURE } from './names.ts';

export interface Cause {
  /** A gRPC code by its name in Go: `ResourceExhausted`. Failures without the driver have the code that fits. */
  readonly code: string;
  /** False: somebody has to change something, here or in the storage. */
  readonly retryable: boolean;
}

/** `since`: RFC 3339, of the first failure with this code and retryability. */
export type FailureNote = Cause & { readonly since: string };

const ONLY_A_CHANGE_HEALS: ReadonlySet<number> = new Set([
  GrpcCode.INVALID_ARGUMENT,
  GrpcCode.NOT_FOUND,
  GrpcCode.ALREADY_EXISTS,
  GrpcCode.PERMISSION_DENIED,
  GrpcCode.FAILED_PRECONDITION,
  GrpcCode.OUT_OF_RANGE,
  GrpcCode.UNIMPLEMENTED,
  GrpcCode.DATA_LOSS,
  GrpcCode.UNAUTHENTICATED,
]);

/** Undefined: the call ended without a code. */
export function causeOfAnswer(grpcCode: number | undefined): Cause {
  const code = grpcCode ?? GrpcCode.UNKNOWN;
  return { code: grpcCodeName(code), retryable: !ONLY_A_CHANGE_HEALS.has(code) };
}

/** Of the API server's refusal, by its HTTP status. */
export function causeOfRefusal(status: number): Cause {
  const code = { 401: GrpcCode.UNAUTHENTICATED, 403: GrpcCode.PERMISSION_DENIED, 404: GrpcCode.NOT_FOUND }[status];
  return causeOfAnswer(code ?? GrpcCode.INVALID_ARGUMENT);
}

/** What stands in the way before anybody is asked. */
export const CAUSE = {
  invalid: causeOfAnswer(GrpcCode.INVALID_ARGUMENT),
  missing: causeOfAnswer(GrpcCode.NOT_FOUND),
  inTheWay: causeOfAnswer(GrpcCode.FAILED_PRECONDITION),
  lost: causeOfAnswer(GrpcCode.DATA_LOSS),
  /** What is waited for comes by itself. */
  notYet: { code: grpcCodeName(GrpcCode.FAILED_PRECONDITION), retryable: true },
} as const satisfies Readonly<Record<string, Cause>>;

/** Undefined where there is none, or somebody wrote what is none. */
export function readNote({ metadata }: KubeObject): FailureNote | undefined {
  try {
    const note = JSON.parse(metadata?.annotations?.[FAILURE] ?? '{}') as Partial<Record<keyof FailureNote, unknown>> | null;
    const { code, retryable, since } = note ?? {};
    if (typeof code === 'string' && typeof retryable === 'boolean' && typeof since === 'string') return { code, retryable, since };
  } catch {
    // A user's text.
  }
  return undefined;
}

/** What the annotation has to become, null: nothing. Undefined where it is so: the same failure does not move its time. */
export function noteChange(
  object: KubeObject,
  cause: (Cause & { readonly since?: string }) | undefined,
  now: number,
): string | null | undefined {
  if (cause === undefined) return object.metadata?.annotations?.[FAILURE] === undefined ? undefined : null;
  const { code, retryable, since = formatTime(now) } = cause;
  const old = readNote(object);
  if (old !== undefined && old.code === code && old.retryable === retryable) return undefined;
  return JSON.stringify({ code, retryable, since } satisfies FailureNote);
}
