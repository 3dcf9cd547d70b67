/** A path and a method as what they mean: verb, kind, namespace, name, subresource and options. */
import type { HttpRequest } from '../../lib/doors/http.ts';
import type { Catalog } from './kinds/catalog.ts';
import type { ResourceType, Subresource } from './kinds/resource.ts';
import { badRequest, invalid, methodNotAllowed, noSuchGroup, noSuchPath, notSupported } from './status.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request that somebody serves; whether it may succeed is decided later. */
export interface ApiRequest {
  readonly verb: Verb;
  readonly type: ResourceType;
  /** Empty for cluster-scoped kinds and for lists over all namespaces. */
  readonly namespace: string;
  readonly name: string;
  readonly subresource: Subresource;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly dryRun: boolean;
}

interface Place {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** Nobody changes a query. */
const NO_QUERY = new URLSearchParams();

/** Splits the path from the query without making a URL object: this runs for every request. */
export function splitPath(path: string): { readonly pathname: string; readonly query: URLSearchParams } {
  const mark = path.indexOf('?');
  return mark < 0
    ? { pathname: path, query: NO_QUERY }
    : { pathname: path.slice(0, mark), query: new URLSearchParams(path.slice(mark + 1)) };
}

/** Path segments, decoded; throws a 400 for a broken escape. */
export function segmentsOf(pathname: string): string[] {
  try {
    const segments = pathname.split('/').filter((segment) => segment !== '');
    return pathname.includes('%') ? segments.map(decodeURIComponent) : segments;
  } catch {
    throw badRequest(`invalid URL escape in ${pathname}`);
  }
}

function place(catalog: Catalog, segments: readonly string[]): Place {
  const core = segments[0] === 'api';
  const groupVersion = core ? segments[1] : `${segments[1] ?? ''}/${segments[2] ?? ''}`;
  const rest = segments.slice(core ? 2 : 3);
  const find = (plural: string | undefined): ResourceType => {
    const type = catalog.find(groupVersion ?? '', plural ?? '');
    if (type === undefined) throw catalog.groupVersions().includes(groupVersion ?? '') ? noSuchPath() : noSuchGroup();
    return type;
  };
  // `namespaces/N/PLURAL…` is inside a namespace, `namespaces/N[/status]` is the Namespace itself.
  const namespaceItself = core && (rest.length < 3 || ((rest[2] === 'status' || rest[2] === 'finalize') && rest.length === 3));
  if (rest[0] === 'namespaces' && !namespaceItself) {
    const [, namespace = '', plural, name = '', subresource = '', ...more] = rest;
    const type = find(plural);
    if (!type.namespaced || more.length > 0) throw noSuchPath();
    return { type, namespace, name, subresource };
  }
  const [plural, name = '', subresource = '', ...more] = rest;
  const type = find(plural);
  // A namespaced object has no path outside its namespace; only lists over all namespaces have.
  if (more.length > 0 || (type.namespaced && name !== '')) throw noSuchPath();
  return { type, namespace: '', name, subresource };
}

function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}

function verbOf(method: HttpRequest['method'], named: boolean, query: URLSearchParams): Verb {
  switch (method) {
    case 'GET':
      // One object is not watched by its path, only by a field selector.
      if (named) return 'get';
      return isTrue(query.get('watch')) ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return named ? 'delete' : 'deletecollection';
  }
}

/** Throws a StatusError: 404 for a path nobody serves, 405 for a verb the path does not have. */
export function parseApiRequest(catalog: Catalog, request: HttpRequest): ApiRequest {
  const { pathname, query } = splitPath(request.path);
  const found = place(catalog, segmentsOf(pathname));
  const { type, namespace, name } = found;
  const subresource = type.subresources.find((known) => known === found.subresource) ?? '';
  if (found.subresource !== subresource) throw noSuchPath();
  const named = name !== '';
  const verb = verbOf(request.method, named, query);
  const createsOnName = verb === 'create' && named && subresource !== 'binding';
  const writesCollection = (verb === 'update' || verb === 'patch') && !named;
  const noNamespace = type.namespaced && namespace === '' && verb !== 'list' && verb !== 'watch';
  const statusVerb = subresource === 'status' && !['get', 'update', 'patch'].includes(verb);
  if (createsOnName || writesCollection || noNamespace || statusVerb) throw methodNotAllowed();
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((value) => value !== 'All')) {
    const options = `${verb === 'create' ? 'Create' : verb === 'patch' ? 'Patch' : verb === 'update' ? 'Update' : 'Delete'}Options`;
    throw invalid({ group: 'meta.k8s.io', type: options, name: '' }, [notSupported('dryRun', dryRun, ['All'])]);
  }
  return { verb, type, namespace, name, subresource, query, headers: request.headers, body: request.body, dryRun: dryRun.length > 0 };
}
