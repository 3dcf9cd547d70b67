/** get and list. A list is one version of the store, also over many pages: the token carries the version. */
import type { Json } from '../json.ts';
import { at, parseJson, printJson } from '../json.ts';
import type { ListMeta } from '../kubectl/render.ts';
import type { ApiRequest } from '../request.ts';
import { objectKey, subjectOf } from '../kinds/resource.ts';
import type { Predicate } from '../selectors.ts';
import { both, fieldPredicate, labelPredicate } from '../selectors.ts';
import { badRequest, expired, invalid, notFound, versionTooLarge } from '../status.ts';
import type { Storage, Stored } from '../storage.ts';

/** Throws a 404. */
export function getObject(storage: Storage, request: ApiRequest): Stored {
  const { type, namespace, name } = request;
  const stored = storage.get(type.storage, objectKey(type, namespace, name));
  if (stored === undefined) throw notFound(subjectOf(type, name));
  return stored;
}

/** What the selectors leave over; undefined: everything. */
export function selectorOf({ query, type }: ApiRequest): Predicate | undefined {
  const fields = fieldPredicate(query.get('fieldSelector') ?? '', type.selectableFields);
  return both(labelPredicate(query.get('labelSelector') ?? ''), fields);
}

/** The range of the store that a list or watch looks at. */
export function keyPrefix(request: ApiRequest): string {
  return request.namespace === '' ? '' : `${request.namespace}/`;
}

/** `resourceVersion` of a query: undefined when unset or empty. Throws a 400. */
export function askedVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  if (!/^\d+$/.test(text))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
    );
  return Number(text);
}

interface Token {
  /** The version of the list, or -1: the present one, whatever it is (after an expiry). */
  readonly version: number;
  /** The last key that was handed out. */
  readonly after: string;
}

function encodeToken(token: Token): string {
  return Buffer.from(printJson({ v: 'meta.k8s.io/v1', rv: token.version, start: token.after })).toString('base64url');
}

function decodeToken(text: string): Token {
  let value: Json = null;
  try {
    value = parseJson(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    // Falls through to the refusal below.
  }
  const version = at(value, 'rv');
  const after = at(value, 'start');
  if (typeof version !== 'number' || typeof after !== 'string')
    throw badRequest('invalid continue token: continue key is not valid: encoded token is malformed');
  return { version, after };
}

const EXPIRED_PAGE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.';

interface Snapshot {
  readonly version: number;
  readonly items: readonly Stored[];
}

function exactly(storage: Storage, request: ApiRequest, version: number): Snapshot {
  const items = storage.listAt(request.type.storage, keyPrefix(request), version);
  if (items === undefined) throw expired('The resourceVersion for the provided list is too old.');
  return { version, items };
}

function snapshot(storage: Storage, request: ApiRequest, token: Token | undefined): Snapshot {
  const { query, type } = request;
  const asked = askedVersion(query);
  const match = query.get('resourceVersionMatch') ?? '';
  const present = (): Snapshot => ({ version: storage.version, items: storage.list(type.storage, keyPrefix(request)) });
  if (token !== undefined) {
    if (asked !== undefined && asked !== 0) throw badRequest('specifying resource version is not allowed when using continue');
    if (token.version < 0) return present();
    const items = storage.listAt(type.storage, keyPrefix(request), token.version);
    if (items === undefined) throw expired(EXPIRED_PAGE, encodeToken({ ...token, version: -1 }));
    return { version: token.version, items };
  }
  if (match !== '' && asked === undefined) {
    const cause = {
      reason: 'FieldValueForbidden',
      message: 'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      field: 'resourceVersionMatch',
    };
    throw invalid({ group: 'meta.k8s.io', type: 'ListOptions', name: '' }, [cause]);
  }
  if (asked === undefined || asked === 0) return present();
  if (asked > storage.version) throw versionTooLarge(asked, storage.version);
  // A limit with a version and no match means exactly that version, for historical reasons.
  const exact = match === 'Exact' || (match === '' && Number(query.get('limit') ?? 0) > 0);
  return exact ? exactly(storage, request, asked) : present();
}

/** One page. */
export interface ListResult {
  readonly items: readonly Stored[];
  readonly meta: ListMeta;
}

/** Throws 400, 410 and 504 as the versions and tokens of the query demand. */
export function listObjects(storage: Storage, request: ApiRequest): ListResult {
  const tokenText = request.query.get('continue') ?? '';
  const token = tokenText === '' ? undefined : decodeToken(tokenText);
  const { version, items: all } = snapshot(storage, request, token);
  const selected = selectorOf(request);
  const rest = token === undefined ? all : all.filter((stored) => stored.key > token.after);
  const matching = selected === undefined ? rest : rest.filter((stored) => selected(stored.object));
  const limit = Number(request.query.get('limit') ?? 0);
  const meta = { resourceVersion: String(version) };
  if (!(limit > 0) || matching.length <= limit) return { items: matching, meta };
  const items = matching.slice(0, limit);
  const continueToken = encodeToken({ version, after: (items.at(-1) as Stored).key });
  // The count is left out when a selector hides it, as the real server does.
  const remaining = selected === undefined ? { remainingItemCount: matching.length - limit } : {};
  return { items, meta: { ...meta, continueToken, ...remaining } };
}
