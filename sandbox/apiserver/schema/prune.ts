/** Pruning and defaulting, the two steps before validation. Both change the value in place. */
import type { Json, JsonObject } from '../json.ts';
import { clone, isObject } from '../json.ts';
import type { Schema } from './schema-tree.ts';

/** What every object has, whatever its schema says. */
const TYPE_META = ['apiVersion', 'kind', 'metadata'];

/** Drops fields that the schema does not name; answers their paths. */
export function prune(object: JsonObject, schema: Schema): string[] {
  const unknown: string[] = [];
  pruneObject(object, { ...schema, embeddedResource: true }, { path: '', unknown });
  return unknown.sort();
}

interface Walk {
  readonly path: string;
  readonly unknown: string[];
}

function below(walk: Walk, key: string): Walk {
  return { ...walk, path: walk.path === '' ? key : `${walk.path}.${key}` };
}

function pruneValue(value: Json, schema: Schema, walk: Walk): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    value.forEach((item, index) => pruneValue(item, items, { ...walk, path: `${walk.path}[${index}]` }));
  } else if (isObject(value)) {
    pruneObject(value, schema, walk);
  }
}

function pruneObject(object: JsonObject, schema: Schema, walk: Walk): void {
  for (const key of Object.keys(object)) {
    if (schema.embeddedResource && TYPE_META.includes(key)) continue;
    const child = schema.properties.get(key) ?? schema.additional;
    if (child !== undefined) {
      pruneValue(object[key] as Json, child, below(walk, key));
    } else if (!schema.preserveUnknown) {
      delete object[key];
      walk.unknown.push(below(walk, key).path);
    }
  }
}

/** Fills in defaults of objects that are there. A null where none is allowed counts as absent. */
export function applyDefaults(value: Json, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) applyDefaults(item, schema.items);
    return;
  }
  if (!isObject(value)) return;
  for (const [name, child] of schema.properties) {
    if (value[name] === null && !child.nullable) delete value[name];
    if (value[name] === undefined && child.default !== undefined) value[name] = clone(child.default);
    if (value[name] !== undefined) applyDefaults(value[name], child);
  }
  if (schema.additional === undefined) return;
  for (const key of Object.keys(value)) if (!schema.properties.has(key)) applyDefaults(value[key] as Json, schema.additional);
}
