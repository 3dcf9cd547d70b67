/**
 * The API server without a socket: one request in, one answer out, decided in one turn. Every refusal is
 * a Status. Routes: the API proper, discovery, OpenAPI, version and health.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import type { HttpAnswer, HttpRequest, HttpStream } from '../../lib/doors/http.ts';
import type { Random } from '../../lib/doors/random.ts';
import type { FieldValidation } from './body.ts';
import { bindPod } from './verbs/binding.ts';
import { asObject, decodeBody, decodeJson } from './body.ts';
import type { Catalog } from './kinds/catalog.ts';
import { deleteObject, deleteOptions } from './verbs/delete.ts';
import { discoveryAnswer } from './kubectl/discovery.ts';
import type { Json, JsonObject } from './json.ts';
import { objectAt, printJson, stringAt } from './json.ts';
import { patchOf } from './patch/patch.ts';
import { getObject, listObjects } from './verbs/read.ts';
import type { Renderer } from './kubectl/render.ts';
import { objectText, rendererFor } from './kubectl/render.ts';
import type { ApiRequest } from './request.ts';
import { parseApiRequest, segmentsOf, splitPath } from './request.ts';
import { badRequest, internal, noSuchPath, StatusError, subjectStatus } from './status.ts';
import type { Storage, Stored } from './storage.ts';
import type { Watches } from './verbs/watch.ts';
import type { WriteTarget, Written } from './verbs/write.ts';
import { createObject, updateObject } from './verbs/write.ts';

export interface ServerTools {
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly watches: Watches;
  readonly clock: Clock;
  readonly random: Random;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const PLAIN_TYPE = { 'content-type': 'text/plain; charset=utf-8' };

/** Stateless above the storage: the same requests in the same order give the same answers. */
export class ApiServer {
  readonly #tools: ServerTools;
  readonly #encoder = new TextEncoder();

  constructor(tools: ServerTools) {
    this.#tools = tools;
  }

  /** Anything but a watch. Never throws. */
  answer(request: HttpRequest): HttpAnswer {
    return this.#encode(this.#guarded(() => this.#route(request)));
  }

  /** A watch stays open; anything else is an answer in one chunk. */
  stream(request: HttpRequest, signal: AbortSignal): HttpStream {
    let chunks: AsyncIterable<Uint8Array> | undefined;
    const failure = this.#guarded(() => {
      const parsed = this.#isApi(request.path) ? parseApiRequest(this.#tools.catalog, request) : undefined;
      if (parsed?.verb !== 'watch') return { status: 0, text: '' };
      chunks = this.#tools.watches.open(parsed, this.#renderer(parsed), signal);
      return { status: 200, text: '' };
    });
    if (chunks !== undefined) return { status: 200, headers: JSON_TYPE, chunks };
    const { status, headers, body } = failure.status === 0 ? this.answer(request) : this.#encode(failure);
    return { status, headers, chunks: once(body) };
  }

  #encode({ status, text, headers }: Answer): HttpAnswer {
    return { status, headers: { ...JSON_TYPE, ...headers }, body: this.#encoder.encode(text) };
  }

  #guarded(work: () => Answer): Answer {
    try {
      return work();
    } catch (error) {
      const refusal = error instanceof StatusError ? error : internal(error instanceof Error ? error.message : String(error));
      const retry = refusal.retryAfterSeconds;
      if (refusal.plainText !== undefined) return { status: refusal.status, text: refusal.plainText, headers: PLAIN_TYPE };
      return {
        status: refusal.status,
        text: printJson(refusal.body()),
        ...(retry === undefined ? {} : { headers: { 'retry-after': String(retry) } }),
      };
    }
  }

  /** Deeper than `/api/V` and `/apis/G/V`, which are discovery. */
  #isApi(path: string): boolean {
    const { pathname } = splitPath(path);
    const depth = segmentsOf(pathname).length;
    return (pathname.startsWith('/api/') && depth > 2) || (pathname.startsWith('/apis/') && depth > 3);
  }

  #route(request: HttpRequest): Answer {
    if (this.#isApi(request.path)) {
      const parsed = parseApiRequest(this.#tools.catalog, request);
      return withWarning(this.#serve(parsed), parsed.type.deprecationWarning);
    }
    const { pathname } = splitPath(request.path);
    if (request.method !== 'GET') throw noSuchPath();
    const text = discoveryAnswer(this.#tools.catalog, segmentsOf(pathname));
    if (text === undefined) throw noSuchPath();
    return text.startsWith('{') ? { status: 200, text } : { status: 200, text, headers: PLAIN_TYPE };
  }

  #renderer(request: ApiRequest): Renderer {
    return rendererFor(request.headers.accept, request.query, () => this.#tools.clock.now());
  }

  #serve(request: ApiRequest): Answer {
    const { storage } = this.#tools;
    const { type } = request;
    switch (request.verb) {
      case 'get':
        return { status: 200, text: this.#renderer(request).one(type, getObject(storage, request)) };
      case 'list': {
        const { items, meta } = listObjects(storage, request);
        return { status: 200, text: this.#renderer(request).list(type, items, meta) };
      }
      case 'watch':
        throw badRequest('a watch needs a stream');
      case 'create':
        return this.#create(request);
      case 'update': {
        const target = { ...targetOf(request), uidIsPrecondition: true };
        return this.#written(request, (validation) => updateObject(this.#tools, target, this.#replacement(request, validation)));
      }
      case 'patch':
        return this.#written(request, (validation) => updateObject(this.#tools, targetOf(request), patchOf(request, validation)));
      case 'delete':
        return this.#delete(request);
      case 'deletecollection':
        return this.#deleteCollection(request);
    }
  }

  /** Runs a write and answers the object, with warnings where there are any. */
  #written(request: ApiRequest, write: (validation: FieldValidation) => Written): Answer {
    const { type, query } = request;
    const messages: string[] = [];
    const asked = query.get('fieldValidation') ?? '';
    const written = write({ mode: asked === '' ? 'Warn' : asked, warn: (message) => messages.push(message) });
    const answer: Answer = { status: written.created ? 201 : 200, text: objectText(type, written.stored) };
    return [...messages, ...written.warnings].reduceRight(withWarning, answer);
  }

  #create(request: ApiRequest): Answer {
    const body = decodeBody(request.headers, request.body);
    if (request.subresource === 'binding') return this.#bind(request, body);
    if (request.subresource !== '') throw noSuchPath();
    return this.#written(request, (validation) => createObject(this.#tools, targetOf(request), asObject(request.type, body, validation)));
  }

  #bind(request: ApiRequest, body: Json | undefined): Answer {
    const node = stringAt(body, 'target', 'name');
    if (node === undefined) throw badRequest('target.name: Required value');
    bindPod(this.#tools, targetOf(request), node);
    return { status: 201, text: printJson({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }) };
  }

  #replacement(request: ApiRequest, validation: FieldValidation): (old: Stored | undefined) => JsonObject {
    const object = asObject(request.type, decodeBody(request.headers, request.body), validation);
    const name = stringAt(object, 'metadata', 'name');
    const namespace = stringAt(object, 'metadata', 'namespace') ?? request.namespace;
    if (name === undefined)
      throw badRequest(`the name of the object (${request.name} based on URL) was undeterminable: name must be provided`);
    if (name !== request.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${request.name})`);
    if (request.type.namespaced && namespace !== request.namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    return () => object;
  }

  #delete(request: ApiRequest): Answer {
    const { type, name } = request;
    const options = deleteOptions(decodeJson(request.body), request.query);
    const { stored, gone } = deleteObject(this.#tools, { ...targetOf(request), dryRun: options.dryRun }, options);
    if (!gone || type.returnDeleted) return { status: 200, text: objectText(type, stored) };
    const uid = stringAt(stored.object, 'metadata', 'uid') ?? '';
    return { status: 200, text: printJson(subjectStatus({ group: type.group, type: type.plural, name }, uid)) };
  }

  #deleteCollection(request: ApiRequest): Answer {
    const options = deleteOptions(decodeJson(request.body), request.query);
    const { items, meta } = listObjects(this.#tools.storage, request);
    for (const { object } of items) {
      const { name, namespace } = objectAt(object, 'metadata');
      deleteObject(
        this.#tools,
        { ...targetOf(request), namespace: String(namespace ?? ''), name: String(name), dryRun: options.dryRun },
        options,
      );
    }
    return { status: 200, text: this.#renderer(request).list(request.type, items, meta) };
  }
}

/** What of a request a write needs to know. */
function targetOf(request: ApiRequest): WriteTarget {
  const { type, namespace, name, subresource, dryRun } = request;
  return { type, namespace, name, subresource, dryRun };
}

/** The answer with one more warning, in front of those it has. */
function withWarning(answer: Answer, message: string | undefined): Answer {
  if (message === undefined) return answer;
  const others = answer.headers?.warning;
  const warning = `299 - ${JSON.stringify(message)}${others === undefined ? '' : `, ${others}`}`;
  return { ...answer, headers: { ...answer.headers, warning } };
}

async function* once(body: Uint8Array): AsyncIterable<Uint8Array> {
  yield body;
}
