/** One RPC of a trial as it was asked and answered. Secrets are struck out when it is written down, not when it is shown. */
import type { RequestOf, ResponseOf, RpcName } from './messages.ts';

/** Who asked: one of the three roles, the node, or the trial itself. */
export type Caller = 'sidecars' | 'node' | 'try';

export type Answer<R extends RpcName> =
  | { readonly kind: 'ok'; readonly response: ResponseOf<R> }
  /** gRPC status 1 to 16. */
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  /** No status: the connection broke, or what came cannot be read. */
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'pending' };

export interface Call<R extends RpcName> {
  /** From 1, in the order in which they were sent. */
  readonly number: number;
  readonly rpc: R;
  readonly by: Caller;
  /** Milliseconds since the trial began. */
  readonly sentMs: number;
  /** Undefined while it is pending. */
  answeredMs: number | undefined;
  readonly request: RequestOf<R>;
  answer: Answer<R>;
  /** Keys of secrets whose values the driver repeated in its answer. */
  repeated: readonly string[];
}

/** Of any RPC; `rpc` tells which. */
export type AnyCall = { [R in RpcName]: Call<R> }[RpcName];

export function callsOf<R extends RpcName>(calls: readonly AnyCall[], rpc: R): Call<R>[] {
  return calls.filter((call) => call.rpc === rpc) as unknown as Call<R>[];
}

/** The response of a call that succeeded. */
export function okOf<R extends RpcName>({ answer }: Call<R>): ResponseOf<R> | undefined {
  return answer.kind === 'ok' ? answer.response : undefined;
}

export function codeOf({ answer }: Pick<AnyCall, 'answer'>): number | undefined {
  return answer.kind === 'ok' ? 0 : answer.kind === 'refused' ? answer.code : undefined;
}
