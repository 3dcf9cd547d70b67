/** Request bodies, from bytes to an object of the kind that the path names. All refusals are 400, 413 or 415. */
import type { Json, JsonObject } from './json.ts';
import { isObject, parseJson, printJson, stringAt } from './json.ts';
import { normalizeMeta } from './object-meta.ts';
import { decodeProtobuf, PROTOBUF } from './kubectl/protobuf.ts';
import type { ResourceType } from './kinds/resource.ts';
import { apiVersion } from './kinds/resource.ts';
import { badRequest, invalid, invalidField, tooLarge, unsupportedMediaType } from './status.ts';

const DECODER = new TextDecoder('utf-8', { fatal: true });
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Without parameters; empty where the client says nothing. */
export function mediaTypeOf(headers: Readonly<Record<string, string>>): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
}

/** The body as JSON; undefined where there is none. */
export function decodeJson(body: Uint8Array | undefined): Json | undefined {
  if (body === undefined || body.byteLength === 0) return undefined;
  if (body.byteLength > MAX_BODY_BYTES) throw tooLarge(MAX_BODY_BYTES);
  try {
    return parseJson(DECODER.decode(body));
  } catch (error) {
    throw badRequest(`unable to decode the body: ${error instanceof Error ? error.message : 'not JSON'}`);
  }
}

/** The object of a POST or PUT. Throws a 415 for a format that is not read. */
export function decodeBody(headers: Readonly<Record<string, string>>, body: Uint8Array | undefined): Json | undefined {
  const type = mediaTypeOf(headers);
  if (type === PROTOBUF && body !== undefined) {
    const object = decodeProtobuf(body);
    if (object !== undefined) return object;
  } else if (type === '' || type === 'application/json' || type === '*/*') {
    return decodeJson(body);
  }
  // The real server's list, although this one reads little but JSON.
  throw unsupportedMediaType(['application/json', 'application/yaml', PROTOBUF]);
}

/** What to do with fields that the kind does not know: they are dropped in any case. */
export interface FieldValidation {
  readonly mode: string;
  /** Where mode is Warn: takes one message per field, for the Warning header. */
  readonly warn: (message: string) => void;
}

/** Checks what the body says it is, and takes apiVersion and kind off: the storage keeps neither. */
export function asObject(type: ResourceType, value: Json | undefined, validation: FieldValidation): JsonObject {
  if (!isObject(value)) throw badRequest('the body of the request must be a JSON object');
  const { kind, apiVersion: version, ...object } = value;
  const hasKind = typeof kind === 'string' && kind !== '';
  const hasVersion = typeof version === 'string' && version !== '';
  if (type.custom && !hasKind) throw badRequest(`Object 'Kind' is missing in '${printJson(value)}'`);
  if (type.custom && !hasVersion)
    throw badRequest(`the API version in the data () does not match the expected API version (${apiVersion(type)})`);
  if (hasVersion && version !== apiVersion(type)) {
    throw badRequest(`the API version in the data (${version}) does not match the expected API version (${apiVersion(type)})`);
  }
  if (hasKind && type.custom && kind !== type.kind) {
    const name = stringAt(object, 'metadata', 'name') ?? '';
    throw invalid({ group: type.group, type: kind, name }, [invalidField('kind', kind, `must be ${type.kind}`)]);
  }
  if (hasKind && kind !== type.kind) throw badRequest(`${kind} in version "${type.version}" cannot be handled as a ${type.kind}`);
  if (object.metadata === undefined || object.metadata === null) object.metadata = {};
  normalizeMeta(object);
  const unknown = type.rules.flatMap((rules) => rules.decode?.(object) ?? []).map((path) => `unknown field ${JSON.stringify(path)}`);
  if (unknown.length === 0 || validation.mode === 'Ignore') return object;
  if (validation.mode === 'Strict') {
    throw badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: strict decoding error: ${unknown.join(', ')}`,
    );
  }
  for (const message of unknown) validation.warn(message);
  return object;
}
