/**
 * Strategic merge patch for built-in kinds: lists of objects merge by a key, some lists of strings merge
 * as sets, `$patch` and `$deleteFromPrimitiveList` direct it, `$setElementOrder` orders the outcome.
 * Which list merges how is a property of the field in the Kubernetes API; the tables below hold the
 * fields of the kinds served here, and a list that is not named is replaced.
 */
import type { Json, JsonObject } from '../json.ts';
import { clone, isObject } from '../json.ts';
import { badRequest } from '../status.ts';

/** Merge key by the path of the list, list indexes left out. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  'metadata.ownerReferences': 'uid',
  'spec.volumes': 'name',
  'spec.containers': 'name',
  'spec.initContainers': 'name',
  'spec.ephemeralContainers': 'name',
  'spec.containers.env': 'name',
  'spec.initContainers.env': 'name',
  'spec.containers.ports': 'containerPort',
  'spec.initContainers.ports': 'containerPort',
  'spec.containers.volumeMounts': 'mountPath',
  'spec.initContainers.volumeMounts': 'mountPath',
  'spec.containers.volumeDevices': 'devicePath',
  'spec.initContainers.volumeDevices': 'devicePath',
  'spec.imagePullSecrets': 'name',
  'spec.hostAliases': 'ip',
  'spec.topologySpreadConstraints': 'topologyKey',
  'spec.ports': 'port',
  'spec.drivers': 'name',
  'status.conditions': 'type',
  'status.addresses': 'type',
  'status.podIPs': 'ip',
  secrets: 'name',
};

/** Lists of strings that merge as sets. */
const SETS = new Set(['metadata.finalizers', 'spec.podCIDRs']);

const ORDER = '$setElementOrder/';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/';
const RETAIN = '$retainKeys';

export function strategicMerge(target: JsonObject, patch: JsonObject): JsonObject {
  return mergeObject(target, patch, '');
}

function mergeObject(target: JsonObject, patch: JsonObject, path: string): JsonObject {
  if (patch.$patch === 'replace') return plain(patch);
  if (patch.$patch === 'delete') return {};
  const merged: JsonObject = { ...target };
  retainKeys(merged, patch[RETAIN]);
  for (const [key, value] of Object.entries(patch)) {
    const name = key.slice(key.indexOf('/') + 1);
    const place = path === '' ? name : `${path}.${name}`;
    if (key === '$patch' || key === RETAIN || key === '__proto__' || key.startsWith(ORDER)) continue;
    if (key.startsWith(DELETE_PRIMITIVES)) removeFromSet(merged, name, value);
    else if (value === null) delete merged[key];
    else if (Array.isArray(value)) merged[key] = mergeList(merged[key], value, place);
    else if (isObject(value)) merged[key] = mergeObject(asObject(merged[key]), value, place);
    else merged[key] = value;
    // A list that lost its last element is as good as absent.
    if (Array.isArray(merged[key]) && merged[key].length === 0 && Array.isArray(target[key]) && target[key].length > 0) delete merged[key];
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(ORDER)) continue;
    const name = key.slice(ORDER.length);
    const list = merged[name];
    const place = path === '' ? name : `${path}.${name}`;
    if (Array.isArray(list) && Array.isArray(order)) merged[name] = arrange(list, { order, server: target[name], key: MERGE_KEYS[place] });
  }
  return merged;
}

function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** A patch value as stored: without directives, at any depth. */
function plain(patch: JsonObject): JsonObject {
  const value: JsonObject = {};
  for (const [key, item] of Object.entries(patch)) {
    if (key.startsWith('$') || item === null || key === '__proto__') continue;
    value[key] = isObject(item) ? plain(item) : clone(item);
  }
  return value;
}

/** `$retainKeys` names the only members that may stay (unions, such as a volume's source). */
function retainKeys(target: JsonObject, keys: Json | undefined): void {
  if (!Array.isArray(keys)) return;
  const kept = new Set(keys);
  for (const key of Object.keys(target)) if (!kept.has(key)) delete target[key];
}

function removeFromSet(target: JsonObject, name: string, values: Json): void {
  const list = target[name];
  if (!Array.isArray(values) || !Array.isArray(list)) return;
  const left = list.filter((item) => !values.includes(item));
  if (left.length === 0) delete target[name];
  else target[name] = left;
}

function mergeList(target: Json | undefined, patch: readonly Json[], path: string): Json[] {
  const list = Array.isArray(target) ? target : [];
  const key = MERGE_KEYS[path];
  if (key !== undefined) return arrange(mergeByKey(list, patch, { key, path }), { order: patch, server: target, key });
  if (SETS.has(path)) return arrange([...list, ...patch.filter((item) => !list.includes(item))], { order: patch, server: target, key });
  return patch.map((item) => (isObject(item) ? plain(item) : clone(item)));
}

function mergeByKey(list: readonly Json[], patch: readonly Json[], by: { readonly key: string; readonly path: string }): Json[] {
  const { key, path } = by;
  const replace = patch.some((item) => isObject(item) && item.$patch === 'replace');
  let merged: Json[] = replace ? [] : [...list];
  for (const item of patch) {
    if (!isObject(item)) throw badRequest(`${path}: expected objects`);
    if (item.$patch === 'replace' && Object.keys(item).length === 1) continue;
    const id = item[key];
    if (id === undefined) throw badRequest(`map: ${path} does not contain declared merge key: ${key}`);
    const index = merged.findIndex((existing) => isObject(existing) && existing[key] === id);
    if (item.$patch === 'delete') merged = merged.filter((_existing, at) => at !== index);
    else if (index >= 0) merged[index] = mergeObject(asObject(merged[index]), item, path);
    else merged.push(mergeObject({}, item, path));
  }
  return merged;
}

/**
 * What `order` names stands in its order; the rest keeps the server's order and is let in before the
 * first named element that the server has further behind.
 */
function arrange(
  list: readonly Json[],
  by: { readonly order: readonly Json[]; readonly server: Json | undefined; readonly key: string | undefined },
): Json[] {
  const idOf = (item: Json): Json | undefined => (by.key === undefined ? item : asObject(item)[by.key]);
  const order = by.order.map(idOf);
  const server = Array.isArray(by.server) ? by.server.map(idOf) : [];
  const placeIn = (ids: readonly (Json | undefined)[]) => (a: Json, b: Json) => ids.indexOf(idOf(a)) - ids.indexOf(idOf(b));
  const named = list.filter((item) => order.includes(idOf(item))).sort(placeIn(order));
  const others = list.filter((item) => !order.includes(idOf(item))).sort(placeIn(server));
  const arranged: Json[] = [];
  for (const item of named) {
    const place = server.indexOf(idOf(item));
    while (others.length > 0 && server.indexOf(idOf(others[0] as Json)) < place) arranged.push(others.shift() as Json);
    arranged.push(item);
  }
  return [...arranged, ...others];
}
