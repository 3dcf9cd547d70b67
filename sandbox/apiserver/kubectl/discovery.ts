/**
 * What clients ask before they talk: API groups, resources, a small OpenAPI v3, version and health.
 * OpenAPI holds no schemas but names each kind's PATCH and its `fieldValidation` parameter: kubectl
 * apply needs that to send validation to the server (seen with kubectl 1.32 and 1.36).
 */
import type { Catalog } from '../kinds/catalog.ts';
import type { Json, JsonObject } from '../json.ts';
import { printJson } from '../json.ts';
import type { ResourceType } from '../kinds/resource.ts';
import { apiVersion } from '../kinds/resource.ts';

const VERSION: JsonObject = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3-sandbox',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'linux/amd64',
};
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** A kind and its subresources, one entry each. */
function resources(type: ResourceType): JsonObject[] {
  const main: JsonObject = {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: VERBS,
    ...(type.shortNames.length === 0 ? {} : { shortNames: [...type.shortNames] }),
    ...(type.categories.length === 0 ? {} : { categories: [...type.categories] }),
  };
  const below = type.subresources.map(
    (subresource): JsonObject => ({
      name: `${type.plural}/${subresource}`,
      singularName: '',
      namespaced: type.namespaced,
      kind: subresource === 'binding' ? 'Binding' : type.kind,
      verbs: subresource === 'status' ? ['get', 'patch', 'update'] : subresource === 'finalize' ? ['update'] : ['create'],
    }),
  );
  return [main, ...below];
}

function groupOf(groupVersions: readonly string[], name: string): JsonObject {
  const versions = groupVersions.map((groupVersion) => ({ groupVersion, version: groupVersion.split('/')[1] ?? '' }));
  return { name, versions, preferredVersion: versions[0] ?? {} };
}

/** The core group has no name and is not among them. */
function groups(catalog: Catalog): JsonObject[] {
  const byName = new Map<string, string[]>();
  for (const groupVersion of catalog.groupVersions()) {
    if (!groupVersion.includes('/')) continue;
    const name = groupVersion.split('/')[0] ?? '';
    byName.set(name, [...(byName.get(name) ?? []), groupVersion]);
  }
  return [...byName].map(([name, groupVersions]) => groupOf(groupVersions, name));
}

function resourceList(catalog: Catalog, groupVersion: string): JsonObject | undefined {
  const types = catalog.inGroupVersion(groupVersion);
  if (types.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: types.flatMap(resources) };
}

function apiPath(groupVersion: string): string {
  return groupVersion.includes('/') ? `apis/${groupVersion}` : `api/${groupVersion}`;
}

function openApiIndex(catalog: Catalog): JsonObject {
  const paths: JsonObject = {};
  for (const groupVersion of catalog.groupVersions()) {
    const path = apiPath(groupVersion);
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}` };
  }
  return { paths };
}

function openApiDocument(catalog: Catalog, groupVersion: string): JsonObject | undefined {
  const types = catalog.inGroupVersion(groupVersion);
  if (types.length === 0) return undefined;
  const paths: JsonObject = {};
  for (const type of types) {
    const path = `/${apiPath(apiVersion(type))}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.plural}/{name}`;
    const parameter = (name: string, place: string): JsonObject => ({ name, in: place, schema: { type: 'string', uniqueItems: true } });
    const patch: JsonObject = {
      operationId: `patch${type.kind}`,
      parameters: ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => parameter(name, 'query')),
      responses: { '200': { description: 'OK' } },
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group: type.group, version: type.version, kind: type.kind },
    };
    paths[path] = { patch, parameters: [parameter('name', 'path'), ...(type.namespaced ? [parameter('namespace', 'path')] : [])] };
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.36.3-sandbox' }, paths, components: { schemas: {} } };
}

/** The body for a path outside the API proper; undefined for one that nobody serves. Health is plain text. */
export function discoveryAnswer(catalog: Catalog, segments: readonly string[]): string | undefined {
  const [first, second, ...rest] = segments;
  let value: Json | undefined;
  switch (first) {
    case 'healthz':
    case 'readyz':
    case 'livez':
      return 'ok';
    case 'version':
      value = VERSION;
      break;
    case 'api':
      value =
        second === undefined ? { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] } : resourceList(catalog, second);
      break;
    case 'apis':
      if (second === undefined) value = { kind: 'APIGroupList', apiVersion: 'v1', groups: groups(catalog) };
      else if (rest.length === 0) value = oneGroup(catalog, second);
      else value = resourceList(catalog, `${second}/${rest[0] ?? ''}`);
      break;
    case 'openapi':
      if (second !== 'v3') return undefined;
      value = rest.length === 0 ? openApiIndex(catalog) : openApiDocument(catalog, rest.slice(1).join('/'));
      break;
    default:
      return undefined;
  }
  return value === undefined ? undefined : printJson(value);
}

function oneGroup(catalog: Catalog, name: string): JsonObject | undefined {
  const group = groups(catalog).find((candidate) => candidate.name === name);
  return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...group };
}
