/**
 * Carries one described request to the server: credentials, JSON bytes, rate, time limit, retries. Answers
 * a success, or throws the ApiError that is the caller's to handle.
 */
import type { Clock } from '../doors/clock.ts';
import { ENDED } from '../doors/ended.ts';
import type { HttpAnswer, HttpDoor, HttpRequest, HttpStream } from '../doors/http.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { deadline, sleep } from '../doors/sleep.ts';
import { ApiError } from './api-error.ts';
import type { Credentials } from './credentials.ts';
import type { Asked } from './failure.ts';
import { errorOfAnswer, errorOfSilence } from './failure.ts';
import { printJson } from './json.ts';
import { retryDelay } from './retry.ts';
import { createTokenBucket } from './token-bucket.ts';

export const DEFAULT_TIMEOUT_MS = 30_000;

/** One attempt that got an answer (or status 0), as metrics and the audit want it. */
export interface ObservedCall {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  /** Plural, with `/status` for the subresource; the path for raw reads. */
  readonly resource: string;
  readonly status: number;
  readonly ms: number;
}

export interface SenderOptions {
  readonly door: HttpDoor;
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials: Credentials;
  readonly userAgent: string;
  /** Limit of one attempt. Default 30 s; lists have at least twice that. */
  readonly timeoutMs?: number;
  /** Client-side rate limit; none unless set. Burst defaults to the rate. */
  readonly qps?: number;
  readonly burst?: number;
  readonly log?: Logger;
  readonly observe?: (call: ObservedCall) => void;
}

/** One request as the verbs describe it. */
export interface Call extends Asked {
  readonly verb: ObservedCall['verb'];
  readonly resource: string;
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
}

export interface Sender {
  /** The answer has a status of 2xx. */
  exchange(call: Call, signal: AbortSignal): Promise<HttpAnswer>;
  /** The head of a streamed answer; only `signal` ends its body. */
  stream(call: Call, signal: AbortSignal): Promise<HttpStream>;
}

export function createSender(options: SenderOptions): Sender {
  const { door, clock } = options;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const bucket =
    options.qps !== undefined && options.qps > 0
      ? createTokenBucket(clock, { qps: options.qps, burst: options.burst ?? options.qps })
      : undefined;

  const requestOf = async (call: Call, refresh: boolean): Promise<HttpRequest> => {
    const headers: Record<string, string> = {
      accept: 'application/json',
      'user-agent': options.userAgent,
      ...(await (refresh ? options.credentials('refresh') : options.credentials())),
    };
    if (call.body === undefined) return { method: call.method, path: call.path, headers };
    headers['content-type'] = call.contentType ?? 'application/json';
    return { method: call.method, path: call.path, headers, body: new TextEncoder().encode(printJson(call.body)) };
  };

  /** Runs `send` under the time limit and reports it. Answers the door's answer, whatever its status. */
  const attempt = async <A extends { readonly status: number }>(
    call: Call,
    signal: AbortSignal,
    send: (limit: AbortSignal) => Promise<A>,
  ): Promise<A> => {
    if (signal.aborted) throw errorOfSilence(undefined, call, 'aborted');
    const limit = deadline(clock, call.timeoutMs ?? timeoutMs, signal);
    const started = clock.monotonic();
    let status = 0;
    try {
      const answer = await send(limit.signal);
      status = answer.status;
      return answer;
    } catch (error) {
      throw errorOfSilence(error, call, limit.expired() ? 'timeout' : signal.aborted ? 'aborted' : 'broken');
    } finally {
      limit.clear();
      options.observe?.({ verb: call.verb, resource: call.resource, status, ms: clock.monotonic() - started });
    }
  };

  /** Sends until there is a success, or a failure that is the caller's. */
  const exchange = async (call: Call, signal: AbortSignal): Promise<HttpAnswer> => {
    let refresh = false;
    for (let failures = 1; ; failures += 1) {
      await bucket?.take(signal);
      const request = await requestOf(call, refresh);
      let error: ApiError;
      try {
        const answer = await attempt(call, signal, (limit) => door.exchange(request, limit));
        if (answer.status >= 200 && answer.status < 300) return answer;
        error = errorOfAnswer(answer, call);
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown;
        error = thrown;
      }
      // A refused credential may be a rotated one: the request was not executed, so once more with a fresh read.
      const again: boolean = error.status === 401 && !refresh;
      const delay = again ? 0 : retryDelay({ error, failures, readOnly: call.method === 'GET', chance: options.random.next() });
      if (delay === undefined || signal.aborted) throw error;
      options.log?.debug(4, 'API request is repeated', {
        request: call.request,
        status: error.status,
        reason: error.reason,
        delayMs: delay,
      });
      refresh = again;
      if (delay > 0) await sleep(clock, delay, signal);
    }
  };

  const stream = async (call: Call, signal: AbortSignal): Promise<HttpStream> => {
    for (let refresh = false; ; refresh = true) {
      await bucket?.take(signal);
      const request = await requestOf(call, refresh);
      // The limit covers the head of the answer only: `signal` alone ends the stream itself.
      const answer = await attempt(call, signal, (limit) => startStream(door, request, { limit, signal }));
      if ('chunks' in answer) return answer;
      const error = errorOfAnswer(answer, call);
      if (error.status !== 401 || refresh) throw error;
    }
  };

  return { exchange, stream };
}

/**
 * Opens a stream whose head must come before `limit` fires, and whose body only `signal` ends. A refusal
 * is read to its end and answered whole.
 */
async function startStream(
  door: HttpDoor,
  request: HttpRequest,
  signals: { readonly limit: AbortSignal; readonly signal: AbortSignal },
): Promise<HttpStream | HttpAnswer> {
  const life = new AbortController();
  const end = (): void => life.abort(ENDED);
  signals.limit.addEventListener('abort', end);
  try {
    const stream = await door.stream(request, life.signal);
    if (stream.status !== 200) return { status: stream.status, headers: stream.headers, body: await drain(stream) };
    signals.signal.addEventListener('abort', end);
    if (signals.signal.aborted) end();
    return stream;
  } finally {
    signals.limit.removeEventListener('abort', end);
  }
}

async function drain(stream: HttpStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of stream.chunks) parts.push(chunk);
  } catch {
    // The status alone says enough.
  }
  return new Uint8Array(Buffer.concat(parts));
}
