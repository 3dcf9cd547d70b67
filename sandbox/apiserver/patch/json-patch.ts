/**
 * JSON patch (RFC 6902) with the habits of kube-apiserver's library, which clients build on: `replace`
 * of an absent member of an object adds it, `test` takes an absent member for null, and array indexes
 * may count from the end. That is why no general library is used here.
 */
import type { Json, JsonObject } from '../json.ts';
import { clone, equal, isObject, stringAt } from '../json.ts';
import { badRequest, patchFailed, tooLarge } from '../status.ts';

const MAX_OPERATIONS = 10_000;

type Container = JsonObject | Json[];

interface Spot {
  readonly container: Container;
  readonly key: string;
}

function tokens(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function isContainer(value: Json | undefined): value is Container {
  return Array.isArray(value) || isObject(value);
}

/** An existing index, or up to `limit` for insertions. Throws a 422. */
function indexOf(array: readonly Json[], key: string, limit: number): number {
  if (!/^-?\d+$/.test(key)) throw patchFailed(`value was not a proper array index: '${key}'`);
  const index = Number(key) < 0 ? Number(key) + limit : Number(key);
  if (index < 0 || index >= limit) throw patchFailed(`Unable to access invalid index: ${key} of ${array.length}`);
  return index;
}

function child(container: Container, key: string): Json | undefined {
  if (Array.isArray(container)) return container[indexOf(container, key, container.length)];
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

function locate(root: JsonObject, path: string, operation: string): Spot {
  const keys = tokens(path);
  const key = keys.pop();
  let container: Container | undefined = key === undefined ? undefined : root;
  for (const token of keys) {
    if (container === undefined) break;
    let next: Json | undefined;
    try {
      next = child(container, token);
    } catch {
      next = undefined;
    }
    container = isContainer(next) ? next : undefined;
  }
  if (container === undefined || key === undefined)
    throw patchFailed(`${operation} operation does not apply: doc is missing path: "${path}"`);
  return { container, key };
}

function put({ container, key }: Spot, value: Json): void {
  if (!Array.isArray(container)) setMember(container, key, value);
  else if (key === '-') container.push(value);
  else container.splice(indexOf(container, key, container.length + 1), 0, value);
}

function setMember(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') throw patchFailed('__proto__ is not a field');
  object[key] = value;
}

function take({ container, key }: Spot): Json {
  if (Array.isArray(container)) return container.splice(indexOf(container, key, container.length), 1)[0] as Json;
  const value = child(container, key);
  if (value === undefined) throw patchFailed(`Unable to remove nonexistent key: ${key}`);
  delete container[key];
  return value;
}

function apply(root: JsonObject, operation: JsonObject): void {
  const op = stringAt(operation, 'op') ?? '';
  const path = stringAt(operation, 'path');
  if (path === undefined) throw patchFailed(`${op} operation failed to decode path`);
  const value = operation.value ?? null;
  switch (op) {
    case 'add':
      return put(locate(root, path, op), clone(value));
    case 'remove':
      take(locate(root, path, op));
      return;
    case 'replace': {
      const spot = locate(root, path, op);
      if (Array.isArray(spot.container)) spot.container[indexOf(spot.container, spot.key, spot.container.length)] = clone(value);
      else setMember(spot.container, spot.key, clone(value));
      return;
    }
    case 'move':
    case 'copy': {
      const from = locate(root, stringAt(operation, 'from') ?? '', op);
      const moved = op === 'move' ? take(from) : clone(child(from.container, from.key) ?? null);
      return put(locate(root, path, op), moved);
    }
    case 'test': {
      const found = path === '' ? root : child(...pair(locate(root, path, op)));
      if (!equal(found ?? null, value)) throw patchFailed(`testing value ${path} failed`);
      return;
    }
    default:
      throw patchFailed(`Unexpected kind: ${op}`);
  }
}

function pair({ container, key }: Spot): [Container, string] {
  return [container, key];
}

/** Applies all operations to `document` in place. Throws a 400 for what is no patch, a 422 for one that does not apply. */
export function applyJsonPatch(document: JsonObject, patch: Json | undefined): JsonObject {
  if (!Array.isArray(patch) || !patch.every(isObject)) throw badRequest('error decoding patch: expected a list of operations');
  if (patch.length > MAX_OPERATIONS) throw tooLarge(MAX_OPERATIONS);
  for (const operation of patch) apply(document, operation);
  return document;
}
