/** Turns what came over the HTTP door into ApiError: the only place that reads Status bodies. */
import type { HttpAnswer } from '../doors/http.ts';
import { HttpDoorError } from '../doors/http.ts';
import type { ApiStatus } from './api-error.ts';
import { ApiError } from './api-error.ts';
import { parseJson } from './json.ts';

/** Reasons of answers that carry no Status (a proxy, a load balancer, an old server). */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** What was asked, for the message and for what a 422 means. */
export interface Asked {
  /** Verb and path. */
  readonly request: string;
  readonly hadPatchTest?: boolean;
}

export function errorOfAnswer(answer: HttpAnswer, asked: Asked): ApiError {
  const retryAfter = answer.headers['retry-after'];
  const status = readStatus(answer.body) ?? plainStatus(answer, asked);
  return errorOfStatus({ ...status, code: answer.status }, asked, retryAfterMs(retryAfter));
}

/** Also for ERROR events of a watch, whose object is a Status. */
export function errorOfStatus(status: ApiStatus, asked: Asked, retryAfterOfHeader?: number): ApiError {
  const code = status.code ?? 500;
  const seconds = status.details?.retryAfterSeconds;
  const wait = retryAfterOfHeader ?? (seconds === undefined ? undefined : seconds * 1000);
  return new ApiError({
    status: code,
    reason: status.reason === undefined || status.reason === '' ? (REASONS[code] ?? 'Unknown') : status.reason,
    message: status.message === undefined || status.message === '' ? `${asked.request}: HTTP ${code}` : status.message,
    causes: status.details?.causes ?? [],
    request: asked.request,
    hadPatchTest: asked.hadPatchTest ?? false,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

/** No answer, or half of one: nothing is known about what the server did. */
export function errorOfSilence(cause: unknown, asked: Asked, why: 'timeout' | 'aborted' | 'broken'): ApiError {
  const reason = why === 'timeout' ? 'Timeout' : why === 'aborted' ? 'Aborted' : 'Unreachable';
  const detail = cause instanceof HttpDoorError ? `${cause.code}: ${cause.message}` : String(cause);
  const message =
    why === 'timeout'
      ? `${asked.request}: no answer in time`
      : why === 'aborted'
        ? `${asked.request}: cancelled`
        : `${asked.request}: ${detail}`;
  return new ApiError({ status: 0, reason, message, request: asked.request, hadPatchTest: asked.hadPatchTest ?? false, cause });
}

/** A success whose body can not be read: the effect may have happened. */
export function errorOfBadAnswer(cause: unknown, asked: Asked): ApiError {
  const message = `${asked.request}: the answer is not JSON that the API serves`;
  return new ApiError({
    status: 0,
    reason: 'BadAnswer',
    message,
    request: asked.request,
    hadPatchTest: asked.hadPatchTest ?? false,
    cause,
  });
}

function readStatus(body: Uint8Array): ApiStatus | undefined {
  try {
    const value = parseJson(body);
    return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status' ? (value as ApiStatus) : undefined;
  } catch {
    return undefined;
  }
}

function plainStatus(answer: HttpAnswer, asked: Asked): ApiStatus {
  const text = new TextDecoder().decode(answer.body.subarray(0, 200)).trim();
  return { message: `${asked.request}: HTTP ${answer.status}${text === '' ? '' : `: ${text}`}` };
}

/** Seconds only: kube-apiserver never sends the date form. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
