/**
 * The API client over one HTTP door (contract: client.ts). Everything between a verb and bytes is here or
 * in the pure files beside: paths, JSON, credentials, time-outs, retries, rate, failures.
 *
 * Invariants: every attempt has a time limit; every failure is an ApiError (a ConfigError passes through
 * where credentials can not be had); a write is repeated only when the server said that it did nothing.
 */
import type { Clock } from '../doors/clock.ts';
import type { HttpAnswer, HttpDoor, HttpRequest, HttpStream } from '../doors/http.ts';
import type { Logger } from '../doors/log.ts';
import type { Random } from '../doors/random.ts';
import { deadline, sleep } from '../doors/sleep.ts';
import { ApiError } from './api-error.ts';
import type { KubeClient, ListOptions, ListPage, WatchEvent, WatchOptions } from './client.ts';
import type { Credentials } from './credentials.ts';
import type { Asked } from './failure.ts';
import { errorOfAnswer, errorOfBadAnswer, errorOfSilence } from './failure.ts';
import { parseJson, printJson } from './json.ts';
import type { KubeObject, Resource } from './objects.ts';
import { collectionPath, listPath, objectPath, watchPath } from './paths.ts';
import { retryDelay } from './retry.ts';
import { createTokenBucket } from './token-bucket.ts';
import { parseWatchEvent, readLines } from './watch-stream.ts';

export const DEFAULT_TIMEOUT_MS = 30_000;
export const LIST_TIMEOUT_MS = 60_000;

/** One attempt that got an answer (or status 0), as metrics and the audit want it. */
export interface ObservedCall {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  /** Plural, with `/status` for the subresource; the path for raw reads. */
  readonly resource: string;
  readonly status: number;
  readonly ms: number;
}

export interface KubeClientOptions {
  readonly door: HttpDoor;
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials: Credentials;
  readonly userAgent: string;
  /** Limit of one attempt; lists have at least LIST_TIMEOUT_MS. Default 30 s. */
  readonly timeoutMs?: number;
  /** Client-side rate limit; none unless set. Burst defaults to the rate. */
  readonly qps?: number;
  readonly burst?: number;
  readonly log?: Logger;
  readonly observe?: (call: ObservedCall) => void;
}

/** One request as the verbs describe it. */
interface Call extends Asked {
  readonly verb: ObservedCall['verb'];
  readonly resource: string;
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
}

export function createKubeClient(options: KubeClientOptions): KubeClient {
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

  const objectAnswer = async <T extends KubeObject>(call: Call, resource: Resource<T>, signal: AbortSignal): Promise<T> =>
    named(parseAnswer(await exchange(call, signal), call) as T, resource);

  const openWatch = async (call: Call, signal: AbortSignal): Promise<HttpStream> => {
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

  return {
    get: (resource, target, signal) => {
      const path = objectPath(resource, target, undefined);
      return objectAnswer({ verb: 'get', resource: resource.plural, method: 'GET', path, request: `GET ${path}` }, resource, signal);
    },

    list: async <T extends KubeObject>(resource: Resource<T>, list: ListOptions): Promise<ListPage<T>> => {
      const path = listPath(resource, list);
      const limit = Math.max(timeoutMs, LIST_TIMEOUT_MS);
      const call: Call = { verb: 'list', resource: resource.plural, method: 'GET', path, request: `GET ${path}`, timeoutMs: limit };
      const page = parseAnswer(await exchange(call, list.signal), call) as {
        items?: T[] | null;
        metadata?: { resourceVersion?: string; continue?: string };
      };
      const token = page.metadata?.continue;
      return {
        items: (page.items ?? []).map((item) => named(item, resource)),
        resourceVersion: page.metadata?.resourceVersion ?? '',
        continueToken: token === '' ? undefined : token,
      };
    },

    create: (resource, body, write) => {
      const path = collectionPath(resource, body.metadata?.namespace);
      const call: Call = {
        verb: 'create',
        resource: resource.plural,
        method: 'POST',
        path,
        body: named(body, resource),
        request: `POST ${path}`,
      };
      return objectAnswer(call, resource, write.signal);
    },

    replace: (resource, body, write) => {
      const { name = '', namespace } = body.metadata ?? {};
      const path = objectPath(resource, { name, namespace }, write.subresource);
      const call: Call = {
        verb: 'update',
        resource: withSubresource(resource, write.subresource),
        method: 'PUT',
        path,
        body: named(body, resource),
        request: `PUT ${path}`,
      };
      return objectAnswer(call, resource, write.signal);
    },

    patch: (resource, target, { patch, subresource, signal }) => {
      const path = objectPath(resource, target, subresource);
      const call: Call = {
        verb: 'patch',
        resource: withSubresource(resource, subresource),
        method: 'PATCH',
        path,
        body: patch.type === 'json' ? patch.operations : patch.body,
        contentType: patch.type === 'json' ? 'application/json-patch+json' : 'application/merge-patch+json',
        request: `PATCH ${path}`,
        hadPatchTest: patch.type === 'json' && patch.operations.some((operation) => operation.op === 'test'),
      };
      return objectAnswer(call, resource, signal);
    },

    delete: async <T extends KubeObject>(
      resource: Resource<T>,
      target: Parameters<KubeClient['delete']>[1],
      { uid, resourceVersion, signal }: Parameters<KubeClient['delete']>[2],
    ): Promise<T | undefined> => {
      const path = objectPath(resource, target, undefined);
      const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      const body = Object.keys(preconditions).length === 0 ? undefined : { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
      const call: Call = { verb: 'delete', resource: resource.plural, method: 'DELETE', path, body, request: `DELETE ${path}` };
      const answer = parseAnswer(await exchange(call, signal), call) as T;
      // Some kinds answer the object that is gone: only one that a finalizer holds is still there.
      const held = answer.metadata?.deletionTimestamp !== undefined && (answer.metadata.finalizers?.length ?? 0) > 0;
      return held ? named(answer, resource) : undefined;
    },

    watch: (resource, watch) => watchEvents(resource, watch, openWatch),

    raw: async (path, signal) => {
      const call: Call = { verb: 'get', resource: path, method: 'GET', path, request: `GET ${path}` };
      const answer = await exchange(call, signal);
      // Health paths answer plain text.
      if (answer.headers['content-type']?.startsWith('text/') === true) return new TextDecoder().decode(answer.body);
      return parseAnswer(answer, call);
    },
  };
}

async function* watchEvents<T extends KubeObject>(
  resource: Resource<T>,
  watch: WatchOptions,
  open: (call: Call, signal: AbortSignal) => Promise<HttpStream>,
): AsyncGenerator<WatchEvent<T>> {
  const path = watchPath(resource, watch);
  const call: Call = { verb: 'watch', resource: resource.plural, method: 'GET', path, request: `WATCH ${path}` };
  // Ends the stream whichever way the reader leaves.
  const reading = new AbortController();
  const follow = (): void => reading.abort();
  if (watch.signal.aborted) follow();
  else watch.signal.addEventListener('abort', follow);
  try {
    const stream = await open(call, reading.signal);
    for await (const line of readLines(stream.chunks)) {
      const event = parseWatchEvent<T>(line, call);
      if (event === undefined) continue;
      yield event.type === 'BOOKMARK' ? event : { type: event.type, object: named(event.object, resource) };
    }
  } catch (error) {
    if (error instanceof ApiError || (error instanceof Error && 'code' in error && error.code === 'CONFIG_ERROR')) throw error;
    throw errorOfSilence(error, call, watch.signal.aborted ? 'aborted' : 'broken');
  } finally {
    watch.signal.removeEventListener('abort', follow);
    reading.abort();
  }
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
  const end = (): void => life.abort();
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

function parseAnswer(answer: HttpAnswer, call: Call): object {
  let value: unknown;
  try {
    value = parseJson(answer.body);
  } catch (error) {
    throw errorOfBadAnswer(error, call);
  }
  if (typeof value !== 'object' || value === null) throw errorOfBadAnswer(undefined, call);
  return value;
}

/** Items of built-in lists carry no kind, and events need one. */
function named<T extends KubeObject>(object: T, resource: Resource<T>): T {
  if (object.kind !== undefined && object.apiVersion !== undefined) return object;
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return { ...object, apiVersion: object.apiVersion ?? apiVersion, kind: object.kind ?? resource.kind };
}

function withSubresource(resource: Resource<KubeObject>, subresource: string | undefined): string {
  return subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
}
