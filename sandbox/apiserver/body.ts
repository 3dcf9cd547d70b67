/** Request bodies, from bytes to an object of the kind that the path names. All refusals are 400, 413 or 415. */
import type { Json, JsonObject } from './json.ts';
import { isObject, parseJson } from './json.ts';
import { normalizeMeta } from './object-meta.ts';
import type { ResourceType } from './resource.ts';
import { apiVersion } from './resource.ts';
import { badRequest, tooLarge, unsupportedMediaType } from './status.ts';

const MAX_BODY_BYTES = 3 * 1024 * 1024;

export function mediaTypeOf(headers: Readonly<Record<string, string>>): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
}

/** The body as JSON; undefined where there is none. */
export function decodeJson(body: Uint8Array | undefined): Json | undefined {
  if (body === undefined || body.byteLength === 0) return undefined;
  if (body.byteLength > MAX_BODY_BYTES) throw tooLarge(MAX_BODY_BYTES);
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw badRequest(`unable to decode the body: ${error instanceof Error ? error.message : 'not JSON'}`);
  }
}

export function checkJsonType(headers: Readonly<Record<string, string>>): void {
  const type = mediaTypeOf(headers);
  // The real server's list, although this one reads JSON only.
  if (type !== '' && type !== 'application/json' && type !== '*/*')
    throw unsupportedMediaType(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']);
}

/** Checks what the body says it is, and takes apiVersion and kind off: the storage keeps neither. */
export function asObject(type: ResourceType, value: Json | undefined): JsonObject {
  if (!isObject(value)) throw badRequest('the body of the request must be a JSON object');
  const { kind, apiVersion: version, ...object } = value;
  const hasKind = typeof kind === 'string' && kind !== '';
  const hasVersion = typeof version === 'string' && version !== '';
  if (type.custom && !hasKind) throw badRequest(`Object 'Kind' is missing in the body, want ${type.kind}`);
  if (type.custom && !hasVersion) throw badRequest(`Object 'apiVersion' is missing in the body, want ${apiVersion(type)}`);
  if (hasVersion && version !== apiVersion(type)) {
    throw badRequest(`the API version in the data (${version}) does not match the expected API version (${apiVersion(type)})`);
  }
  if (hasKind && kind !== type.kind) throw badRequest(`${kind} in version "${apiVersion(type)}" cannot be handled as a ${type.kind}`);
  if (object.metadata === undefined || object.metadata === null) object.metadata = {};
  normalizeMeta(object);
  return object;
}
