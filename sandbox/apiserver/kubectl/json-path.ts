/** JSONPath as additionalPrinterColumns use it: members, indexes, quoted members, wildcards, `[?(@.a=="b")]`. */
import type { Json, JsonObject } from '../json.ts';
import { isObject, printJson, stringAt } from '../json.ts';
import type { Column } from '../kinds/resource.ts';
import { ageOf } from './table.ts';

type Step = (value: Json) => Json[];

const TOKEN =
  /\.((?:\\.|[^.[\\])+)|\[(\d+|-\d+)\]|\['((?:\\'|[^'])*)'\]|\[(\*)\]|\[\?\(@\.?([^=<>!)]*?)\s*(?:(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([^)]*)))?\)\]/gy;

/** A wildcard may stand in the place of a name. */
function member(name: string): Step {
  if (name === '*') return everything;
  return (value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name] as Json] : []);
}

function everything(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function element(index: number): Step {
  return (value) => (Array.isArray(value) ? value.slice(index, index === -1 ? undefined : index + 1) : []);
}

function filter(path: string, operator: string | undefined, wanted: string): Step {
  const keys = path.split('.').filter((key) => key !== '');
  return (value) =>
    everything(value).filter((item) => {
      let found: Json | undefined = item;
      for (const key of keys) found = isObject(found) ? found[key] : undefined;
      if (operator === undefined) return found !== undefined;
      return (found !== undefined && String(found) === wanted) === (operator === '==');
    });
}

function steps(path: string): Step[] {
  const found: Step[] = [];
  for (const [, name, index, quoted, wildcard, path_, operator, double, single, bare] of path.matchAll(TOKEN)) {
    if (name !== undefined) found.push(member(name.replaceAll(/\\(.)/g, '$1')));
    else if (index !== undefined) found.push(element(Number(index)));
    else if (quoted !== undefined) found.push(member(quoted.replaceAll("\\'", "'")));
    else if (wildcard !== undefined) found.push(everything);
    else found.push(filter(path_ ?? '', operator, double ?? single ?? bare?.trim() ?? ''));
  }
  return found;
}

/** All values at a path, compiled once. */
export function compilePath(path: string): (object: JsonObject) => Json[] {
  const plan = steps(path);
  return (object) => plan.reduce<Json[]>((values, step) => values.flatMap(step), [object]);
}

/** A printer column of a CRD. Dates print as ages; whatever is absent or of another type prints as nothing. */
export function columnOf(definition: JsonObject): Column {
  const type = (stringAt(definition, 'type') ?? 'string') as Column['type'];
  const path = stringAt(definition, 'jsonPath') ?? '';
  const find = compilePath(path);
  const priority = typeof definition.priority === 'number' ? definition.priority : 0;
  return {
    name: stringAt(definition, 'name') ?? '',
    type,
    format: stringAt(definition, 'format') ?? '',
    description: stringAt(definition, 'description') ?? `Custom resource definition column (in JSONPath format): ${path}`,
    priority,
    cell: (object, nowMs) => cellOf(find(object), type, nowMs),
  };
}

function cellOf(values: readonly Json[], type: Column['type'], nowMs: number): Json {
  const [first] = values;
  if (first === undefined || first === null) return null;
  switch (type) {
    case 'integer':
      return typeof first === 'bigint' || typeof first === 'number' ? first : null;
    case 'number':
      return typeof first === 'number' ? first : null;
    case 'boolean':
      return typeof first === 'boolean' ? first : null;
    case 'date':
      return typeof first === 'string' ? ageOf(first, nowMs) : null;
    case 'string':
      return values.map((value) => (typeof value === 'string' ? value : printJson(value))).join(' ');
  }
}
