/**
 * One typed call over the byte door: encode, limit in time, decode, observe, log without secrets. The only
 * place where a CsiError is made.
 */
import { errorText } from '../errors/error-text.ts';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Clock } from '../doors/clock.ts';
import type { Logger } from '../doors/log.ts';
import type { RpcAnswer, RpcDoor } from '../doors/rpc.ts';
import { deadline } from '../doors/sleep.ts';
import { CsiError } from './csi-error.ts';
import { GrpcCode, grpcCodeName } from './grpc-code.ts';
import { secretValues, strikeOut, strikeOutAll, withoutSecrets } from './secrets.ts';

/** What metrics learn of every call. */
export interface CsiCall {
  /** Full path, `/csi.v1.Controller/CreateVolume`. */
  readonly method: string;
  /** Undefined: the failure was no gRPC status. */
  readonly grpcCode: number | undefined;
  readonly durationMs: number;
  /** It is about a volume of the in-tree plugin that the driver took over. */
  readonly migrated: boolean;
}

/** What only metrics want to know of a call. */
export interface CallMark {
  readonly migrated: boolean;
}

export interface CallContext {
  readonly door: RpcDoor;
  readonly clock: Clock;
  readonly log: Logger;
  /** Limit of each call. */
  readonly timeoutMs: number;
  readonly observe: (call: CsiCall) => void;
}

/** The generated pair of functions of a message. */
export interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(input: BinaryReader): T;
}

export interface Method<Req, Res> {
  readonly service: 'Identity' | 'Controller' | 'GroupController' | 'Node';
  readonly name: string;
  readonly request: Codec<Req>;
  readonly response: Codec<Res>;
}

// The reader's own decoder mends bytes that are no UTF-8 into U+FFFD. An id changed like that would be kept,
// and nothing deleted by it ever again; gRPC in Go refuses such an answer, too.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** klog's level at which the Go programs log driver calls. */
const CALL_LEVEL = 5;

export async function callRpc<Req extends object, Res>(
  context: CallContext,
  method: Method<Req, Res>,
  input: { readonly request: Req; readonly signal: AbortSignal; readonly mark?: CallMark | undefined },
): Promise<Res> {
  const { door, clock, log, timeoutMs, observe } = context;
  const { request, signal, mark = { migrated: false } } = input;
  const path = `/csi.v1.${method.service}/${method.name}`;
  const started = clock.monotonic();
  const message = `${method.name}Request`;
  const fail = (grpcCode: number | undefined, text: string, cause?: unknown): CsiError => {
    const error = new CsiError({
      rpc: method.name,
      grpcCode,
      message: strikeOut(text, secretValues(message, request)),
      ...(cause === undefined ? {} : { cause }),
    });
    observe({ method: path, grpcCode, durationMs: clock.monotonic() - started, ...mark });
    log.debug(CALL_LEVEL, 'Driver call failed', {
      method: path,
      code: grpcCode === undefined ? 'none' : grpcCodeName(grpcCode),
      error: error.detail,
    });
    return error;
  };

  log.debug(CALL_LEVEL, 'Driver call', { method: path, request: withoutSecrets(message, request) });
  const limit = deadline(clock, timeoutMs, signal);
  let answer: RpcAnswer;
  try {
    answer = await door.unary({ method: path, request: method.request.encode(request).finish(), timeoutMs }, limit.signal);
  } catch (error) {
    // No cause is kept: its text and its fields might repeat the request.
    throw fail(undefined, `${method.name}: ${errorText(error)}`);
  } finally {
    limit.clear();
  }
  if (answer.code !== GrpcCode.OK) {
    // The door answers every abort with CANCELLED; which clock ran out is known here. Words as Go's context has them.
    if (answer.code === GrpcCode.CANCELLED && signal.aborted) throw fail(GrpcCode.CANCELLED, 'context canceled');
    if (answer.code === GrpcCode.CANCELLED && limit.expired()) throw fail(GrpcCode.DEADLINE_EXCEEDED, 'context deadline exceeded');
    throw fail(answer.code, answer.message);
  }
  let response: Res;
  try {
    response = method.response.decode(new BinaryReader(answer.response, (bytes) => UTF8.decode(bytes)));
  } catch (error) {
    throw fail(undefined, `${method.name}: the driver's answer cannot be decoded`, error);
  }
  observe({ method: path, grpcCode: GrpcCode.OK, durationMs: clock.monotonic() - started, ...mark });
  log.debug(CALL_LEVEL, 'Driver answer', { method: path, response: strikeOutAll(response, secretValues(message, request)) });
  return response;
}
