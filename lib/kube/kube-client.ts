/**
 * The API client over one HTTP door (contract: client.ts): what each verb asks for and what its answer
 * means. Carrying it is sender.ts, the pure parts (paths, JSON, retries, failures, watch lines) lie beside.
 *
 * Invariants: every attempt has a time limit; every failure is an ApiError (a ConfigError passes through
 * where credentials can not be had); a write is repeated only when the server said that it did nothing.
 */
import { ENDED } from '../doors/ended.ts';
import type { HttpAnswer, HttpStream } from '../doors/http.ts';
import { ConfigError } from '../errors/config-error.ts';
import { ApiError } from './api-error.ts';
import type { KubeClient, ListOptions, ListPage, WatchEvent, WatchOptions } from './client.ts';
import { errorOfBadAnswer, errorOfSilence } from './failure.ts';
import { parseAnswer } from './json.ts';
import { INT64_FIELDS } from './resources.ts';
import type { KubeObject, Resource } from './objects.ts';
import { collectionPath, listPath, objectPath, watchPath } from './paths.ts';
import type { Call, SenderOptions } from './sender.ts';
import { createSender, DEFAULT_TIMEOUT_MS } from './sender.ts';
import { parseWatchEvent, readLines } from './watch-stream.ts';

/** Large lists take the server longer than anything else. */
const LIST_TIMEOUT_MS = 60_000;

export type KubeClientOptions = SenderOptions;

export function createKubeClient(options: KubeClientOptions): KubeClient {
  const { exchange, stream } = createSender(options);

  const objectAnswer = async <T extends KubeObject>(call: Call, resource: Resource<T>, signal: AbortSignal): Promise<T> =>
    named(objectOf(await exchange(call, signal), call) as T, resource);

  return {
    get: (resource, target, signal) => {
      const path = objectPath(resource, target, undefined);
      return objectAnswer({ verb: 'get', resource: resource.plural, method: 'GET', path, request: `GET ${path}` }, resource, signal);
    },

    list: async <T extends KubeObject>(resource: Resource<T>, list: ListOptions): Promise<ListPage<T>> => {
      const path = listPath(resource, list);
      const limit = Math.max(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, LIST_TIMEOUT_MS);
      const call: Call = { verb: 'list', resource: resource.plural, method: 'GET', path, request: `GET ${path}`, timeoutMs: limit };
      const page = objectOf(await exchange(call, list.signal), call) as {
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
      const answer = objectOf(await exchange(call, signal), call) as T;
      // Some kinds answer the object that is gone: only one that a finalizer holds is still there.
      const held = answer.metadata?.deletionTimestamp !== undefined && (answer.metadata.finalizers?.length ?? 0) > 0;
      return held ? named(answer, resource) : undefined;
    },

    watch: (resource, watch) => watchEvents(resource, watch, stream),

    raw: async (path, signal) => {
      const call: Call = { verb: 'get', resource: path, method: 'GET', path, request: `GET ${path}` };
      const answer = await exchange(call, signal);
      // Health paths answer plain text.
      if (answer.headers['content-type']?.startsWith('text/') === true) return new TextDecoder().decode(answer.body);
      return objectOf(answer, call);
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
  const follow = (): void => reading.abort(ENDED);
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
    if (error instanceof ApiError || error instanceof ConfigError) throw error;
    throw errorOfSilence(error, call, watch.signal.aborted ? 'aborted' : 'broken');
  } finally {
    watch.signal.removeEventListener('abort', follow);
    reading.abort(ENDED);
  }
}

function objectOf(answer: HttpAnswer, call: Call): object {
  let value: unknown;
  try {
    value = parseAnswer(answer.body, INT64_FIELDS);
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
