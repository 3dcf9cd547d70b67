/**
 * The form a client asked for by its Accept header: the object itself, a Table of printed columns
 * (kubectl get), or metadata only. Rendering is text to text: an object's JSON is made once per version.
 */
import type { JsonObject } from '../json.ts';
import { printJson } from '../json.ts';
import type { ResourceType } from '../kinds/resource.ts';
import { apiVersion } from '../kinds/resource.ts';
import type { Stored } from '../storage.ts';
import { storedText } from '../storage.ts';
import { StatusError } from '../status.ts';
import { tableOf } from './table.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** What a list says about itself. */
export interface ListMeta {
  readonly resourceVersion: string;
  readonly continueToken?: string;
  readonly remainingItemCount?: number;
}

/** Made per request, kept for the length of a watch. */
export interface Renderer {
  one(type: ResourceType, stored: Stored): string;
  /** A line of a watch. */
  event(event: EventType, type: ResourceType, stored: Stored): string | Uint8Array;
  list(type: ResourceType, items: readonly Stored[], meta: ListMeta): string;
}

/** The object as this version of its kind. */
export function objectText(type: ResourceType, stored: Stored): string {
  return `{"kind":"${type.kind}","apiVersion":"${apiVersion(type)}",${storedText(stored)}`;
}

/** The stored object as clients see it, for patches and Table rows. */
export function withKind(type: ResourceType, object: JsonObject): JsonObject {
  return { kind: type.kind, apiVersion: apiVersion(type), ...object };
}

function listMeta(meta: ListMeta): JsonObject {
  return {
    resourceVersion: meta.resourceVersion,
    ...(meta.continueToken === undefined ? {} : { continue: meta.continueToken }),
    ...(meta.remainingItemCount === undefined ? {} : { remainingItemCount: meta.remainingItemCount }),
  };
}

const ENCODER = new TextEncoder();
/** Memo of `plainEvent`: a change goes to many watches. */
const EVENTS = new WeakMap<Stored, Map<string, Uint8Array>>();

function plainEvent(event: EventType, type: ResourceType, stored: Stored): Uint8Array {
  const known = EVENTS.get(stored) ?? new Map<string, Uint8Array>();
  EVENTS.set(stored, known);
  const key = `${event} ${type.version}`;
  const bytes = known.get(key) ?? ENCODER.encode(eventLine(event, objectText(type, stored)));
  known.set(key, bytes);
  return bytes;
}

function eventLine(event: EventType, object: string): string {
  return `{"type":"${event}","object":${object}}\n`;
}

const plain: Renderer = {
  one: objectText,
  event: plainEvent,
  list(type, items, meta) {
    // Items of built-in kinds carry no kind of their own in a list; custom ones do.
    const texts = items.map((stored) => (type.custom ? objectText(type, stored) : `{${storedText(stored)}`));
    const head = `{"kind":"${type.listKind}","apiVersion":"${apiVersion(type)}","metadata":${printJson(listMeta(meta))}`;
    return `${head},"items":[${texts.join(',')}]}\n`;
  },
};

const META = 'meta.k8s.io/v1';

function partial(stored: Stored): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: META, metadata: stored.object.metadata ?? {} };
}

const metadataOnly: Renderer = {
  one: (_type, stored) => printJson(partial(stored)),
  event: (event, _type, stored) => eventLine(event, printJson(partial(stored))),
  list: (_type, items, meta) =>
    printJson({ kind: 'PartialObjectMetadataList', apiVersion: META, metadata: listMeta(meta), items: items.map(partial) }),
};

/** Column definitions go with the first answer only, so a watch must keep its renderer. */
function table(include: string, nowMs: () => number): Renderer {
  let first = true;
  const render = (type: ResourceType, items: readonly Stored[], meta: JsonObject): string => {
    const value = tableOf({ type, items, include, nowMs: nowMs(), withColumns: first });
    first = false;
    return printJson({ kind: 'Table', apiVersion: META, metadata: meta, ...value });
  };
  const one = (type: ResourceType, stored: Stored): string => render(type, [stored], { resourceVersion: String(stored.version) });
  return {
    one,
    event: (event, type, stored) => eventLine(event, one(type, stored)),
    list: (type, items, meta) => render(type, items, listMeta(meta)),
  };
}

/** The first media range of the header that can be served decides. Throws a 406. */
export function rendererFor(accept: string | undefined, query: URLSearchParams, nowMs: () => number): Renderer {
  if (accept === undefined || accept === '') return plain;
  for (const range of accept.split(',')) {
    const [media = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (!['application/json', '*/*', 'application/*'].includes(media)) continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === undefined) return plain;
    if (!parameters.includes('v=v1') || !parameters.includes('g=meta.k8s.io')) continue;
    if (as === 'Table') return table(query.get('includeObject') ?? 'Metadata', nowMs);
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return metadataOnly;
  }
  const message = 'only the following media types are accepted: application/json, application/json;as=Table;g=meta.k8s.io;v=v1';
  throw new StatusError({ code: 406, reason: 'NotAcceptable', message });
}
